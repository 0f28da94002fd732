// Reads integers and texts one after the other, never beyond the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"

namespace grid {

class WireReader {
 public:
  // `what` is the noun of the error messages.
  WireReader(BytesView bytes, std::string_view what) : rest_(bytes), what_(what) {}

  template <class T>
  T integer() {
    return load<T>(take(sizeof(T)).data());
  }
  Digest digest() {
    Digest digest;
    std::memcpy(digest.bytes.data(), take(sizeof(Digest)).data(), sizeof(Digest));
    return digest;
  }
  std::string text(std::size_t size) { return std::string(as_text(take(size))); }

  bool ended() const { return rest_.empty(); }
  BytesView rest() const { return rest_; }

  // Throws `corrupt` unless everything was read.
  void finish() const {
    if (!rest_.empty()) fail(ErrorKind::corrupt, "{}: {} bytes too long", what_, rest_.size());
  }

 private:
  BytesView take(std::size_t size) {
    if (size > rest_.size()) fail(ErrorKind::corrupt, "{}: is cut off", what_);
    BytesView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  BytesView rest_;
  std::string_view what_;
};

}  // namespace grid
