// For WebAssembly, in the place of src/base/bytes.h: what src/store/chunker.* use of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace grid {

class BytesView {
 public:
  constexpr BytesView(const std::byte* data, std::size_t size) : data_(data), size_(size) {}
  constexpr const std::byte* data() const { return data_; }
  constexpr std::byte operator[](std::size_t i) const { return data_[i]; }
  constexpr std::size_t size() const { return size_; }

 private:
  const std::byte* data_;
  std::size_t size_;
};

}  // namespace grid
