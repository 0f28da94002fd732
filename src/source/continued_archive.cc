#include "source/continued_archive.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"

namespace grid::source {

// The distance of points: what must be read again for lack of a nearer one is at most this share of
// what precedes it, or this many bytes if that is more.
static constexpr std::uint64_t point_share = 256, point_distance_min = 1 << 20;

static std::filesystem::path journal_of(const std::filesystem::path& folder,
                                        const std::string& name, const FileState& state) {
  Bytes which;
  append(which, state.size);
  append(which, state.mtime_ns);
  append(which, state.ctime_ns);
  append(which, state.inode);
  append(which, as_bytes(name));
  return folder / ("members-" + digest_of(which).short_hex());
}

ContinuedArchive::ContinuedArchive(ArchiveBytes bytes, const std::filesystem::path& journals)
    : bytes_(std::move(bytes)), size_(bytes_.stream->size()) {
  if (!journals.empty() && bytes_.state && bytes_.open_at && size_) {
    const std::filesystem::path path = journal_of(journals, bytes_.stream->name(), *bytes_.state);
    // A server would go on sending while the journal is read.
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) bytes_.stream.reset();
    journal_.emplace(path);
  }
  if (!noted()) begin_reader();
}

// Begins at the last known point before the next member, or at the beginning.
void ContinuedArchive::begin_reader() {
  std::optional<MemberJournal::Point> point;
  if (journal_) point = journal_->find_point(members_);
  if (point) {
    point_at_ = point->at.packed();
    reader_ = std::make_unique<ArchiveReader>(bytes_, *size_, point->at);
  } else {
    if (!bytes_.stream) bytes_.stream = bytes_.open_at(0);
    reader_ = std::make_unique<ArchiveReader>(std::move(bytes_));
  }
  for (std::uint64_t passed = point ? point->members : 0; passed < members_; ++passed)
    if (!reader_->next())
      fail(ErrorKind::changed, "the archive has fewer members than it had; try again");
}

void ContinuedArchive::note(const ArchiveMember& member) {
  if (!journal_ || !reader_->has_points() || members_ < journal_->count()) return;
  const std::optional<ArchivePoint> point = reader_->point();
  if (point &&
      point->packed() >= point_at_ + std::max(point_distance_min, point->packed() / point_share)) {
    journal_->add(MemberJournal::Point{members_, *point});
    point_at_ = point->packed();
  }
  journal_->add(member);
}

std::optional<ArchiveMember> ContinuedArchive::next() {
  std::optional<ArchiveMember> member;
  if (!reader_ && noted()) {
    member = journal_->next();
  } else {
    if (!reader_) begin_reader();
    member = reader_->next();
    if (member) note(*member);
  }
  if (member) ++members_;
  return member;
}

std::size_t ContinuedArchive::read(MutableBytesView out) {
  if (!reader_) {
    --members_;
    begin_reader();
    reader_->next();
    ++members_;
  }
  return reader_->read(out);
}

std::uint64_t ContinuedArchive::archive_size() const {
  return size_ ? *size_ : reader_->archive_size();
}

}  // namespace grid::source
