#include "create/scan_record.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/random.h"

namespace grid::create {

// The file: magic "GSCN", u32 format, root digest, u64 count, identity of the source or zeros; then
// for each entry of the tree i64 ctime, u64 inode, both zero if it must be read again. Size and
// mtime are in the manifest.
static constexpr std::uint32_t magic = 0x4e435347;  // "GSCN"
static constexpr std::uint32_t scan_record_format = 2;
static constexpr std::size_t source_at = 4 + 4 + 32 + 8;
static constexpr std::size_t header_size = source_at + 32;
static constexpr std::size_t mark_size = 16;
static constexpr std::size_t mark_buffer_size = 1 << 20;

ScanRecordWriter::ScanRecordWriter(std::filesystem::path path) : path_(std::move(path)) {
  if (path_.empty()) return;
  try_make_private_folders(path_.parent_path());
  temporary_ = path_;
  temporary_ += ".tmp-" + random_hex(8);
  try {
    fd_ = open_file(temporary_, O_RDWR | O_CREAT | O_EXCL);
  } catch (const Error&) {
    // The disk is full or read-only: the next create reads everything.
  }
  buffer_.resize(header_size);
}

ScanRecordWriter::~ScanRecordWriter() {
  if (fd_) ::unlink(temporary_.c_str());  // finish() was not reached
}

void ScanRecordWriter::flush() {
  if (!fd_) return;
  try {
    write_all(fd_.get(), buffer_, temporary_.native());
  } catch (const Error&) {
    ::unlink(temporary_.c_str());  // the disk is full: the next create reads everything
    fd_.reset();
  }
  buffer_.clear();
}

FileMark mark_of(const source::FileState& state, bool settled) {
  return settled ? FileMark{state.ctime_ns, state.inode} : FileMark{};
}

void ScanRecordWriter::add(const FileMark& mark) {
  if (!fd_) return;
  append(buffer_, mark.ctime_ns);
  append(buffer_, mark.inode);
  ++count_;
  if (buffer_.size() >= mark_buffer_size) flush();
}

void ScanRecordWriter::finish(const Digest& root, const std::optional<Digest>& source) {
  flush();
  if (!fd_) return;
  Bytes header;
  append(header, magic);
  append(header, scan_record_format);
  append(header, BytesView(root.bytes));
  append(header, count_);
  append(header, BytesView(source.value_or(Digest()).bytes));
  bool written = false;
  try {
    write_at(fd_.get(), header, 0, temporary_.native());
    written = ::rename(temporary_.c_str(), path_.c_str()) == 0;
  } catch (const Error&) {  // as in flush()
  }
  if (!written) ::unlink(temporary_.c_str());
  fd_.reset();
}

UnchangedFiles::UnchangedFiles(MappedFile file, std::shared_ptr<const tree::Manifest> manifest,
                               source::SourceOrder order)
    : file_(std::move(file)),
      manifest_(manifest),
      order_(order),
      cursor_(manifest, {0, manifest->totals().entries}),
      current_(cursor_.next()) {}

std::optional<UnchangedFiles> UnchangedFiles::find(const std::filesystem::path& path,
                                                   std::shared_ptr<const tree::Manifest> manifest,
                                                   source::SourceOrder order) {
  if (path.empty()) return std::nullopt;
  std::optional<MappedFile> file = MappedFile::find(path);
  if (!file) return std::nullopt;
  BytesView bytes = file->bytes();
  if (bytes.size() < header_size || load<std::uint32_t>(bytes.data()) != magic ||
      load<std::uint32_t>(bytes.data() + 4) != scan_record_format ||
      std::memcmp(bytes.data() + 8, manifest->root_digest().bytes.data(), sizeof(Digest)) != 0)
    return std::nullopt;
  auto count = load<std::uint64_t>(bytes.data() + 40);
  if (count != manifest->totals().entries || bytes.size() != header_size + count * mark_size)
    return std::nullopt;
  return UnchangedFiles(std::move(*file), std::move(manifest), order);
}

bool UnchangedFiles::are_all_of(const Digest& source) const {
  return std::memcmp(file_.bytes().data() + source_at, source.bytes.data(), sizeof(Digest)) == 0;
}

void UnchangedFiles::go_to(const tree::Entry& entry) {
  if (order_ == source::SourceOrder::any) {
    current_ = manifest_->find(entry.folder, entry.name);
    return;
  }
  while (current_ &&
         tree::compare_keys(current_->folder(), current_->name(), entry.folder, entry.name) < 0)
    current_ = cursor_.next();
}

std::optional<tree::Content> UnchangedFiles::find(const source::SourceEntry& file) {
  const tree::Entry& entry = file.entry;
  go_to(entry);
  if (!current_ || current_->folder() != entry.folder || current_->name() != entry.name ||
      current_->kind() != tree::EntryKind::file || current_->size() != file.state.size ||
      current_->mtime_ns() != file.state.mtime_ns)
    return std::nullopt;
  const std::byte* mark = file_.bytes().data() + header_size + current_->ordinal() * mark_size;
  if (load<std::int64_t>(mark) != file.state.ctime_ns ||
      load<std::uint64_t>(mark + 8) != file.state.inode || file.state.inode == 0)
    return std::nullopt;
  return current_->content();
}

}  // namespace grid::create
