#include "backend/grid_server.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "net/url.h"

namespace grid::backend {

// What the server says of an object, beside the status: see server/object_routes.cc.
static constexpr std::string_view outcome_header = "Grid-Object", digest_header = "Grid-Digest";
static constexpr std::string_view received_header = "Grid-Received";
static constexpr std::size_t large_size_min = 1 << 20;  // bytes
static constexpr JsonLimits listing_limits{.size_max = 64 << 20, .depth_max = 4};
// How often an answer is asked for again that is not the server's, or whose bytes are damaged.
static constexpr unsigned odd_answers_max = 4;

std::string checked_server_url(std::string_view text) {
  const net::Url url = net::parse_url(text);
  if (!url.query.empty() || !url.user_info.empty())
    fail(ErrorKind::invalid_argument,
         "store {}: the URL of a server has no user and no query; give the token with GRID_TOKEN, "
         "or "
         "save it with grid login",
         net::shown(text));
  std::string path = url.path;
  while (path.ends_with('/')) path.pop_back();
  return url.origin() + path;
}

GridServerBackend::GridServerBackend(std::string_view url, const net::ServerOptions& servers)
    : url_(checked_server_url(url)),
      token_(servers.token_for ? servers.token_for(url_) : ""),
      http_(std::make_shared<net::HttpClient>(servers.http)),
      retries_(servers.retries) {}

GridServerBackend::GridServerBackend(const GridServerBackend& other,
                                     const net::RetryPolicy& retries)
    : url_(other.url_), token_(other.token_), http_(other.http_), retries_(retries) {}

std::shared_ptr<Backend> GridServerBackend::hasty() const {
  net::RetryPolicy retries = retries_;
  retries.deadline_unreachable =
      std::min<std::chrono::milliseconds>(retries.deadline, std::chrono::seconds(3));
  return std::shared_ptr<Backend>(new GridServerBackend(*this, retries));
}

std::string GridServerBackend::url_of(std::string_view key) const {
  check_key(key);
  return fmt::format("{}/api/v1/objects/{}", url_, key);
}

// The sentence of an error that the server sent; empty if it is none of its own.
static std::string sentence_of(const net::HttpResponse& response) {
  try {
    const auto document = parse_json(as_text(response.body), "");
    const auto error = document.find("error");
    if (error == document.end() || !error->is_object()) return {};
    const auto message = error->find("message");
    return message != error->end() && message->is_string() ? message->get<std::string>() : "";
  } catch (const Error&) {
    return {};
  }
}

void GridServerBackend::refuse(std::string_view doing, const net::HttpResponse& response) const {
  const std::string sentence = sentence_of(response);
  if (response.status() == 401)
    fail(ErrorKind::permission_denied,
         "cannot {}: the server {} {}: save a token that it knows with `grid login {}`, or set "
         "GRID_TOKEN",
         doing, url_, token_.empty() ? "wants a token" : "does not know the token", url_);
  if (sentence.empty())
    fail(net::kind_of_status(response.status()),
         "cannot {}: {} answers with status {}, and not as a grid server does: check the URL, and "
         "what lies between",
         doing, url_, response.status());
  // 422 is for what the client sent and the server found damaged.
  const ErrorKind kind =
      response.status() == 422 ? ErrorKind::corrupt : net::kind_of_status(response.status());
  fail(kind, "cannot {}: the server {} says: {}", doing, url_, sentence);
}

GridServerBackend::Answer GridServerBackend::ask(std::string_view doing,
                                                 net::HttpRequest request) const {
  if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
  net::HttpResponse response;
  net::RetryLoop odd(retries_, http_->retry_budget());
  for (unsigned tries = 1;; ++tries) {
    response = http_->send(request, retries_);
    std::string says(response.header(outcome_header));
    if (!says.empty()) return {std::move(response), std::move(says)};
    // Of a proxy or a portal in between, or of no grid server at all.
    const bool may_change = response.status() / 100 == 2 && tries < odd_answers_max;
    if (!may_change || !odd.wait()) refuse(doing, response);
  }
}

net::HttpRequest GridServerBackend::put_request(std::string url, std::string_view digest,
                                                BytesView body) const {
  net::HttpRequest request{.method = "PUT", .url = std::move(url), .body = body};
  request.headers = {{"Content-Type", "application/octet-stream"},
                     {"If-None-Match", "*"},
                     {std::string(digest_header), std::string(digest)}};
  return request;
}

// Whether the object is there, and ours; nullopt if the answer is another.
static std::optional<bool> is_created(const net::HttpResponse& response, std::string_view digest) {
  const std::string_view says = response.header(outcome_header);
  const std::string_view there = response.header(digest_header);
  if (says == "stored" && there == digest) return true;
  // Taken: by another, or by an earlier try whose answer was lost. Records have a random member and
  // packs a random name, so the same bytes are ours.
  if (says == "taken") return there == digest;
  return std::nullopt;
}

bool GridServerBackend::create(std::string_view key, BytesView data) {
  const std::string digest = digest_of(data).hex();
  if (data.size() >= large_size_min) return create_large(key, data, digest);
  const std::string doing = fmt::format("write {}", key);
  const Answer answer = ask(doing, put_request(url_of(key), digest, data));
  if (const std::optional<bool> created = is_created(answer.response, digest)) return *created;
  refuse(doing, answer.response);
}

std::optional<std::uint64_t> GridServerBackend::received(std::string_view key,
                                                         std::string_view digest) const {
  const Answer answer = ask(fmt::format("write {}", key),
                            {.url = fmt::format("{}?received={}", url_of(key), digest)});
  if (answer.says != "received") return std::nullopt;
  return parse_number<std::uint64_t>(answer.response.header(received_header));
}

// Goes on, after each failure, where the server is: of what is sent little is sent twice.
bool GridServerBackend::create_large(std::string_view key, BytesView data,
                                     const std::string& digest) {
  const std::string doing = fmt::format("write {}", key);
  net::RetryLoop retries(retries_, http_->retry_budget());
  net::WaitWatch::Request waiting(http_->options().watch.get(),
                                  fmt::format("cannot {} to {}", doing, url_));
  for (std::uint64_t furthest = 0;;) {
    const std::uint64_t there =
        std::min<std::uint64_t>(received(key, digest).value_or(0), data.size() - 1);
    if (there > furthest) retries.restart();
    furthest = std::max(furthest, there);
    net::HttpRequest request = put_request(fmt::format("{}?from={}", url_of(key), there), digest,
                                           data.subspan(static_cast<std::size_t>(there)));
    if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
    const net::HttpResult result = http_->attempt(request);
    const net::HttpResponse& response = result.response;
    const bool is_answered = result.failure == net::HttpFailure::none;
    if (is_answered)
      if (const std::optional<bool> created = is_created(response, digest)) return *created;
    // 409: somebody else has sent some. 422: a crash of its machine damaged what the server had.
    const bool may_change =
        result.is_worth_a_retry() ||
        (is_answered && (response.status() == 409 || (response.status() == 422 && there > 0)));
    if (may_change)
      waiting.failed(is_answered ? fmt::format("the server answers {}", response.status())
                                 : result.detail);
    if (may_change &&
        retries.wait(result.retry_after(), http_->reached(result.failure, request.url)))
      continue;
    if (is_answered) refuse(doing, response);
    throw net::failure_error("cannot " + doing, request, result.failure, result.detail);
  }
}

std::optional<Bytes> GridServerBackend::find(std::string_view key) const {
  const std::string doing = fmt::format("read {}", key);
  for (unsigned tries = 1;; ++tries) {
    Answer answer = ask(doing, {.url = url_of(key)});
    if (answer.says == "absent") return std::nullopt;
    if (answer.says != "data") refuse(doing, answer.response);
    if (answer.response.header(digest_header) == digest_of(answer.response.body).hex())
      return std::move(answer.response.body);
    if (tries == odd_answers_max)
      fail(ErrorKind::corrupt,
           "cannot {}: it arrives damaged from {}: its digest is not the one sent", doing, url_);
  }
}

std::optional<std::uint64_t> GridServerBackend::answered_part(std::string_view key,
                                                              std::uint64_t offset,
                                                              std::uint64_t size,
                                                              net::HttpRequest request) const {
  const std::string doing = fmt::format("read {}", key);
  request.url = fmt::format("{}?offset={}&size={}", url_of(key), offset, size);
  const Answer answer = ask(doing, std::move(request));
  if (answer.says == "absent") return std::nullopt;
  if (answer.says != "data") refuse(doing, answer.response);
  return answer.response.into_size;
}

std::optional<std::size_t> GridServerBackend::find_part(std::string_view key, std::uint64_t offset,
                                                        MutableBytesView out) const {
  return answered_part(key, offset, out.size(), {.into = out});
}

std::optional<std::uint64_t> GridServerBackend::copy_part(std::string_view key,
                                                          std::uint64_t offset, std::uint64_t size,
                                                          const TakePiece& take) const {
  return answered_part(key, offset, size, {.taker = net::HttpBodyTaker{size, take}});
}

Bytes GridServerBackend::listing(std::string_view prefix, std::string_view kind) const {
  const std::string doing = fmt::format("list {}", prefix);
  const std::string url = fmt::format("{}/api/v1/objects?prefix={}&kind={}", url_,
                                      net::percent_encode(prefix, net::Slash::keep), kind);
  for (unsigned tries = 1;; ++tries) {
    Answer answer = ask(doing, {.url = url});
    if (answer.says != "listing") refuse(doing, answer.response);
    if (answer.response.header(digest_header) == digest_of(answer.response.body).hex())
      return std::move(answer.response.body);
    if (tries == odd_answers_max)
      fail(ErrorKind::corrupt, "cannot {}: it arrives damaged from {}", doing, url_);
  }
}

std::vector<ObjectEntry> GridServerBackend::objects(std::string_view prefix,
                                                    std::string_view kind) const {
  const Bytes body = listing(prefix, kind);
  std::vector<ObjectEntry> found;
  std::string_view rest = as_text(body);
  while (!rest.empty()) {  // lines of a size and a key
    std::string_view line = take_until(rest, '\n');
    const auto size = parse_number<std::uint64_t>(take_until(line, ' '));
    if (!size || !line.starts_with(prefix) || (!found.empty() && line <= found.back().key))
      fail(ErrorKind::corrupt, "cannot list {}: {} sends a listing that is none", prefix, url_);
    found.push_back({std::string(line), *size});
  }
  return found;
}

std::vector<ObjectEntry> GridServerBackend::list(std::string_view prefix) const {
  return objects(prefix, "here");
}

std::vector<ObjectEntry> GridServerBackend::list_below(std::string_view prefix) const {
  return objects(prefix, "below");
}

std::vector<std::string> GridServerBackend::list_names(std::string_view prefix) const {
  const Bytes body = listing(prefix, "names");
  std::vector<std::string> names;
  std::string_view rest = as_text(body);
  while (!rest.empty()) names.emplace_back(take_until(rest, '\n'));
  return names;
}

bool GridServerBackend::remove(std::string_view key) {
  const Answer answer =
      ask(fmt::format("remove {}", key), {.method = "DELETE", .url = url_of(key)});
  return answer.says == "removed";
}

void GridServerBackend::prove_creates() {
  fail(ErrorKind::unsupported,
       "the server {} has no store yet: make one where it runs, with a first grid datastore create",
       url_);
}

}  // namespace grid::backend
