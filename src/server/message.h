// Requests and answers as the server's functions see them: no sockets, so that tests call them.
#pragma once

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
#include "net/http.h"
#include "service/json.h"

namespace grid::server {

using net::HttpHeaders;

// Where a request comes from.
struct Peer {
  std::string address;  // "127.0.0.1", "2001:db8::1"
  bool secure = false;  // the client speaks TLS, to this server or to the proxy before it
};

struct Request {
  std::string method;  // as sent: "GET"
  std::string target;  // as sent: "/a%20b?x=1"
  HttpHeaders headers{};
  std::string body{};
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
  // The next bytes, valid until the next call; empty at the end. Throws Error if there are no
  // more: the connection is then cut, so that no client takes a part for the whole.
  virtual BytesView next() = 0;
};

struct Response {
  int status = 200;
  HttpHeaders headers{};
  std::string body{};
  // Instead of `body`. If it is set and `size` is not, the body ends when the source does.
  std::unique_ptr<BodySource> source{};
  std::optional<std::uint64_t> size{};  // bytes of `source`; also of a body that HEAD leaves out
};

// Answers requests. Thread-safe.
class Handler {
 public:
  virtual ~Handler() = default;
  // Called with the head of a request that has a body: an answer that makes the body not worth
  // reading, such as 401; empty to go on.
  virtual std::optional<Response> refuse(const Request& head) = 0;
  // Does not throw Error.
  virtual Response answer(const Request& request) = 0;
};

// The HTTP status for a failure of this kind.
int status_of(ErrorKind kind);

// {"error": {…}} as `-o json` prints it.
Response error_response(ErrorKind kind, std::string_view sentence);
Response error_response(int status, ErrorKind kind, std::string_view sentence);

// The document that `write` writes.
Response json_response(const std::function<void(service::JsonWriter&)>& write);

// The components of an encoded path, decoded once each: "/a/b%20c" gives "a" and "b c". A '/' at
// the end is ignored. Throws `invalid_argument` for a component that is empty, "." or "..", that
// has '/' or NUL in it, and for a '%' without two hexadecimal digits.
std::vector<std::string> path_components(std::string_view path);

}  // namespace grid::server
