// Requests over HTTP and HTTPS: many in flight at once, over connections that are kept.
//
// One thread of the client's does all transfers (libcurl's multi interface); callers wait for
// theirs, or take a body piece by piece, in which case the server is held back while nobody takes
// any. Another thread does those whose bodies go to the disk piece by piece, which may take its
// time; it has connections of its own. Nothing here reads the environment, and no redirect is
// followed unless asked for.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/take_piece.h"
#include "net/retry.h"
#include "net/wait_watch.h"

namespace grid::net {

struct HttpHeader {
  std::string name;
  std::string value;

  bool operator==(const HttpHeader&) const = default;
};

// In the order they came. Names are compared without regard to case.
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<HttpHeader> headers) : headers_(headers) {}

  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);  // in place of all of that name
  // The first of that name; empty if there is none.
  std::string_view get(std::string_view name) const;
  bool contains(std::string_view name) const;
  void clear() { headers_.clear(); }

  auto begin() const { return headers_.begin(); }
  auto end() const { return headers_.end(); }

 private:
  std::vector<HttpHeader> headers_;
};

// Where the body of a 2xx answer can go without being kept in memory.
struct HttpBodyTaker {
  std::uint64_t size_max = 0;  // bytes; it must not be longer
  TakePiece take;              // may wait for a disk
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  HttpHeaders headers{};
  BytesView body{};  // stays where it is until the answer is there
  // Where the body of a 2xx answer goes; it may be shorter and must not be longer. Without it the
  // body comes with the response.
  std::optional<MutableBytesView> into{};
  std::optional<HttpBodyTaker> taker{};                // the same, instead of `into`
  bool follow_redirects = false;                       // from https only to https
  std::optional<std::chrono::milliseconds> timeout{};  // for all of it; else none
};

struct HttpHead {
  int status = 0;
  HttpHeaders headers;
  std::string url;  // the one that answered, after redirects
};

struct HttpResponse {
  HttpHead head;
  Bytes body;                 // at most HttpOptions::body_size_max; empty if it went elsewhere
  std::size_t into_size = 0;  // how much went into HttpRequest::into or its taker

  int status() const { return head.status; }
  std::string_view header(std::string_view name) const { return head.headers.get(name); }
};

// Why there was no whole answer.
enum class HttpFailure {
  none,
  host_unknown,
  unreachable,  // nobody answers at that address
  timed_out,    // connecting took too long, or nothing came or went for the stall timeout
  cut,          // the connection broke; what came may be short
  untrusted,    // the server's certificate
  too_large,    // more came than there is room for
  refused,      // by us: a bad URL, a redirect to another protocol, too many redirects
};

bool is_worth_a_retry(HttpFailure failure);

struct HttpResult {
  HttpFailure failure = HttpFailure::none;
  std::string detail;  // what the transport says of the failure
  HttpResponse response;

  bool is_worth_a_retry() const;
  // What the server asks for with Retry-After; at most an hour.
  std::optional<std::chrono::milliseconds> retry_after() const;
};

struct HttpOptions {
  std::string ca_file;      // authorities to trust beside the system's; PEM
  std::string http_proxy;   // for http:// URLs: "http://proxy:3128"; empty: none
  std::string https_proxy;  // for https:// URLs
  std::string no_proxy;     // "localhost,.example.org": reached directly
  std::string user_agent = "grid";
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{30'000};  // whole seconds: without a byte either way
  unsigned connections_per_host_max = 64;           // of each of the client's threads
  std::size_t body_size_max = 64 << 20;             // bytes of a body that comes with the response
  std::size_t exchange_buffer_size = 1 << 20;       // bytes that an exchange holds before it pauses
  std::shared_ptr<WaitWatch> watch;  // hears of what waits for a server; null: nobody
};

class HttpExchange;
class TransferLoop;
struct Transfer;

// Thread-safe. Exchanges must end before their client. Each thread starts with its first request,
// so that a process may still fork before that.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options = {});
  ~HttpClient();

  // Sends a request once and waits for all of the answer. Does not throw for what the network or
  // the server does.
  HttpResult attempt(const HttpRequest& request);

  // The same, tried again as `policy` says. Returns the last answer, whatever its status; throws
  // as throw_failure() if there is none.
  HttpResponse send(const HttpRequest& request, const RetryPolicy& policy = {});

  // Sends a request once; the body is taken from the exchange.
  std::unique_ptr<HttpExchange> start(HttpRequest request);

  RetryBudget& retry_budget() { return budget_; }
  const HttpOptions& options() const { return options_; }

 private:
  const HttpOptions options_;
  RetryBudget budget_;
  const std::unique_ptr<TransferLoop> loop_;
  const std::unique_ptr<TransferLoop> taken_loop_;  // of requests with a taker
};

// One request whose body is taken piece by piece. Destruction cancels what has not come yet. Not
// thread-safe.
class HttpExchange {
 public:
  ~HttpExchange();

  // Waits for status and headers; failure() says why, if they did not come.
  const HttpHead& head();
  // Fills the front of `out`, waiting for at least one byte; 0 at the end or after a failure.
  std::size_t read(MutableBytesView out);
  // Of what has ended: none if the whole body came.
  HttpFailure failure() const;
  const std::string& detail() const;

 private:
  friend class HttpClient;
  HttpExchange(TransferLoop& loop, std::shared_ptr<Transfer> transfer);

  TransferLoop& loop_;
  const std::shared_ptr<Transfer> transfer_;
  Bytes piece_;  // what was taken over from the transfer
  std::size_t piece_offset_ = 0;
};

// Of "Tue, 24 Nov 2020 01:02:03 GMT".
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view value);

// The error for a request without a whole answer; `doing` reads like "cannot read https://…".
Error failure_error(std::string_view doing, const HttpRequest& request, HttpFailure failure,
                    std::string_view detail);
// The error for an answer that is none of those the caller is ready for.
Error status_error(std::string_view doing, int status, std::string_view detail = {});
ErrorKind kind_of_status(int status);

}  // namespace grid::net
