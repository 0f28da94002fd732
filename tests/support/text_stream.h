// A text as a stream.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "base/byte_stream.h"

namespace grid::testing {

// Gives at most `piece_size_max` bytes at once, and counts them in `*given` unless it is null.
class TextStream : public ByteStream {
 public:
  explicit TextStream(std::string_view text, std::size_t piece_size_max = -1,
                      std::uint64_t* given = nullptr)
      : rest_(text), size_(text.size()), piece_size_max_(piece_size_max), given_(given) {}

  std::size_t read(MutableBytesView out) override {
    const std::size_t size = std::min({out.size(), rest_.size(), piece_size_max_});
    std::memcpy(out.data(), rest_.data(), size);
    rest_.remove_prefix(size);
    if (given_ != nullptr) *given_ += size;
    return size;
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  std::string name() const override { return "text"; }

 private:
  std::string_view rest_;
  const std::uint64_t size_;
  const std::size_t piece_size_max_;
  std::uint64_t* const given_;
};

inline std::string read_all(ByteStream& stream, std::size_t size_max = -1) {
  std::string all;
  Bytes piece(10'000);
  while (all.size() < size_max) {
    const std::size_t wanted = std::min(piece.size(), size_max - all.size());
    const std::size_t got = stream.read(MutableBytesView(piece).first(wanted));
    if (got == 0) break;
    all += as_text(BytesView(piece).first(got));
  }
  return all;
}

}  // namespace grid::testing
