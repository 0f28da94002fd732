// Requests over HTTP and HTTPS: many in flight at once, over connections that are kept open.
//
// One thread of the client performs all transfers (libcurl's multi interface). A caller waits for
// the whole answer, or takes the body piece by piece; the server is held back while the caller
// takes nothing. Requests with a taker, which may wait for a disk, have a thread and connections of
// their own. Nothing here reads the environment, and redirects are followed only on request.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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

// In the order they came. Names are compared case-insensitively.
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<HttpHeader> headers) : headers_(headers) {}

  // Whether a header can have this name or value: a line break would begin another header.
  static bool can_hold(std::string_view text);
  // Throws `invalid_argument` for what a header cannot hold.
  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);  // replaces all of that name
  // The first value of that name; empty if there is none.
  std::string_view get(std::string_view name) const;
  bool contains(std::string_view name) const;
  void clear() { headers_.clear(); }

  auto begin() const { return headers_.begin(); }
  auto end() const { return headers_.end(); }

 private:
  std::vector<HttpHeader> headers_;
};

// Receives the body of a 2xx answer without keeping it in memory.
struct HttpBodyTaker {
  std::uint64_t size_max = 0;  // bytes; a longer body is `too_large`
  TakePiece take;              // may wait for a disk
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  HttpHeaders headers{};
  BytesView body{};  // must stay valid until the answer has come
  // Where the body of a 2xx answer goes; it may be shorter, and a longer one is `too_large`. If
  // unset, the body comes with the response.
  std::optional<MutableBytesView> into{};
  std::optional<HttpBodyTaker> taker{};                // the same, instead of `into`
  bool follow_redirects = false;                       // from https only to https
  std::optional<std::chrono::milliseconds> timeout{};  // for the whole request; unset: none
};

struct HttpHead {
  int status = 0;
  HttpHeaders headers;
  std::string url;  // of the server that answered, after redirects
};

struct HttpResponse {
  HttpHead head;
  Bytes body;                 // at most HttpOptions::body_size_max; empty with `into` or a taker
  std::size_t into_size = 0;  // bytes given to HttpRequest::into or its taker

  int status() const { return head.status; }
  std::string_view header(std::string_view name) const { return head.headers.get(name); }
};

// Why there was no whole answer.
enum class HttpFailure {
  none,
  host_unknown,
  unreachable,   // nothing answers at that address
  timed_out,     // connecting took too long, or too few bytes moved for the stall timeout
  cut,           // the connection broke; the answer may be incomplete
  untrusted,     // the server's certificate
  too_large,     // more came than fits
  redirects,     // too many, so probably in a circle
  wrong_scheme,  // https:// to a port without TLS, or http:// to one with it
  refused,       // by the client: a bad URL, a redirect to another protocol
};

bool is_worth_a_retry(HttpFailure failure);

struct HttpResult {
  HttpFailure failure = HttpFailure::none;
  std::string detail;  // the transport's description of the failure
  HttpResponse response;

  bool is_worth_a_retry() const;
  // The delay that the server requests with Retry-After; at most an hour.
  std::optional<std::chrono::milliseconds> retry_after() const;
};

struct HttpOptions {
  // Files with authorities to trust besides the system's; PEM. Those of several are read when the
  // client is made, which throws if one cannot be.
  std::vector<std::string> ca_files;
  std::string http_proxy;   // for http:// URLs: "http://proxy:3128"; empty: none
  std::string https_proxy;  // for https:// URLs
  std::string no_proxy;     // "localhost,.example.org": reached directly
  std::string user_agent = "grid";
  // Connects to addresses of the internet at large only, wherever names, redirects and proxies
  // lead: see net/public_address.h.
  bool public_addresses_only = false;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{30'000};  // whole seconds below the rate
  // Bytes a second, either way. Transfers at the same time share it: a slow line is no stall.
  unsigned rate_min = 1024;
  RetryPolicy retries{};  // of send() and HttpStream, unless the caller has another
  unsigned connections_per_host_max = 64;      // of each of the client's threads
  std::size_t body_size_max = 64 << 20;        // bytes of a body that comes with the response
  std::size_t exchange_buffer_size = 1 << 20;  // bytes that an exchange buffers before it pauses
  std::shared_ptr<WaitWatch> watch;            // told of requests that wait; null: none
  std::shared_ptr<WaitStop> stop;              // ends all waits; null: none
};

class HttpExchange;
class TransferLoop;
struct Transfer;

// Thread-safe. Exchanges must end before their client. Its threads start with their first request,
// so the process may fork until then.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options = {});
  ~HttpClient();

  // Sends a request once and waits for the whole answer. Does not throw when the network or the
  // server fails.
  HttpResult attempt(const HttpRequest& request);

  // The same, retried as `policy` says. Returns the last answer, whatever its status; throws
  // failure_error() if the last try got no whole answer.
  HttpResponse send(const HttpRequest& request, const RetryPolicy& policy);
  HttpResponse send(const HttpRequest& request) { return send(request, options_.retries); }

  // After a failure without an answer: whether the server speaks TLS although the URL says http://,
  // or the other way round. Asks it once for each server; at most a second.
  bool finds_other_scheme(const std::string& url);

  // How far a request to a URL came that has failed so.
  Reached reached(HttpFailure failure, const std::string& url);
  // Once a server has answered, its name exists. attempt() does this itself.
  void note_answer(const std::string& url);

  // Sends a request once; the caller reads the body from the exchange.
  std::unique_ptr<HttpExchange> start(HttpRequest request);

  RetryBudget& retry_budget() { return budget_; }
  const HttpOptions& options() const { return options_; }

 private:
  bool note_origin(const std::string& url);

  const HttpOptions options_;
  RetryBudget budget_;
  std::mutex mutex_;
  std::set<std::string> known_origins_;     // guarded by mutex_; their scheme is not in doubt
  std::set<std::string> answered_origins_;  // guarded by mutex_
  const std::unique_ptr<TransferLoop> loop_;
  const std::unique_ptr<TransferLoop> taken_loop_;  // for requests with a taker
};

// One request whose body is read piece by piece. Destruction cancels the rest. Not thread-safe.
class HttpExchange {
 public:
  ~HttpExchange();

  // Waits for status and headers. If they did not come, the status is 0 and failure() says why.
  const HttpHead& head();
  // Fills the front of `out`, waiting for at least one byte; 0 at the end or after a failure.
  std::size_t read(MutableBytesView out);
  // Once the exchange has ended: `none` if the whole body came.
  HttpFailure failure() const;
  const std::string& detail() const;

 private:
  friend class HttpClient;
  HttpExchange(TransferLoop& loop, std::shared_ptr<Transfer> transfer);

  TransferLoop& loop_;
  const std::shared_ptr<Transfer> transfer_;
  Bytes piece_;  // taken from the transfer's buffer
  std::size_t piece_offset_ = 0;
};

// Parses the three forms that RFC 9110 has a reader accept: "Tue, 24 Nov 2020 01:02:03 GMT",
// "Tuesday, 24-Nov-20 01:02:03 GMT" and "Tue Nov 24 01:02:03 2020".
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view value);

// The error for a request without a whole answer; `doing` reads like "cannot read https://…".
Error failure_error(std::string_view doing, const HttpRequest& request, HttpFailure failure,
                    std::string_view detail);
// The error for an answer that the caller does not handle.
Error status_error(std::string_view doing, int status, std::string_view detail = {});
ErrorKind kind_of_status(int status);

}  // namespace grid::net
