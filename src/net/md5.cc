#include "net/md5.h"

#include <array>

#include "base/hex.h"

namespace grid::net {

Md5::Md5() : context_(libcrypto().context_new()) {
  if (context_ == nullptr || libcrypto().digest_init(context_, libcrypto().md5(), nullptr) == 1)
    return;
  libcrypto().context_free(context_);
  context_ = nullptr;
}

Md5::~Md5() { libcrypto().context_free(context_); }

void Md5::update(BytesView data) {
  if (context_ != nullptr) libcrypto().digest_update(context_, data.data(), data.size());
}

std::string Md5::finish_hex() {
  std::array<std::byte, 16> digest;
  unsigned size = 0;
  if (context_ == nullptr ||
      libcrypto().digest_final(context_, reinterpret_cast<unsigned char*>(digest.data()), &size) !=
          1)
    return {};
  return to_hex(digest);
}

std::string md5_hex(BytesView data) {
  Md5 md5;
  md5.update(data);
  return md5.finish_hex();
}

std::string base64_of_hex(std::string_view hex) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Bytes bytes(hex.size() / 2);
  if (!from_hex(hex, bytes)) return {};
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t three = 0;
    for (std::size_t i = 0; i < 3; ++i)
      three =
          three << 8 | (at + i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
    for (std::size_t i = 0; i < 4; ++i)
      out += at + i > bytes.size() ? '=' : digits[three >> (18 - 6 * i) & 63];
  }
  return out;
}

}  // namespace grid::net
