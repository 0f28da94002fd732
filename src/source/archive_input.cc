#include "source/archive_input.h"

#include <algorithm>

#include "base/error.h"

namespace grid::source {

static constexpr std::size_t buffer_size = 256 << 10;
// After a jump over a member, another jump over the next one is likely: read little.
static constexpr std::size_t after_jump_size = 16 << 10;  // bytes
static constexpr std::size_t tar_block_size = 512;
// More than the headers of a member have: libarchive refuses longer ones.
static constexpr std::size_t kept_size_max = 2 << 20;

ArchiveInput::ArchiveInput(std::unique_ptr<ByteStream> stream, std::optional<Jumps> jumps)
    : stream_(std::move(stream)),
      jumps_(std::move(jumps)),
      buffer_(buffer_size),
      wanted_(buffer_size) {}

void ArchiveInput::give_to(archive* reader) {
  libarchive().read_set_callback_data(reader, this);
  libarchive().read_set_read_callback(reader, [](archive*, void* self, const void** data) {
    return static_cast<ArchiveInput*>(self)->read(data);
  });
  if (!jumps_) return;
  libarchive().read_set_seek_callback(
      reader, [](archive*, void* self, la_int64_t offset, int whence) {
        return static_cast<ArchiveInput*>(self)->seek(offset, whence);
      });
}
void ArchiveInput::rethrow() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ArchiveInput::fail_damaged(archive* reader) {
  rethrow();
  const char* why = libarchive().error_string(reader);
  fail(ErrorKind::corrupt, "the archive is damaged or truncated: {}",
       why != nullptr ? why : "it cannot be read");
}

void ArchiveInput::drain() {
  while (stream_->read(buffer_) > 0) continue;
}

bool ArchiveInput::has_end_mark(std::uint64_t end) const {
  std::uint64_t begin = position_ - given_.size();
  if (end < tar_block_size || end > position_) return false;
  if (end < begin + tar_block_size) return true;  // given earlier: it can no longer be seen
  BytesView mark = given_.subspan(end - tar_block_size - begin, tar_block_size);
  return std::all_of(mark.begin(), mark.end(), [](std::byte b) { return b == std::byte{}; });
}

void ArchiveInput::keep_from(std::uint64_t position) {
  keep_from_ = position;
  kept_.clear();
}

BytesView ArchiveInput::kept() const {
  if (!kept_.empty()) return kept_;
  const std::uint64_t begin = position_ - given_.size();
  if (keep_from_ < begin || keep_from_ > position_) return {};
  return given_.subspan(keep_from_ - begin);
}

la_ssize_t ArchiveInput::read(const void** data) noexcept {
  try {
    if (kept_.empty()) append(kept_, kept());
    wanted_ = std::min(2 * wanted_, buffer_.size());
    if (stream_at_ != position_) go_to_position();
    std::size_t size = 0;
    while (size < wanted_) {  // as much as is wanted: see has_end_mark()
      std::size_t got = stream_->read(MutableBytesView(buffer_).subspan(size, wanted_ - size));
      if (got == 0) break;
      size += got;
    }
    given_ = BytesView(buffer_).first(size);
    position_ += size;
    if (kept_.size() > kept_size_max) stop_keeping();
    if (!kept_.empty()) append(kept_, given_);
    stream_at_ = position_;
    *data = given_.data();
    return static_cast<la_ssize_t>(size);
  } catch (...) {  // libarchive is C; rethrow() throws it again
    failure_ = std::current_exception();
    return ARCHIVE_FATAL;
  }
}

void ArchiveInput::go_to_position() {
  if (stream_at_ < position_ && position_ - stream_at_ < jumps_->size_min) {
    while (stream_at_ < position_) {
      const auto left =
          static_cast<std::size_t>(std::min<std::uint64_t>(position_ - stream_at_, buffer_.size()));
      const std::size_t got = stream_->read(MutableBytesView(buffer_).first(left));
      if (got == 0) break;  // the archive ends too early, as libarchive will see
      stream_at_ += got;
    }
    return;
  }
  stream_ = jumps_->open_at(position_);
  stream_at_ = position_;
  wanted_ = after_jump_size;
}

la_int64_t ArchiveInput::seek(la_int64_t offset, int whence) noexcept {
  auto end = static_cast<la_int64_t>(jumps_->size);
  la_int64_t base = whence == SEEK_END   ? end
                    : whence == SEEK_CUR ? static_cast<la_int64_t>(position_)
                                         : 0;
  if (offset < -base || offset > end - base) return ARCHIVE_FATAL;
  position_ = static_cast<std::uint64_t>(base + offset);
  return base + offset;
}

namespace {

class DecompressedStream : public ByteStream {
 public:
  explicit DecompressedStream(std::unique_ptr<ByteStream> packed)
      : input_(std::move(packed)), reader_(libarchive().read_new()) {
    libarchive().read_support_filter_bzip2(reader_.get());
    libarchive().read_support_filter_xz(reader_.get());
    libarchive().read_support_filter_zstd(reader_.get());
    libarchive().read_support_format_raw(reader_.get());
    input_.give_to(reader_.get());
    archive_entry* entry = nullptr;
    if (libarchive().read_open1(reader_.get()) != ARCHIVE_OK ||
        libarchive().read_next_header(reader_.get(), &entry) != ARCHIVE_OK)
      input_.fail_damaged(reader_.get());
  }

  std::size_t read(MutableBytesView out) override {
    la_ssize_t got = libarchive().read_data(reader_.get(), out.data(), out.size());
    if (got < 0) input_.fail_damaged(reader_.get());
    return static_cast<std::size_t>(got);
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  std::string name() const override { return input_.name(); }

 private:
  ArchiveInput input_;
  const Archive reader_;
};

}  // namespace

std::unique_ptr<ByteStream> decompress(std::unique_ptr<ByteStream> packed) {
  return std::make_unique<DecompressedStream>(std::move(packed));
}

}  // namespace grid::source
