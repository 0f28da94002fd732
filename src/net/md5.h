// MD5, with which S3 servers check what they receive and name what they store. It finds damage, and
// proves nothing against intent.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "net/libcrypto.h"

namespace grid::net {

// The MD5 of bytes that come in pieces. Not thread-safe.
class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;

  void update(BytesView data);
  // In hexadecimal; empty where this machine's libcrypto does not allow MD5.
  std::string finish_hex();

 private:
  EVP_MD_CTX* context_;  // null: not allowed
};

std::string md5_hex(BytesView data);
// As Content-MD5 has it.
std::string base64_of_hex(std::string_view hex);

}  // namespace grid::net
