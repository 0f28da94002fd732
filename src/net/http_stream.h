// A file on an HTTP server as a stream of bytes that survives cut lines.
//
// Problem. A download of an hour is cut after half of it. What came has been used already, so the
// rest must be of the same bytes, or the whole must fail.
//
// Idea. Where the first answer has a strong validator (an ETag that is not W/…, or a Last-Modified
// that lies well before the answer), the rest is asked for with Range and If-Range: the server
// sends it only if nothing has changed, else everything from the start. Whenever everything comes
// again, from a server that knows no ranges or that has other bytes now, as many bytes as were
// given are read again and compared by digest: only if they are the same does the stream go on.
//
// So whoever reads to the end has read one state of the file, or an Error. One case cannot be
// seen: a server that announces no size, sends no chunks, and breaks the line.
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
  RetryPolicy retries{};  // for each stretch without progress
  HttpHeaders headers{};  // sent with each request, for instance Authorization
  // What each request needs besides, for instance a signature.
  std::function<void(HttpRequest&)> prepare{};
  bool follow_redirects = true;

  // Bytes [begin, end) of the file, end 0 for its end. With a begin or an end the server must know
  // ranges, and the file must have this strong validator, if there is one: else Error, `changed` or
  // `unsupported`.
  std::uint64_t begin = 0, end = 0;
  std::string validator{};
};

class HttpStream : public ByteStream {
 public:
  // Asks for `url` and waits for the answer's head. Throws `not_found`, `permission_denied`,
  // `unavailable` or `unsupported`, with the URL in the sentence. The client outlives the stream.
  HttpStream(HttpClient& client, std::string url, HttpStreamOptions options = {});

  // Throws `unavailable` if the rest cannot be had and `changed` if it is that of other bytes.
  std::size_t read(MutableBytesView out) override;
  // Of what is asked for.
  std::optional<std::uint64_t> size() const override { return size_; }
  std::string name() const override;

  // Of the first answer, after redirects: with ETag, Last-Modified and so on.
  const HttpHead& head() const { return first_; }

 private:
  // Why a try did not bring the stream further.
  struct Setback {
    HttpFailure failure = HttpFailure::none;
    std::string detail;
    int status = 0;  // where there was an answer
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
  std::string validator_;                   // for If-Range; empty: there is none
  std::optional<std::uint64_t> size_;       // of what is asked for
  std::optional<std::uint64_t> file_size_;  // of the whole file
  std::uint64_t given_ = 0;                 // bytes
  Digester given_digest_;
  RetryLoop retries_;
  bool ended_ = false;
};

// What If-Range may say: a strong ETag, else a Last-Modified at least a minute older than the
// answer, else nothing (RFC 9110, 8.8.2.2 and 13.1.5).
std::string strong_validator(const HttpHeaders& headers);

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::optional<std::uint64_t> size;  // of the whole file

  bool operator==(const ContentRange&) const = default;
};

// Of "bytes 5-9/10" or "bytes 5-9/*".
std::optional<ContentRange> parse_content_range(std::string_view value);

}  // namespace grid::net
