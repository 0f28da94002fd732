// OpenSSL's libcrypto, loaded when the first request is signed: it is large, and its initialisation
// sets up far more than a digest.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/shared_library.h"

namespace grid::net {

// Throws `unsupported` if libcrypto is not installed.
struct Libcrypto {
  const SharedLibrary library{"libcrypto.so.3"};

  decltype(::EVP_Digest)* const digest = library.find("EVP_Digest");
  decltype(::EVP_sha256)* const sha256 = library.find("EVP_sha256");
  decltype(::HMAC)* const hmac = library.find("HMAC");
};

// Thread-safe.
inline const Libcrypto& libcrypto() {
  static const Libcrypto loaded;
  return loaded;
}

}  // namespace grid::net
