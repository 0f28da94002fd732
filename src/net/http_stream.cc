#include "net/http_stream.h"

#include <algorithm>

#include "base/text.h"
#include "net/url.h"

namespace grid::net {

std::optional<ContentRange> parse_content_range(std::string_view value) {
  if (!value.starts_with("bytes ")) return std::nullopt;
  value.remove_prefix(6);
  const std::size_t dash = value.find('-'), slash = value.find('/');
  if (dash == value.npos || slash == value.npos || dash > slash) return std::nullopt;
  const auto first = parse_number<std::uint64_t>(value.substr(0, dash));
  const auto last = parse_number<std::uint64_t>(value.substr(dash + 1, slash - dash - 1));
  const auto size = parse_number<std::uint64_t>(value.substr(slash + 1));
  if (!first || !last || *first > *last || (!size && value.substr(slash + 1) != "*") ||
      (size && *last >= *size))
    return std::nullopt;
  return ContentRange{*first, *last, size};
}

std::string strong_validator(const HttpHeaders& headers) {
  if (std::string_view tag = headers.get("ETag"); tag.starts_with('"')) return std::string(tag);
  const auto modified = parse_http_date(headers.get("Last-Modified"));
  const auto answered = parse_http_date(headers.get("Date"));
  if (!modified || !answered || *answered - *modified < std::chrono::minutes(1)) return {};
  return std::string(headers.get("Last-Modified"));
}

HttpStream::HttpStream(HttpClient& client, std::string url, HttpStreamOptions options)
    : client_(client),
      url_(std::move(url)),
      options_(std::move(options)),
      validator_(options_.validator),
      retries_(options_.retries.value_or(client.options().retries), client.retry_budget()) {
  ask_until_it_goes_on(ask());
}

std::string HttpStream::name() const { return shown(url_); }

std::size_t HttpStream::read(MutableBytesView out) {
  while (!ended_) {
    const std::size_t got = exchange_->read(out);
    if (got > 0) {
      if (given_ == 0 || retries_.tries() > 0) retries_.restart();
      given_ += got;
      given_digest_.update(out.first(got));
      return got;
    }
    if (exchange_->failure() == HttpFailure::none && (!size_ || given_ == *size_)) {
      ended_ = true;
      client_.retry_budget().note_success();
    } else {
      ask_until_it_goes_on(setback_of_line());
    }
  }
  return 0;
}

void HttpStream::ask_until_it_goes_on(std::optional<Setback> setback) {
  WaitWatch::Request waiting(client_.options().watch.get(), "read " + name());
  while (setback) {
    if (setback->status == 0 && setback->failure == HttpFailure::cut && given_ == 0 &&
        client_.finds_other_scheme(url_))
      setback->failure = HttpFailure::wrong_scheme;
    const bool curable = setback->status != 0 ? is_worth_a_retry(setback->status)
                                              : is_worth_a_retry(setback->failure);
    if (curable)
      waiting.failed(setback->status != 0 ? fmt::format("the server answers {}", setback->status)
                                          : setback->detail);
    if (!curable || !retries_.wait(setback->server_asks, client_.reached(setback->failure, url_)))
      give_up(*setback);
    setback = ask();
  }
}

// Tries once more to get the bytes not given yet; empty if the stream can continue.
std::optional<HttpStream::Setback> HttpStream::ask() {
  exchange_.reset();
  request_ = {.url = url_, .headers = options_.headers};
  request_.follow_redirects = options_.follow_redirects;
  if (is_part() || (given_ > 0 && !validator_.empty())) {
    const std::string last = options_.end > 0 ? fmt::to_string(options_.end - 1) : "";
    request_.headers.set("Range", fmt::format("bytes={}-{}", options_.begin + given_, last));
    if (!validator_.empty()) request_.headers.set("If-Range", validator_);
  }
  if (options_.prepare) options_.prepare(request_);
  exchange_ = client_.start(request_);
  const HttpHead head = exchange_->head();
  if (head.status == 0) return setback_of_line();
  client_.note_answer(url_);
  return accept(head);
}

std::optional<HttpStream::Setback> HttpStream::accept(const HttpHead& head) {
  const bool whole = head.status == 200 || head.status == 203;
  if (whole && is_part()) fail_as_changed("the server sends the whole file instead of a part");
  if (whole && given_ == 0) {
    accept_first(head);
    return std::nullopt;
  }
  if (whole) return skip_what_was_given(head);
  if (head.status == 206 && request_.headers.contains("Range")) {
    if (first_.status == 0) accept_part(head);
    check_rest(head);
    return std::nullopt;
  }
  // No bytes are left: the connection broke right behind the last one.
  if (head.status == 416 && request_.headers.contains("Range") &&
      head.headers.get("Content-Range") == fmt::format("bytes */{}", options_.begin + given_)) {
    ended_ = true;
    return std::nullopt;
  }
  if (head.status == 412) fail_as_changed("the server says so");
  HttpResult result{.response = {.head = head}};
  return Setback{.status = head.status, .server_asks = result.retry_after()};
}

void HttpStream::accept_first(const HttpHead& head) {
  first_ = head;
  validator_ = strong_validator(head.headers);
  size_ = file_size_ = head.headers.contains("Transfer-Encoding")
                           ? std::nullopt
                           : parse_number<std::uint64_t>(head.headers.get("Content-Length"));
}

void HttpStream::accept_part(const HttpHead& head) {
  first_ = head;
  const auto range = parse_content_range(head.headers.get("Content-Range"));
  if (range) file_size_ = range->size;
  const std::optional<std::uint64_t> end = options_.end > 0 ? options_.end : file_size_;
  if (!end || *end < options_.begin)
    fail(ErrorKind::unsupported,
         "cannot read {} from byte {} on: the server does not state its size", name(),
         options_.begin);
  size_ = *end - options_.begin;
  // A server may support Range but not If-Range.
  for (const char* header : {"ETag", "Last-Modified"}) {
    const bool meant = options_.validator.starts_with('"') == (std::string_view(header) == "ETag");
    if (const std::string_view now = head.headers.get(header);
        meant && !options_.validator.empty() && !now.empty() && now != options_.validator)
      fail_as_changed(fmt::format("its {} is {} now, not {}", header, now, options_.validator));
  }
}

// A server may support Range but not If-Range.
void HttpStream::check_rest(const HttpHead& head) const {
  const auto range = parse_content_range(head.headers.get("Content-Range"));
  if (!range || range->first != options_.begin + given_)
    fail(ErrorKind::unsupported,
         "cannot continue {} at byte {}: the server sends a range that was not asked for", name(),
         options_.begin + given_);
  if (file_size_ && range->size && *range->size != *file_size_)
    fail_as_changed(fmt::format("it has {} bytes now, not {}", *range->size, *file_size_));
  for (const char* header : {"ETag", "Last-Modified"}) {
    std::string_view before = first_.headers.get(header), now = head.headers.get(header);
    if (!before.empty() && !now.empty() && before != now)
      fail_as_changed(fmt::format("its {} is {} now, not {}", header, now, before));
  }
}

std::optional<HttpStream::Setback> HttpStream::skip_what_was_given(const HttpHead& head) {
  const auto size_now = parse_number<std::uint64_t>(head.headers.get("Content-Length"));
  if (size_ && size_now && *size_now != *size_)
    fail_as_changed(fmt::format("it has {} bytes now, not {}", *size_now, *size_));
  Digester digester;
  Bytes piece(256 << 10);
  for (std::uint64_t left = given_; left > 0;) {
    const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size()));
    const std::size_t got = exchange_->read(MutableBytesView(piece).first(part));
    if (got == 0 && exchange_->failure() != HttpFailure::none) return setback_of_line();
    if (got == 0) fail_as_changed(fmt::format("it has {} bytes now", given_ - left));
    digester.update(BytesView(piece).first(got));
    left -= got;
  }
  if (digester.finish() != given_digest_.finish())
    fail_as_changed("its first bytes differ from those already read");
  validator_ = strong_validator(head.headers);  // the validator of these bytes
  first_.headers = head.headers;
  return std::nullopt;
}

HttpStream::Setback HttpStream::setback_of_line() const {
  Setback setback{.failure = exchange_->failure(), .detail = exchange_->detail()};
  if (setback.failure == HttpFailure::none)
    setback = {.failure = HttpFailure::cut, .detail = "the answer is shorter than announced"};
  return setback;
}

void HttpStream::give_up(const Setback& setback) const {
  std::string doing = fmt::format("cannot read {}", name());
  if (given_ > 0) doing += fmt::format(" from byte {} on", given_);
  if (retries_.tries() > 1) doing += fmt::format(", after {} tries", retries_.tries());
  if (setback.status != 0) throw status_error(doing, setback.status);
  throw failure_error(doing, request_, setback.failure, setback.detail);
}

void HttpStream::fail_as_changed(std::string_view how) const {
  fail(ErrorKind::changed, "{} changed while it was read: {}; try again once it stays the same",
       name(), how);
}

}  // namespace grid::net
