// What libarchive reads an archive from, and the decompression before that.
//
// Decompression is a stream of its own, for two reasons. After a tar's last member that stream can
// be read to its end, where the checksums are. And the end of what the tar reader consumed can be
// checked: the reader accepts a tar without an end mark, which is what a cut transfer looks like.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include "base/byte_stream.h"
#include "source/libarchive.h"

namespace grid::source {

struct FreeArchive {
  void operator()(archive* freed) const { libarchive().read_free(freed); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;

// A stream whose first bytes can be looked at before reading, and which counts the bytes read.
class PeekedStream : public ByteStream {
 public:
  explicit PeekedStream(std::unique_ptr<ByteStream> inner) : inner_(std::move(inner)), first_(8) {
    while (first_size_ < first_.size()) {
      std::size_t got = inner_->read(MutableBytesView(first_).subspan(first_size_));
      if (got == 0) break;
      first_size_ += got;
    }
  }
  BytesView first() const { return BytesView(first_).first(first_size_); }
  std::uint64_t taken() const { return taken_; }

  std::size_t read(MutableBytesView out) override {
    std::size_t got = 0;
    if (taken_ < first_size_) {
      got = std::min<std::size_t>(out.size(), first_size_ - taken_);
      std::memcpy(out.data(), first_.data() + taken_, got);
    } else {
      got = inner_->read(out);
    }
    taken_ += got;
    return got;
  }
  std::optional<std::uint64_t> size() const override { return inner_->size(); }
  std::string name() const override { return inner_->name(); }

 private:
  const std::unique_ptr<ByteStream> inner_;
  Bytes first_;
  std::size_t first_size_ = 0;
  std::uint64_t taken_ = 0;
};

// Not thread-safe.
class ArchiveInput {
 public:
  struct Jumps {
    std::function<std::unique_ptr<ByteStream>(std::uint64_t offset)> open_at;
    std::uint64_t size;      // of the whole archive
    std::uint64_t size_min;  // of a jump forwards; fewer bytes are read instead
  };

  // Without `jumps` it is read in order to its end.
  explicit ArchiveInput(std::unique_ptr<ByteStream> stream,
                        std::optional<Jumps> jumps = std::nullopt);

  // An exception thrown while libarchive reads is kept for rethrow().
  void give_to(archive* reader);
  void rethrow();
  // rethrow(), or an Error with libarchive's words.
  [[noreturn]] void fail_damaged(archive* reader);

  // Reads the rest.
  void drain();

  // Whether the bytes given up to `end` end with a block of zeros, as a tar does. True if these are
  // no longer held.
  bool has_end_mark(std::uint64_t end) const;

  // Keeps what was given from `position` on, which is not before the last read, and what will be
  // given until stop_keeping().
  void keep_from(std::uint64_t position);
  BytesView kept() const;
  void stop_keeping() { keep_from(UINT64_MAX); }

  std::string name() const { return stream_->name(); }

 private:
  la_ssize_t read(const void** data) noexcept;
  void go_to_position();
  la_int64_t seek(la_int64_t offset, int whence) noexcept;

  std::unique_ptr<ByteStream> stream_;
  const std::optional<Jumps> jumps_;
  Bytes buffer_;
  std::size_t wanted_;                    // bytes of a read, at most; fewer after a jump
  BytesView given_;                       // by the last read
  std::uint64_t position_ = 0;            // where the next read begins
  std::uint64_t stream_at_ = 0;           // where stream_ is
  std::uint64_t keep_from_ = UINT64_MAX;  // see keep_from()
  Bytes kept_;                            // empty: all of it is in given_
  std::exception_ptr failure_;
};

// Undoes bzip2, xz and zstd. Throws `corrupt`, and what `packed` throws.
std::unique_ptr<ByteStream> decompress(std::unique_ptr<ByteStream> packed);

}  // namespace grid::source
