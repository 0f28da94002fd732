#include "care/archive_stream.h"

#include <zlib.h>

#include <algorithm>

#include "base/error.h"

namespace grid::care {

using tree::EntryKind;
using tree::EntryRef;

namespace {

constexpr std::size_t archive_piece_size = 1 << 20;  // bytes
constexpr std::size_t window_entries_max = 1024;
// A multiple of a zip's blocks, so that each but the last block of a file is full.
constexpr std::size_t large_part_size = 16 * ZipMember::block_size_max;
static_assert(large_part_size > dataset::FileGroup::file_size_max);
constexpr std::size_t zip_path_size_max = 65534;

std::uint32_t crc_of(std::uint32_t before, BytesView bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

ArchiveStream::ArchiveStream(std::shared_ptr<const dataset::OpenStore> store, Selection selection,
                             std::string path, std::string top, ArchiveFormat format)
    : store_(std::move(store)),
      selection_(std::move(selection)),
      manifest_(selection_.manifest()),
      path_(std::move(path)),
      top_(std::move(top)),
      format_(format),
      cursor_(selection_),
      directory_cursor_(selection_) {}

BytesView ArchiveStream::next() {
  size_ += out_.size();
  out_.clear();
  while (out_.size() < archive_piece_size && phase_ != Phase::ended) {
    if (phase_ == Phase::directory)
      write_next_of_directory();
    else if (at_ < window_.size())
      write_next_entry();
    else
      fill_window();
  }
  return out_;
}

std::string ArchiveStream::path_in_archive(std::string_view path) const {
  return (top_.empty() ? "" : top_ + "/") +
         std::string(path.substr(path_.empty() ? 0 : path_.size() + 1));
}

ArchiveStream::Member ArchiveStream::member_of(const EntryRef& entry) const {
  const std::string path = entry.path();
  Member member{{.path = path_in_archive(path),
                 .kind = entry.kind(),
                 .mtime_ns = entry.mtime_ns(),
                 .target = std::string(entry.target())},
                entry};
  if (format_ == ArchiveFormat::zip && member.written.path.size() > zip_path_size_max)
    fail(ErrorKind::unsupported, "{}: its path is too long for a zip: a tar can hold it", path);
  if (entry.kind() == EntryKind::hard_link) {
    const std::optional<EntryRef> first = manifest_->find_path(entry.target());
    if (!first || first->kind() != EntryKind::file)
      fail(ErrorKind::corrupt, "{}: is a hard link to {}, which is not a file", path,
           entry.target());
    member.content = *first;
    if (format_ == ArchiveFormat::tar && selection_.has(*first) &&
        first->ordinal() < entry.ordinal())
      member.written.target = path_in_archive(entry.target());
    else
      member.written.kind = EntryKind::file;
  }
  if (member.is_file()) member.written.target.clear();
  if (member.content.kind() == EntryKind::file) {
    member.written.size = member.content.size();
    member.written.mtime_ns = member.content.mtime_ns();
    member.written.executable = member.content.executable();
  }
  return member;
}

bool ArchiveStream::is_large(const Member& member) const {
  return member.is_file() && member.written.size > large_part_size;
}

ZipMember ArchiveStream::zip_of(const Member& member, std::uint32_t crc) const {
  return {member.written, is_large(member), crc};
}

void ArchiveStream::fill_window() {
  window_.clear();
  at_ = 0;
  dataset::FileGroup group(*store_);
  while (window_.size() < window_entries_max && group.size() < archive_piece_size) {
    std::optional<EntryRef> entry = cursor_.next();
    if (!entry) break;
    const bool is_alone = entry->kind() == EntryKind::file && !group.add(*entry);
    window_.push_back(std::move(*entry));
    if (is_alone) break;
  }
  if (window_.empty()) return end_entries();
  try {
    rest_ = group.read(window_content_);
    window_is_read_ = true;
  } catch (const Error&) {  // reading each file alone says which one is damaged
    rest_ = {};
    window_is_read_ = false;
  }
}

BytesView ArchiveStream::read(const EntryRef& file, std::uint64_t offset, std::size_t size) {
  try {
    const BytesView bytes =
        store_->files->read_file_part(*manifest_, file, offset, size, file_content_);
    if (bytes.size() != std::min<std::uint64_t>(size, file.size() - offset))
      fail(ErrorKind::corrupt, "ends early");
    return bytes;
  } catch (const Error& error) {
    throw error.within(file.path());
  }
}

void ArchiveStream::write_next_entry() {
  const EntryRef& entry = window_[at_];
  const Member member = member_of(entry);
  if (is_large(member)) return write_large_part(member);
  BytesView content;
  // As FileGroup::add() has decided when the window was filled.
  const bool is_in_group = window_is_read_ && entry.kind() == EntryKind::file &&
                           rest_.size() >= entry.size() && !entry.is_in_place() &&
                           entry.size() <= dataset::FileGroup::file_size_max;
  if (is_in_group) {
    content = rest_.first(entry.size());
    rest_ = rest_.subspan(entry.size());
  } else if (member.is_file()) {
    content = read(member.content, 0, member.written.size);
  }
  write_whole(member, content);
  ++at_;
}

void ArchiveStream::write_whole(const Member& member, BytesView content) {
  if (format_ == ArchiveFormat::tar) {
    write_text(tar_header(member.written));
    append(out_, content);
    const std::size_t over = content.size() % tar_block_size;
    if (over != 0) out_.insert(out_.end(), tar_block_size - over, std::byte{});
    return;
  }
  if (member.written.kind == EntryKind::symlink) content = as_bytes(member.written.target);
  const std::uint32_t crc = crc_of(0, content);
  if (member.is_file()) crcs_.push_back(crc);
  write_text(zip_of(member, crc).header());
  append(out_, content);
}

// A file that is written in several calls.
void ArchiveStream::write_large_part(const Member& member) {
  const std::uint64_t size = member.written.size;
  const BytesView part = read(member.content, offset_, large_part_size);
  const bool is_last = offset_ + part.size() == size;
  if (format_ == ArchiveFormat::tar) {
    if (offset_ == 0) write_text(tar_header(member.written));
    append(out_, part);
    if (is_last && size % tar_block_size != 0)
      out_.insert(out_.end(), tar_block_size - size % tar_block_size, std::byte{});
  } else {
    if (offset_ == 0) crcs_.push_back(0);
    crcs_.back() = crc_of(crcs_.back(), part);
    const ZipMember zip = zip_of(member, crcs_.back());
    if (offset_ == 0) write_text(zip.header());
    for (BytesView left = part; !left.empty();) {
      const std::size_t block = std::min<std::size_t>(left.size(), ZipMember::block_size_max);
      write_text(zip.block_header(block, is_last && block == left.size()));
      append(out_, left.first(block));
      left = left.subspan(block);
    }
    if (is_last) write_text(zip.trailer());
  }
  offset_ = is_last ? 0 : offset_ + part.size();
  if (is_last) ++at_;
}

void ArchiveStream::end_entries() {
  if (format_ == ArchiveFormat::tar) {
    out_.insert(out_.end(), 2 * tar_block_size, std::byte{});
    phase_ = Phase::ended;
  } else {
    directory_begin_ = size_ + out_.size();
    phase_ = Phase::directory;
  }
}

void ArchiveStream::write_next_of_directory() {
  const std::optional<EntryRef> entry = directory_cursor_.next();
  if (!entry) {
    write_text(zip_end(member_count_, directory_begin_, size_ + out_.size() - directory_begin_));
    phase_ = Phase::ended;
    return;
  }
  const Member member = member_of(*entry);
  std::uint32_t crc = 0;
  if (member.is_file()) crc = crcs_[crc_at_++];
  if (member.written.kind == EntryKind::symlink) crc = crc_of(0, as_bytes(member.written.target));
  const ZipMember zip = zip_of(member, crc);
  write_text(zip.directory_entry(member_begin_));
  member_begin_ += zip.whole_size();
  ++member_count_;
}

}  // namespace grid::care
