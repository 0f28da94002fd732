// OpenSSL's libssl, loaded when a server is to speak TLS.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/shared_library.h"

namespace grid::server {

// Throws `unsupported` if OpenSSL is not installed.
struct Libssl {
  const SharedLibrary crypto{"libcrypto.so.3"};
  const SharedLibrary ssl{"libssl.so.3"};

  decltype(::TLS_server_method)* const server_method = ssl.find("TLS_server_method");
  decltype(::SSL_CTX_new)* const context_new = ssl.find("SSL_CTX_new");
  decltype(::SSL_CTX_free)* const context_free = ssl.find("SSL_CTX_free");
  decltype(::SSL_CTX_ctrl)* const context_control = ssl.find("SSL_CTX_ctrl");
  decltype(::SSL_CTX_set_options)* const context_set_options = ssl.find("SSL_CTX_set_options");
  decltype(::SSL_CTX_use_certificate_chain_file)* const use_certificate_chain_file =
      ssl.find("SSL_CTX_use_certificate_chain_file");
  decltype(::SSL_CTX_use_PrivateKey_file)* const use_key_file =
      ssl.find("SSL_CTX_use_PrivateKey_file");
  decltype(::SSL_new)* const session_new = ssl.find("SSL_new");
  decltype(::SSL_free)* const session_free = ssl.find("SSL_free");
  decltype(::SSL_set_accept_state)* const set_accept_state = ssl.find("SSL_set_accept_state");
  decltype(::SSL_set_bio)* const set_bio = ssl.find("SSL_set_bio");
  decltype(::SSL_get_rbio)* const input_of = ssl.find("SSL_get_rbio");
  decltype(::SSL_get_wbio)* const output_of = ssl.find("SSL_get_wbio");
  decltype(::SSL_do_handshake)* const do_handshake = ssl.find("SSL_do_handshake");
  decltype(::SSL_read)* const read = ssl.find("SSL_read");
  decltype(::SSL_write)* const write = ssl.find("SSL_write");
  decltype(::SSL_shutdown)* const shutdown = ssl.find("SSL_shutdown");
  decltype(::SSL_get_error)* const get_error = ssl.find("SSL_get_error");

  decltype(::BIO_new)* const bio_new = crypto.find("BIO_new");
  decltype(::BIO_s_mem)* const memory_bio = crypto.find("BIO_s_mem");
  decltype(::BIO_read)* const bio_read = crypto.find("BIO_read");
  decltype(::BIO_write)* const bio_write = crypto.find("BIO_write");
  decltype(::BIO_ctrl)* const bio_control = crypto.find("BIO_ctrl");
  decltype(::ERR_clear_error)* const clear_errors = crypto.find("ERR_clear_error");
  decltype(::ERR_get_error)* const take_error = crypto.find("ERR_get_error");
  decltype(::ERR_error_string_n)* const error_text = crypto.find("ERR_error_string_n");
};

// Thread-safe.
inline const Libssl& libssl() {
  static const Libssl loaded;
  return loaded;
}

}  // namespace grid::server
