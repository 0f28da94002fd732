// A file on an HTTP server as a stream of bytes that survives broken connections.
//
// Problem. A download of an hour breaks off half way. The first half has been used already, so the
// rest must belong to the same bytes, or the whole must fail.
//
// Idea. If the first answer has a strong validator (an ETag that is not W/…, or a Last-Modified
// well before the answer), the stream requests the rest with Range and If-Range: the server sends
// only the rest if nothing has changed, else everything from the start. When everything comes
// again, because the server does not support ranges or has other bytes now, the stream reads as
// many bytes again as it has given and compares digests; it continues only if they are equal.
//
// So a caller that reads to the end has read one state of the file, or gets an Error. One case goes
// unnoticed: a server that announces no size, does not use chunked encoding, and cuts the
// connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/byte_stream.h"
#include "base/digest.h"
#include "net/http.h"

namespace grid::net {

struct HttpStreamOptions {
  // Tries are counted anew after progress. Unset: the client's.
  std::optional<RetryPolicy> retries{};
  HttpHeaders headers{};  // sent with each request, such as Authorization
  // Called before each request is sent, for instance to sign it.
  std::function<void(HttpRequest&)> prepare{};
  bool follow_redirects = true;

  // Bytes [begin, end) of the file; end 0 means the file's end. If either is set, the server must
  // support ranges and the file must have `validator`, unless that is empty; else the stream throws
  // `changed` or `unsupported`.
  std::uint64_t begin = 0, end = 0;
  std::string validator{};
};

class HttpStream : public ByteStream {
 public:
  // Requests `url` and waits for the head of the answer. Throws `not_found`, `permission_denied`,
  // `unavailable` or `unsupported`; the message contains the URL. The client must outlive the
  // stream.
  HttpStream(HttpClient& client, std::string url, HttpStreamOptions options = {});

  // Throws `unavailable` if the rest cannot be read and `changed` if the file's bytes have changed.
  std::size_t read(MutableBytesView out) override;
  // The size of the requested range.
  std::optional<std::uint64_t> size() const override { return size_; }
  std::string name() const override;

  // The head of the first answer, after redirects, with ETag, Last-Modified and so on.
  const HttpHead& head() const { return first_; }

 private:
  // Why a try made no progress.
  struct Setback {
    HttpFailure failure = HttpFailure::none;
    std::string detail;
    int status = 0;  // 0 if there was no answer
    std::optional<std::chrono::milliseconds> server_asks;
  };

  void ask_until_it_goes_on(std::optional<Setback> setback);
  std::optional<Setback> ask();
  bool is_part() const { return options_.begin > 0 || options_.end > 0; }
  std::optional<Setback> accept(const HttpHead& head);
  void accept_first(const HttpHead& head);
  void accept_part(const HttpHead& head);
  void check_rest(const HttpHead& head) const;
  std::optional<Setback> skip_what_was_given(const HttpHead& head);
  Setback setback_of_line() const;
  [[noreturn]] void give_up(const Setback& setback) const;
  [[noreturn]] void fail_as_changed(std::string_view how) const;

  HttpClient& client_;
  const std::string url_;
  const HttpStreamOptions options_;
  std::unique_ptr<HttpExchange> exchange_;
  HttpRequest request_;  // the one that the exchange answers
  HttpHead first_;
  std::string validator_;                   // for If-Range; may be empty
  std::optional<std::uint64_t> size_;       // of the requested range
  std::optional<std::uint64_t> file_size_;  // of the whole file
  std::uint64_t given_ = 0;                 // bytes
  Digester given_digest_;
  RetryLoop retries_;
  bool ended_ = false;
};

// The value to send as If-Range: a strong ETag, else a Last-Modified at least a minute older than
// the answer, else empty (RFC 9110, 8.8.2.2 and 13.1.5).
std::string strong_validator(const HttpHeaders& headers);

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::optional<std::uint64_t> size;  // of the whole file

  bool operator==(const ContentRange&) const = default;
};

// Parses "bytes 5-9/10" or "bytes 5-9/*".
std::optional<ContentRange> parse_content_range(std::string_view value);

}  // namespace grid::net
