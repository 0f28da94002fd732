// What libarchive reads an archive from, and the undoing of what is outside it: the compression.
//
// Compression is undone in a stream of its own, for two reasons: behind a tar's last member that
// stream can be read to its end, where the checksums stand; and the end of what the tar reader
// consumed can be looked at, since it takes an end without an end mark for the end, which is how a
// cut transfer looks.
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

// A stream whose first bytes can be looked at, and which counts what was taken.
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
    std::uint64_t size;      // of all that there is
    std::uint64_t size_min;  // of a jump forwards; fewer bytes are read
  };

  // Without `jumps` it is read to its end as it comes.
  explicit ArchiveInput(std::unique_ptr<ByteStream> stream,
                        std::optional<Jumps> jumps = std::nullopt);

  // What is thrown while libarchive reads comes out of rethrow().
  void give_to(archive* reader);
  void rethrow();
  // rethrow(), or an Error with libarchive's words.
  [[noreturn]] void fail_damaged(archive* reader);

  // Reads the rest.
  void drain();

  // Whether what was given up to `end` ends with a block of zeros, as a tar does.
  bool has_end_mark(std::uint64_t end) const;

  std::string name() const { return stream_->name(); }

 private:
  la_ssize_t read(const void** data) noexcept;
  void go_to_position();
  la_int64_t seek(la_int64_t offset, int whence) noexcept;

  std::unique_ptr<ByteStream> stream_;
  const std::optional<Jumps> jumps_;
  Bytes buffer_;
  std::size_t wanted_;           // bytes of the next read, at most; fewer behind a jump
  BytesView given_;              // last
  std::uint64_t position_ = 0;   // of what is given next
  std::uint64_t stream_at_ = 0;  // of what stream_ gives next
  std::exception_ptr failure_;
};

// Undoes bzip2, xz and zstd. Throws `corrupt`, and what `packed` throws.
std::unique_ptr<ByteStream> decompress(std::unique_ptr<ByteStream> packed);

}  // namespace grid::source
