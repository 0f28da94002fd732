#include "net/active_transfer.h"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "net/public_address.h"
#include "net/url.h"

namespace grid::net {

namespace {

HttpFailure failure_of(CURLcode code, const ActiveTransfer& active) {
  if (code != CURLE_OK && active.led_to_private_address) return HttpFailure::refused;
  switch (code) {
    case CURLE_OK:
      return HttpFailure::none;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return HttpFailure::host_unknown;
    case CURLE_COULDNT_CONNECT:
      return HttpFailure::unreachable;
    case CURLE_OPERATION_TIMEDOUT:
      return HttpFailure::timed_out;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
      return HttpFailure::untrusted;
    case CURLE_TOO_MANY_REDIRECTS:
      return HttpFailure::redirects;
    case CURLE_SSL_CONNECT_ERROR:
      return std::strstr(active.error, "wrong version number") != nullptr ||
                     std::strstr(active.error, "packet length too long") != nullptr
                 ? HttpFailure::wrong_scheme
                 : HttpFailure::cut;
    case CURLE_WRITE_ERROR:
      return active.too_large ? HttpFailure::too_large : HttpFailure::cut;
    case CURLE_UNSUPPORTED_PROTOCOL:
      // "Received HTTP/0.9": the server's first bytes are no HTTP.
      return std::strstr(active.error, "HTTP/0.9") != nullptr ? HttpFailure::cut
                                                              : HttpFailure::refused;
    case CURLE_URL_MALFORMAT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
      return HttpFailure::refused;
    default:
      return HttpFailure::cut;
  }
}

void note_bytes(const ActiveTransfer& active, std::size_t size) {
  if (active.options.watch) active.options.watch->note_bytes(size);
}

void add_header_line(HttpHead& head, std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos || !HttpHeaders::can_hold(trimmed(line))) return;
  head.headers.add(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
}

// Ends the transfer where memory is short, as no exception may pass through libcurl.
std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) noexcept try {
  ActiveTransfer& active = *static_cast<ActiveTransfer*>(user);
  note_bytes(active, size);
  std::string_view line(data, size);
  if (active.body_began) return size;  // a trailer
  if (line.starts_with("HTTP/")) {
    active.head.headers.clear();  // the headers so far belong to a redirect or a 100
    active.head_ended = false;
  } else if (trimmed(line).empty()) {
    active.head_ended = true;
  } else {
    add_header_line(active.head, line);
  }
  return size;
} catch (...) {
  return 0;
}

void complete_head(ActiveTransfer& active) {
  long status = 0;
  const char* url = nullptr;
  curl().easy_getinfo(active.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl().easy_getinfo(active.easy.get(), CURLINFO_EFFECTIVE_URL, &url);
  active.head.status = static_cast<int>(status);
  active.head.url = url != nullptr ? url : active.transfer->request.url;
}

void publish_head(ActiveTransfer& active) {
  Transfer& transfer = *active.transfer;
  std::lock_guard lock(transfer.mutex);
  if (transfer.head_is_there) return;
  transfer.result.response.head = active.head;
  transfer.head_is_there = true;
  transfer.changed.notify_all();
}

std::size_t take_streamed(ActiveTransfer& active, BytesView piece) {
  Transfer& transfer = *active.transfer;
  std::lock_guard lock(transfer.mutex);
  if (transfer.waiting.size() >= active.options.exchange_buffer_size) {
    transfer.paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  append(transfer.waiting, piece);
  transfer.changed.notify_all();
  return piece.size();
}

std::size_t take_elsewhere(ActiveTransfer& active, BytesView piece) {
  const HttpRequest& request = active.transfer->request;
  const std::uint64_t size_max = request.taker ? request.taker->size_max : request.into->size();
  if (piece.size() > size_max - active.into_size) active.too_large = true;
  if (active.too_large) return 0;
  if (request.taker)
    request.taker->take(active.into_size, piece);
  else
    std::copy(piece.begin(), piece.end(),
              request.into->begin() + static_cast<std::ptrdiff_t>(active.into_size));
  active.into_size += piece.size();
  return piece.size();
}

std::size_t take_whole(ActiveTransfer& active, BytesView piece) {
  const HttpRequest& request = active.transfer->request;
  const bool success = active.head.status >= 200 && active.head.status < 300;
  if (success && (request.into || request.taker)) return take_elsewhere(active, piece);
  if (piece.size() > active.options.body_size_max - active.body.size()) active.too_large = true;
  if (active.too_large) return 0;
  append(active.body, piece);
  return piece.size();
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) noexcept {
  ActiveTransfer& active = *static_cast<ActiveTransfer*>(user);
  note_bytes(active, size);
  if (!active.body_began) {
    active.body_began = true;
    complete_head(active);
    if (active.transfer->streams) publish_head(active);
  }
  const BytesView piece = as_bytes({data, size});
  return active.transfer->streams ? take_streamed(active, piece) : take_whole(active, piece);
}

std::size_t on_send(char* out, std::size_t, std::size_t size, void* user) noexcept {
  ActiveTransfer& active = *static_cast<ActiveTransfer*>(user);
  const BytesView rest = active.transfer->request.body.subspan(active.sent);
  const std::size_t part = std::min(size, rest.size());
  note_bytes(active, part);
  std::copy_n(reinterpret_cast<const char*>(rest.data()), part, out);
  active.sent += part;
  return part;
}

int on_seek(void* user, curl_off_t offset, int origin) noexcept {
  ActiveTransfer& active = *static_cast<ActiveTransfer*>(user);
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  active.sent = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// Called with the address of each connection, after names and redirects have led there.
curl_socket_t on_open_socket(void* user, curlsocktype, curl_sockaddr* address) noexcept {
  ActiveTransfer& active = *static_cast<ActiveTransfer*>(user);
  if (!is_public_address(address->addr)) {
    active.led_to_private_address = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  [[maybe_unused]] const CURLcode code = curl().easy_setopt(easy, option, value);
  assert(code == CURLE_OK);
}

void set_method(ActiveTransfer& active) {
  CURL* easy = active.easy.get();
  const HttpRequest& request = active.transfer->request;
  if (request.method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    set(easy, CURLOPT_UPLOAD, 1L);
    set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(easy, CURLOPT_READFUNCTION, on_send);
    set(easy, CURLOPT_READDATA, &active);
    set(easy, CURLOPT_SEEKFUNCTION, on_seek);
    set(easy, CURLOPT_SEEKDATA, &active);
    set(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L << 10);
  } else if (request.method != "GET") {
    set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void set_headers(ActiveTransfer& active) {
  curl_slist* list = nullptr;
  for (const HttpHeader& header : active.transfer->request.headers)
    // curl takes "Name;" for a header without a value.
    list = curl().slist_append(
        list, (header.name + (header.value.empty() ? ";" : ": " + header.value)).c_str());
  active.headers.reset(list);
  set(active.easy.get(), CURLOPT_HTTPHEADER, list);
}

void set_protection(const ActiveTransfer& active, bool secure) {
  CURL* easy = active.easy.get();
  const std::vector<std::string>& ca_files = active.options.ca_files;
  const char* protocols = secure ? "https" : "http,https";
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_REDIR_PROTOCOLS_STR, protocols);
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  // With a single file curl keeps the parsed authorities between connections, which saves tens of
  // milliseconds for each; the system's folder is needed only together with the user's own file.
  if (ca_files.empty()) {
    set(easy, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  } else if (ca_files.size() == 1) {
    set(easy, CURLOPT_CAINFO, ca_files[0].c_str());
  } else {
    curl_blob together{.data = const_cast<char*>(active.authorities.data()),
                       .len = active.authorities.size(),
                       .flags = CURL_BLOB_NOCOPY};
    set(easy, CURLOPT_CAINFO_BLOB, &together);
  }
}

// A POST may take long to be carried out, while the server sends a blank now and then.
long rate_min_of(const ActiveTransfer& active, std::size_t active_count) {
  if (active.transfer->request.method == "POST") return 1;
  return std::max(1L, static_cast<long>(active.options.rate_min / (active_count + 1)));
}

}  // namespace

void prepare(ActiveTransfer& active, std::size_t active_count) {
  active.easy.reset(curl().easy_init());
  CURL* easy = active.easy.get();
  if (easy == nullptr) throw std::bad_alloc();
  const HttpOptions& options = active.options;
  const HttpRequest& request = active.transfer->request;
  const bool secure = with_plain_scheme(request.url).starts_with("https:");
  set(easy, CURLOPT_PRIVATE, &active);
  curl().easy_setopt(easy, CURLOPT_URL, request.url.c_str());  // a bad URL fails at the start
  // Keep "a//b" and ".." unchanged: S3 keys may contain them.
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_ERRORBUFFER, active.error);
  set(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(easy, CURLOPT_LOW_SPEED_LIMIT, rate_min_of(active, active_count));
  set(easy, CURLOPT_LOW_SPEED_TIME,
      std::max(1L, static_cast<long>(options.stall_timeout.count() / 1000)));
  if (request.timeout) set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout->count()));
  // Set even if empty: else libcurl reads the environment.
  set(easy, CURLOPT_PROXY, (secure ? options.https_proxy : options.http_proxy).c_str());
  set(easy, CURLOPT_NOPROXY, options.no_proxy.c_str());
  if (options.public_addresses_only) {
    set(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    set(easy, CURLOPT_OPENSOCKETDATA, &active);
  }
  if (request.follow_redirects) {
    set(easy, CURLOPT_FOLLOWLOCATION, 1L);
    set(easy, CURLOPT_MAXREDIRS, 10L);
  }
  set(easy, CURLOPT_HEADERFUNCTION, on_header);
  set(easy, CURLOPT_HEADERDATA, &active);
  set(easy, CURLOPT_WRITEFUNCTION, on_body);
  set(easy, CURLOPT_WRITEDATA, &active);
  set_protection(active, secure);
  set_method(active);
  set_headers(active);
}

void end(ActiveTransfer& active, CURLcode code) {
  if (!active.body_began) complete_head(active);
  Transfer& transfer = *active.transfer;
  std::lock_guard lock(transfer.mutex);
  HttpResult& result = transfer.result;
  result.failure = failure_of(code, active);
  // libcurl reports a head that breaks off as an answer without a body.
  if (code == CURLE_OK && !active.head_ended) {
    result.failure = HttpFailure::cut;
    result.detail = "the connection broke within the answer's head";
  } else if (result.failure == HttpFailure::refused && active.led_to_private_address)
    result.detail = "its address is none of the internet's, and only such are asked";
  else if (result.failure != HttpFailure::none)
    result.detail = active.error[0] != '\0' ? active.error : curl().easy_strerror(code);
  if (!transfer.head_is_there) result.response.head = std::move(active.head);
  result.response.body = std::move(active.body);
  result.response.into_size = active.into_size;
  // Without a body, on_body() has not published the head.
  transfer.head_is_there = true;
  transfer.ended = true;
  transfer.changed.notify_all();
}

}  // namespace grid::net
