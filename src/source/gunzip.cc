#include "source/gunzip.h"

#include <zlib.h>

#include "base/error.h"

namespace grid::source {

namespace {

constexpr std::size_t buffer_size = 256 << 10;
constexpr int gzip_only = 15 + 16;  // what zlib calls its window bits

class GunzipStream : public ByteStream {
 public:
  explicit GunzipStream(std::unique_ptr<ByteStream> packed)
      : packed_(std::move(packed)), buffer_(buffer_size) {
    if (::inflateInit2(&zlib_, gzip_only) != Z_OK) fail(ErrorKind::no_space, "zlib has no memory");
  }
  ~GunzipStream() override { ::inflateEnd(&zlib_); }

  std::size_t read(MutableBytesView out) override {
    zlib_.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib_.avail_out = static_cast<uInt>(out.size());
    while (zlib_.avail_out == out.size() && !ended_) step();
    return out.size() - zlib_.avail_out;
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  std::string name() const override { return packed_->name(); }

 private:
  void step() {
    if (zlib_.avail_in == 0) {
      std::size_t got = packed_->read(buffer_);
      ended_ = got == 0 && between_members_;
      if (ended_) return;
      if (got == 0) refuse("it ends too early");
      zlib_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
      zlib_.avail_in = static_cast<uInt>(got);
    }
    if (between_members_) {
      ended_ = *zlib_.next_in != 0x1f;  // what pads a file on a tape is ignored, as gzip does
      if (ended_) return;
      ::inflateReset(&zlib_);
      between_members_ = false;
    }
    int status = ::inflate(&zlib_, Z_NO_FLUSH);
    between_members_ = status == Z_STREAM_END;
    if (status != Z_OK && status != Z_BUF_ERROR && status != Z_STREAM_END)
      refuse(zlib_.msg != nullptr ? zlib_.msg : "it is no gzip");
  }

  [[noreturn]] void refuse(std::string_view why) {
    fail(ErrorKind::corrupt, "the archive is damaged or truncated: gzip: {}", why);
  }

  const std::unique_ptr<ByteStream> packed_;
  Bytes buffer_;
  z_stream zlib_{};
  bool between_members_ = false, ended_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> gunzip(std::unique_ptr<ByteStream> packed) {
  return std::make_unique<GunzipStream>(std::move(packed));
}

}  // namespace grid::source
