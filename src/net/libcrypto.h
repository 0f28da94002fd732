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
  decltype(::EVP_md5)* const md5 = library.find("EVP_md5");
  decltype(::EVP_MD_CTX_new)* const context_new = library.find("EVP_MD_CTX_new");
  decltype(::EVP_MD_CTX_free)* const context_free = library.find("EVP_MD_CTX_free");
  decltype(::EVP_DigestInit_ex)* const digest_init = library.find("EVP_DigestInit_ex");
  decltype(::EVP_DigestUpdate)* const digest_update = library.find("EVP_DigestUpdate");
  decltype(::EVP_DigestFinal_ex)* const digest_final = library.find("EVP_DigestFinal_ex");
};

// Thread-safe.
inline const Libcrypto& libcrypto() {
  static const Libcrypto loaded;
  return loaded;
}

}  // namespace grid::net
