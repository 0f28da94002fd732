#include "net/http.h"

#include <algorithm>
#include <ctime>

#include "base/error.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "net/transfer_loop.h"
#include "net/url.h"

namespace grid::net {

using std::chrono::milliseconds;

// A year of two digits that would lie more than 50 years ahead is one of the last century (RFC
// 9110).
static void settle_short_year(std::tm& date) {
  const std::time_t now = std::time(nullptr);
  std::tm today{};
  ::gmtime_r(&now, &today);
  const int century = today.tm_year - today.tm_year % 100;
  date.tm_year = century + date.tm_year % 100;
  if (date.tm_year > today.tm_year + 50) date.tm_year -= 100;
}

std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view value) {
  static constexpr const char* short_year_form = "%a, %d-%b-%y %H:%M:%S GMT";
  const std::string text(value);
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", short_year_form, "%a %b %d %H:%M:%S %Y"}) {
    std::tm date{};
    const char* end = ::strptime(text.c_str(), form, &date);
    if (end == nullptr || *end != '\0') continue;
    if (form == short_year_form) settle_short_year(date);
    return time_point_of(timestamp_of(::timegm(&date)));
  }
  return std::nullopt;
}

static bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_case(x) == lower_case(y); });
}

bool HttpHeaders::can_hold(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void HttpHeaders::add(std::string_view name, std::string_view value) {
  if (!can_hold(name) || !can_hold(value))
    fail(ErrorKind::invalid_argument, "the header {} cannot hold a line break", name);
  headers_.push_back({std::string(name), std::string(value)});
}

void HttpHeaders::set(std::string_view name, std::string_view value) {
  std::erase_if(headers_, [&](const HttpHeader& header) { return same_name(header.name, name); });
  add(name, value);
}

std::string_view HttpHeaders::get(std::string_view name) const {
  for (const HttpHeader& header : headers_)
    if (same_name(header.name, name)) return header.value;
  return {};
}

bool HttpHeaders::contains(std::string_view name) const {
  return std::any_of(headers_.begin(), headers_.end(),
                     [&](const HttpHeader& header) { return same_name(header.name, name); });
}

bool is_worth_a_retry(HttpFailure failure) {
  return failure == HttpFailure::host_unknown || failure == HttpFailure::unreachable ||
         failure == HttpFailure::timed_out || failure == HttpFailure::cut;
}

bool HttpResult::is_worth_a_retry() const {
  if (failure != HttpFailure::none) return net::is_worth_a_retry(failure);
  return net::is_worth_a_retry(response.status());
}

// Both forms of RFC 9110: a number of seconds, or a date.
std::optional<milliseconds> HttpResult::retry_after() const {
  static constexpr std::chrono::seconds longest{3600};
  const std::string_view value = response.header("Retry-After");
  milliseconds wait;
  if (const std::optional<long> seconds = parse_number<long>(value)) {
    wait = std::chrono::seconds(*seconds);
  } else {
    const auto date = parse_http_date(value);
    if (!date) return std::nullopt;
    wait = std::chrono::duration_cast<milliseconds>(*date - std::chrono::system_clock::now());
  }
  return std::clamp<milliseconds>(wait, milliseconds(0), longest);
}

HttpClient::HttpClient(HttpOptions options)
    : options_(std::move(options)),
      budget_(100, options_.stop),
      loop_(std::make_unique<TransferLoop>(options_)),
      taken_loop_(std::make_unique<TransferLoop>(options_)) {}

HttpClient::~HttpClient() = default;

static HttpResult wait_for_result(Transfer& transfer) {
  std::unique_lock lock(transfer.mutex);
  transfer.changed.wait(lock, [&] { return transfer.ended; });
  return std::move(transfer.result);
}

static bool ends_within(Transfer& transfer, milliseconds time) {
  std::unique_lock lock(transfer.mutex);
  return transfer.changed.wait_for(lock, time, [&] { return transfer.ended; });
}

static bool is_https(const std::string& url) {
  return url.starts_with("https:") || url.starts_with("HTTPS:");
}

static std::string origin_of(const std::string& url) {
  return url.substr(0, url.find('/', url.find("://") + 3));
}

void HttpClient::note_answer(const std::string& url) {
  std::lock_guard lock(mutex_);
  answered_origins_.insert(origin_of(url));
}

Reached HttpClient::reached(HttpFailure failure, const std::string& url) {
  if (failure == HttpFailure::unreachable || failure == HttpFailure::timed_out)
    return Reached::no_server;
  if (failure != HttpFailure::host_unknown) return Reached::server;
  std::lock_guard lock(mutex_);
  return answered_origins_.contains(origin_of(url)) ? Reached::no_server : Reached::no_name;
}

// True the first time. Behind a proxy nothing is found out: the answers would be the proxy's.
bool HttpClient::note_origin(const std::string& url) {
  if (!(is_https(url) ? options_.https_proxy : options_.http_proxy).empty()) return false;
  if (url.find("://") == url.npos) return false;
  std::lock_guard lock(mutex_);
  return known_origins_.insert(origin_of(url)).second;
}

// A server with TLS answers a request without it by closing the connection, or with a status that
// says so. One without TLS may wait for the end of what it takes for a request.
bool HttpClient::finds_other_scheme(const std::string& url) {
  static constexpr milliseconds probe_timeout{800};
  if (!note_origin(url)) return false;
  const bool secure = is_https(url);
  const std::size_t host = url.find("://") + 3;
  auto probe = std::make_shared<Transfer>();
  probe->request = {.method = "HEAD",
                    .url = (secure ? "http://" : "https://") +
                           url.substr(host, url.find_first_of("/?", host) - host) + "/",
                    .timeout = probe_timeout};
  loop_->start(probe);
  const HttpResult result = wait_for_result(*probe);
  if (!secure)
    return result.failure == HttpFailure::none || result.failure == HttpFailure::untrusted;
  const int status = result.response.status();
  return result.failure == HttpFailure::none &&
         (status / 100 == 2 || status == 401 || status == 403 || status == 404 || status == 405);
}

HttpResult HttpClient::attempt(const HttpRequest& request) {
  static constexpr milliseconds handshake_patience{1'000};
  TransferLoop& loop = request.taker ? *taken_loop_ : *loop_;
  auto transfer = std::make_shared<Transfer>();
  transfer->request = request;
  loop.start(transfer);
  bool other_scheme = is_https(request.url) && !ends_within(*transfer, handshake_patience) &&
                      finds_other_scheme(request.url);
  if (other_scheme) loop.cancel(transfer);
  HttpResult result = wait_for_result(*transfer);
  if (result.response.status() != 0) {
    note_origin(request.url);
    note_answer(request.url);
  } else if (result.failure == HttpFailure::cut && !other_scheme)
    other_scheme = finds_other_scheme(request.url);
  if (other_scheme && result.failure != HttpFailure::none)
    result.failure = HttpFailure::wrong_scheme;
  if (!result.is_worth_a_retry()) budget_.note_success();
  return result;
}

HttpResponse HttpClient::send(const HttpRequest& request, const RetryPolicy& policy) {
  const char* verb = request.method == "GET" || request.method == "HEAD" ? "read" : "write to";
  const std::string doing = fmt::format("cannot {} {}", verb, shown(request.url));
  RetryLoop retries(policy, budget_);
  WaitWatch::Request waiting(options_.watch.get(), doing);
  for (;;) {
    HttpResult result = attempt(request);
    if (result.is_worth_a_retry()) {
      waiting.failed(result.failure == HttpFailure::none
                         ? fmt::format("the server answers {}", result.response.status())
                         : result.detail);
      if (retries.wait(result.retry_after(), reached(result.failure, request.url))) continue;
    }
    if (result.failure == HttpFailure::none) return std::move(result.response);
    throw failure_error(doing, request, result.failure, result.detail);
  }
}

std::unique_ptr<HttpExchange> HttpClient::start(HttpRequest request) {
  auto transfer = std::make_shared<Transfer>();
  transfer->request = std::move(request);
  transfer->streams = true;
  loop_->start(transfer);
  return std::unique_ptr<HttpExchange>(new HttpExchange(*loop_, std::move(transfer)));
}

HttpExchange::HttpExchange(TransferLoop& loop, std::shared_ptr<Transfer> transfer)
    : loop_(loop), transfer_(std::move(transfer)) {}

HttpExchange::~HttpExchange() {
  std::unique_lock lock(transfer_->mutex);
  if (transfer_->ended) return;
  lock.unlock();
  loop_.cancel(transfer_);
  lock.lock();
  transfer_->changed.wait(lock, [&] { return transfer_->ended; });
}

const HttpHead& HttpExchange::head() {
  const WaitWatch::Request waiting(loop_.watch(), "read " + shown(transfer_->request.url));
  std::unique_lock lock(transfer_->mutex);
  transfer_->changed.wait(lock, [&] { return transfer_->head_is_there; });
  return transfer_->result.response.head;
}

std::size_t HttpExchange::read(MutableBytesView out) {
  if (piece_offset_ == piece_.size()) {
    piece_.clear();
    piece_offset_ = 0;
    std::unique_lock lock(transfer_->mutex);
    const auto is_there = [&] { return transfer_->ended || !transfer_->waiting.empty(); };
    if (!is_there()) {
      lock.unlock();
      const WaitWatch::Request waiting(loop_.watch(), "read " + shown(transfer_->request.url));
      lock.lock();
      transfer_->changed.wait(lock, is_there);
    }
    piece_.swap(transfer_->waiting);
    if (std::exchange(transfer_->paused, false)) {
      lock.unlock();
      loop_.resume(transfer_);
    }
  }
  const std::size_t part = std::min(out.size(), piece_.size() - piece_offset_);
  std::copy_n(piece_.begin() + static_cast<std::ptrdiff_t>(piece_offset_), part, out.begin());
  piece_offset_ += part;
  return part;
}

HttpFailure HttpExchange::failure() const {
  std::lock_guard lock(transfer_->mutex);
  return transfer_->ended ? transfer_->result.failure : HttpFailure::none;
}

const std::string& HttpExchange::detail() const {
  std::lock_guard lock(transfer_->mutex);
  return transfer_->result.detail;
}

static std::string_view advice_for_certificate(std::string_view detail) {
  if (detail.find("expired") != detail.npos)
    return "; its owner must renew the certificate, unless this machine's clock is wrong";
  if (detail.find("not yet valid") != detail.npos) return "; check this machine's clock";
  if (detail.find("subject name") != detail.npos)
    return "; its certificate is for another name: check the URL";
  return "; if it uses your own certificate authority, set SSL_CERT_FILE to its file";
}

static std::string_view advice_for(HttpFailure failure, const HttpRequest& request,
                                   std::string_view detail) {
  switch (failure) {
    case HttpFailure::host_unknown:
      return "; check the name and this machine's name service";
    case HttpFailure::unreachable:
      return "; check that the server is up, and whether a proxy (https_proxy) is needed";
    case HttpFailure::untrusted:
      return advice_for_certificate(detail);
    case HttpFailure::redirects:
      return "; servers that want a cookie or a login redirect in circles: use the URL of the file "
             "itself";
    case HttpFailure::refused:
      return request.url.starts_with("https:") && request.follow_redirects
                 ? "; redirects are followed from https to https only"
                 : "";
    default:
      return "";
  }
}

Error failure_error(std::string_view doing, const HttpRequest& request, HttpFailure failure,
                    std::string_view detail) {
  ErrorKind kind = ErrorKind::unavailable;
  if (failure == HttpFailure::untrusted) kind = ErrorKind::permission_denied;
  if (failure == HttpFailure::too_large || failure == HttpFailure::redirects ||
      failure == HttpFailure::refused || failure == HttpFailure::wrong_scheme)
    kind = ErrorKind::unsupported;
  if (failure == HttpFailure::wrong_scheme)
    detail = is_https(request.url)
                 ? "the server does not speak TLS at that port: use http:// in its URL"
                 : "the server speaks TLS at that port: use https:// in its URL";
  if (failure == HttpFailure::too_large) detail = "the answer is larger than allowed";
  return Error(kind, fmt::format("{}: {}{}", doing, detail, advice_for(failure, request, detail)));
}

ErrorKind kind_of_status(int status) {
  if (status == 401 || status == 403 || status == 407) return ErrorKind::permission_denied;
  if (status == 404 || status == 410) return ErrorKind::not_found;
  if (status == 412) return ErrorKind::changed;
  if (status == 507) return ErrorKind::no_space;
  if (status == 511) return ErrorKind::unsupported;  // a captive portal is no outage
  if (is_worth_a_retry(status) || (status >= 500 && status != 501)) return ErrorKind::unavailable;
  return ErrorKind::unsupported;
}

static std::string_view meaning_of_status(int status) {
  switch (status) {
    case 400:
      return " (bad request)";
    case 401:
      return " (authentication required)";
    case 403:
      return " (access denied)";
    case 404:
      return " (not found)";
    case 407:
      return " (proxy authentication required)";
    case 410:
      return " (gone)";
    case 412:
      return " (it has changed)";
    case 429:
      return " (too many requests)";
    case 500:
      return " (internal error)";
    case 501:
      return " (not implemented)";
    case 502:
    case 504:
      return " (the server behind it does not answer)";
    case 503:
      return " (busy)";
    case 511:
      return " (the network wants a login)";
    default:
      return "";
  }
}

Error status_error(std::string_view doing, int status, std::string_view detail) {
  return Error(kind_of_status(status),
               fmt::format("{}: the server answers {}{}{}{}", doing, status,
                           meaning_of_status(status), detail.empty() ? "" : ": ", detail));
}

}  // namespace grid::net
