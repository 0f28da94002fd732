// TLS without sockets: bytes of the wire in and out, plain bytes out and in.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>

#include "base/bytes.h"

struct ssl_st;
struct ssl_ctx_st;

namespace grid::server {

// One connection of a client. Used by one thread at a time.
class TlsSession {
 public:
  enum class State { done, wants_bytes, ended };
  struct Read {
    State state = State::done;
    std::size_t size = 0;  // bytes of plain text, if `done`
  };

  explicit TlsSession(std::shared_ptr<ssl_ctx_st> context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // What the client sent.
  void receive(BytesView bytes);
  // Appends to `out` what is to be sent to the client.
  void take(Bytes& out);

  State shake_hands();
  Read read(MutableBytesView out);
  // False if the connection is of no use any more.
  bool write(BytesView plain);
  // Tells the client that nothing follows.
  void say_end();

 private:
  State state_after(int result);

  const std::shared_ptr<ssl_ctx_st> context_;
  ssl_st* session_ = nullptr;
};

// A certificate and its key. When their files change, as they do when a certificate is renewed, new
// connections get the new ones. Thread-safe.
class TlsIdentity {
 public:
  // Files in PEM form; the certificate's has its chain behind it. Throws `not_found`,
  // `permission_denied`, or `invalid_argument` if they hold no certificate, no key, or are not of
  // each other.
  TlsIdentity(std::filesystem::path certificate, std::filesystem::path key);

  std::unique_ptr<TlsSession> accept();

 private:
  struct Stamp {  // of the two files
    std::filesystem::file_time_type certificate, key;
    bool operator==(const Stamp&) const = default;
  };
  Stamp stamp() const;
  std::shared_ptr<ssl_ctx_st> load() const;
  std::shared_ptr<ssl_ctx_st> current();

  const std::filesystem::path certificate_, key_;
  std::mutex mutex_;
  std::shared_ptr<ssl_ctx_st> context_;  // guarded by mutex_, like what follows
  Stamp stamp_;
  std::chrono::steady_clock::time_point looked_at_{};
};

}  // namespace grid::server
