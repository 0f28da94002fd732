// Requests and answers as the server's functions see them: no sockets, so that tests call them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"
#include "net/http.h"
#include "service/json.h"

namespace grid::server {

using net::HttpHeaders;

class BodyFile;

// A request's body up to this size is in the memory.
inline constexpr std::size_t body_memory_max = 1 << 20;  // bytes

// Where a request comes from.
struct Peer {
  std::string address;       // of the client: "127.0.0.1", "2001:db8::1"
  bool secure = false;       // the client speaks TLS, to this server or to the proxy before it
  std::string proxy{};       // the address of the proxy that passed the request on; empty: none
  bool is_own_user = false;  // the user whose server it is, over a socket of this machine
};

struct Request {
  std::string method;  // as sent: "GET"
  std::string target;  // as sent: "/a%20b?x=1"
  HttpHeaders headers{};
  std::string body{};
  std::shared_ptr<BodyFile> body_file{};  // instead of `body`, if that is large
  Peer peer{};

  // The target up to the '?', and what follows it; neither is decoded.
  std::string_view path() const;
  std::string_view query_text() const;
  // The decoded value of a parameter of the query; empty if it is not there.
  std::optional<std::string> query(std::string_view name) const;
};

// Gives a body piece by piece. Used by one thread at a time.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // How long to wait before there may be something to give; then this is asked again. Zero: next()
  // can be called.
  virtual std::chrono::milliseconds pause() { return std::chrono::milliseconds(0); }
  // The next bytes, valid until the next call; empty at the end. A source that reads a file gives
  // no more than `size_max` and keeps no more in memory; one that makes its bytes may have to, and
  // one whose bytes are in memory for others too.
  // Throws Error if there are no more: the connection is then cut, so that no client takes a part
  // for the whole.
  virtual BytesView next(std::size_t size_max) = 0;
  // Whether next() would give bytes that are in memory: it then waits for nothing.
  virtual bool is_quick() { return false; }
};

struct Response {
  int status = 200;
  HttpHeaders headers{};
  std::shared_ptr<const std::string> shared_head{};  // further headers, as lines
  std::string body{};
  std::shared_ptr<const Bytes> shared_body{};  // instead of `body`: others use it too
  // Instead of both. If it is set and `size` is not, the body ends when the source does.
  std::unique_ptr<BodySource> source{};
  std::optional<std::uint64_t> size{};  // bytes of `source`; also of a body that HEAD leaves out

  BytesView body_bytes() const { return shared_body ? BytesView(*shared_body) : as_bytes(body); }
};

// As they are sent.
std::string header_lines(const HttpHeaders& headers);
std::string_view date_line();  // the header Date; made once a second

// What becomes of a request that has a body.
struct Admission {
  // An answer that makes the body not worth reading, such as 401.
  std::optional<Response> refusal{};
  std::uint64_t body_size_max = body_memory_max;  // bytes; a longer one is refused
  // Where the body goes, behind what is there; null: wherever there is room.
  std::shared_ptr<BodyFile> body_file{};
};

// Answers requests. Thread-safe. Its functions throw no Error.
class Handler {
 public:
  virtual ~Handler() = default;
  // Called with the head of a request that has a body.
  virtual Admission admit(const Request& head) = 0;
  // May wait: for a disk, or another server.
  virtual Response answer(const Request& request) = 0;
  // The same answer if it takes microseconds, as what it needs is in memory; else empty.
  virtual std::optional<Response> find_quick_answer(const Request&) { return std::nullopt; }
};

// The HTTP status for a failure of this kind.
int status_of(ErrorKind kind);

// {"error": {…}} as `-o json` prints it.
Response error_response(ErrorKind kind, std::string_view sentence);
Response error_response(int status, ErrorKind kind, std::string_view sentence);
Response too_large(std::uint64_t size_max);  // 413: a body of more bytes
Response too_many(unsigned requests_max);    // 429: more requests at once

// The document that `write` writes.
Response json_response(const std::function<void(service::JsonWriter&)>& write);

// The values of a name in a form, decoded: of "path" in "path=a+b&path=c" they are "a b" and "c".
std::vector<std::string> form_values(std::string_view form, std::string_view name);

// What `read` reads of the JSON object that is the body. Throws `invalid_argument` if it is none,
// or not what `read` expects.
template <class Read>
auto read_body(std::string_view body, const Read& read, const JsonLimits& limits = {}) {
  try {
    return read(JsonObject(body, "the body", limits));
  } catch (const Error& error) {  // of a request this is no damage
    if (error.kind() != ErrorKind::corrupt) throw;
    throw Error(ErrorKind::invalid_argument, error.what());
  }
}

// The components of an encoded path, decoded once each: "/a/b%20c" gives "a" and "b c". A '/' at
// the end is ignored. Throws `invalid_argument` for a component that is empty, "." or "..", that
// has '/' or NUL in it, and for a '%' without two hexadecimal digits.
std::vector<std::string> path_components(std::string_view path);

}  // namespace grid::server
