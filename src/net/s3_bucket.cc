#include "net/s3_bucket.h"

#include <algorithm>

#include "net/s3_answer.h"
#include "net/s3_pages.h"
#include "net/s3_signer.h"
#include "net/url.h"

namespace grid::net {

using std::chrono::system_clock;

bool is_bucket_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && name.find("..") == name.npos &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

S3Url parse_s3_url(std::string_view url) {
  static constexpr std::string_view scheme = "s3://";
  if (!url.starts_with(scheme)) fail(ErrorKind::invalid_argument, "{} is not an s3:// URL", url);
  std::string_view rest = url.substr(scheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view bucket = rest.substr(0, slash);
  if (!is_bucket_name(bucket))
    fail(ErrorKind::invalid_argument, "{}: \"{}\" cannot be the name of a bucket", url, bucket);
  rest.remove_prefix(std::min(slash + 1, rest.size()));
  return {std::string(bucket), std::string(rest)};
}

S3Access S3Access::open(const HttpOptions& http, const AwsSettings& settings,
                        const RetryPolicy& retries) {
  const AwsProfiles profiles(settings.config_file, settings.credentials_file);
  auto client = std::make_shared<HttpClient>(http);
  return {.http = client,
          .credentials = std::make_shared<AwsCredentialSource>(client, settings),
          .endpoint = s3_endpoint(settings, profiles),
          .retries = retries};
}

S3Bucket::S3Bucket(S3Access access, std::string name)
    : access_(std::move(access)), name_(std::move(name)), region_(access_.endpoint.region) {}

std::string S3Bucket::url_of(std::string_view key) const {
  return fmt::format("s3://{}/{}", name_, key);
}

std::string S3Bucket::server() const {
  return access_.endpoint.url.empty() ? "AWS" : shown(access_.endpoint.url);
}

std::string S3Bucket::region() const {
  std::lock_guard lock(mutex_);
  return region_;
}

std::string S3Bucket::target_of(std::string_view key) const {
  std::string server = access_.endpoint.url;
  if (server.empty()) {
    const std::string place = region();
    server = "https://s3." + place + ".amazonaws.com" + (place.starts_with("cn-") ? ".cn" : "");
  }
  const std::string path = "/" + percent_encode(key, Slash::keep);
  // A certificate for *.s3.amazonaws.com does not cover bucket names with dots.
  const bool dotted = name_.find('.') != name_.npos && server.starts_with("https:");
  if (access_.endpoint.path_style || dotted) return server + "/" + name_ + path;
  const Url url = parse_url(server);
  return url.scheme + "://" + name_ + "." + url.host + url.path + path;
}

S3Bucket::Belief S3Bucket::belief() const {
  return {access_.credentials->get(), region(), clock_ahead_};
}

HttpRequest S3Bucket::prepare(const Call& call, const Belief& belief) const {
  HttpRequest request{.method = call.method,
                      .url = target_of(call.key) + (call.query.empty() ? "" : "?" + call.query),
                      .headers = call.headers,
                      .body = call.body,
                      .into = call.into,
                      .taker = call.taker};
  const auto now = system_clock::now() + std::chrono::seconds(belief.clock_ahead);
  if (belief.credentials) sign(request, *belief.credentials, {belief.region, "s3", now});
  return request;
}

static bool refuses_credentials(std::string_view code) {
  return code == "ExpiredToken" || code == "TokenRefreshRequired" || code == "InvalidToken" ||
         code == "InvalidAccessKeyId";
}

// Learns what would make the same request succeed: another region, another time, other credentials.
// True if that differs from what this request used; another thread may have learnt it meanwhile.
bool S3Bucket::learn_from(const HttpResponse& response, const Belief& used) const {
  const int status = response.status();
  if (status != 301 && status != 307 && status != 400 && status != 403) return false;
  const S3Failure failure = read_failure(response);
  if (used.credentials && refuses_credentials(failure.code)) {
    // Another program may have renewed or rotated them.
    access_.credentials->drop(*used.credentials);
    return access_.credentials->get() != used.credentials;
  }
  if (failure.code == "RequestTimeTooSkewed") {
    const auto time = parse_http_date(response.header("Date"));
    if (!time) return false;
    const auto ahead =
        std::chrono::duration_cast<std::chrono::seconds>(*time - system_clock::now());
    clock_ahead_ = ahead.count();
    return used.clock_ahead != ahead.count();
  }
  if (failure.region.empty() || status == 403) return false;
  std::lock_guard lock(mutex_);
  region_ = failure.region;
  return used.region != failure.region;
}

// For messages.
static std::string trouble_of(const HttpResult& result, const std::string& odd) {
  if (result.failure != HttpFailure::none) return result.detail;
  std::string trouble = odd.empty() ? fmt::format("the server answers {}", result.response.status())
                                    : "the server " + odd;
  if (const auto asks = result.retry_after(); asks && asks->count() >= 1000)
    trouble += fmt::format(", and asks to be left alone for {} s", asks->count() / 1000);
  return trouble;
}

// Transient failures whose status usually means a permanent one.
static bool is_passing(const HttpResponse& response) {
  if (response.status() != 400 && response.status() != 409) return false;
  const std::string code = read_failure(response).code;
  for (const char* passing : {"RequestTimeout", "OperationAborted", "ConditionalRequestConflict",
                              "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"})
    if (code == passing) return true;
  return false;
}

// An answer that is none of an S3 server's may come from something in between that goes away. But
// it may also be what the endpoint always says, so it is not worth all the patience.
static constexpr unsigned odd_answers_max = 4;

// A web page is larger than the range that was asked for.
static bool is_whole_for_range(const HttpRequest& request, const HttpResult& result) {
  return result.failure == HttpFailure::too_large && result.response.status() == 200 &&
         request.headers.contains("Range");
}

S3Bucket::Answer S3Bucket::ask(const Call& call) const {
  static constexpr unsigned lessons_max = 4;
  RetryLoop retries(access_.retries, access_.http->retry_budget());
  WaitWatch::Request waiting(access_.http->options().watch.get(), call.doing);
  for (unsigned lessons = 0, odd_answers = 0;;) {
    const Belief used = belief();
    const HttpRequest request = prepare(call, used);
    HttpResult result = access_.http->attempt(request);
    if (is_whole_for_range(request, result)) result.failure = HttpFailure::none;
    const bool answered = result.failure == HttpFailure::none;
    if (answered && lessons < lessons_max && learn_from(result.response, used)) {
      ++lessons;
      continue;
    }
    std::string odd = answered ? why_not_s3(call.asked, result.response) : "";
    if (answered && odd.empty() && call.judge) odd = call.judge(result.response);
    const bool curable = result.is_worth_a_retry() || (answered && is_passing(result.response)) ||
                         (!odd.empty() && ++odd_answers < odd_answers_max);
    if (curable) waiting.failed(trouble_of(result, odd));
    if (curable &&
        retries.wait(result.retry_after(), access_.http->reached(result.failure, request.url)))
      continue;
    if (answered) return {std::move(result.response), odd, curable ? retries.why_no_more() : ""};
    throw failure_error(call.doing, request, result.failure,
                        result.detail + (curable ? retries.why_no_more() : ""));
  }
}

HttpResponse S3Bucket::exchange(const Call& call) const {
  Answer answer = ask(call);
  if (!answer.odd.empty()) fail_as_odd(call, answer.odd);
  if (is_worth_a_retry(answer.response.status())) fail_for(call, answer.response, answer.no_more);
  return std::move(answer.response);
}

void S3Bucket::fail_as_odd(const Call& call, std::string_view odd) const {
  fail(ErrorKind::unsupported, "{}: the server {} {}", call.doing, server(), odd);
}

S3Bucket::Call S3Bucket::call_for(std::string_view verb, std::string_view method,
                                  std::string_view key, S3Asked asked) const {
  return {.doing = fmt::format("cannot {} {}", verb, url_of(key)),
          .method = std::string(method),
          .key = std::string(key),
          .asked = asked};
}

void S3Bucket::fail_for(const Call& call, const HttpResponse& response,
                        std::string_view no_more) const {
  const S3Failure failure = read_failure(response);
  if (response.status() == 404 && (failure.code.empty() || failure.code == "NoSuchBucket"))
    fail(ErrorKind::not_found, "{}: there is no bucket {} at {}", call.doing, name_, server());
  std::string said = failure.code;
  if (!failure.message.empty()) said += (said.empty() ? "" : ": ") + failure.message;
  if (said.empty() && is_web_page(response)) said = "with a web page, not as S3";
  const Error answer = status_error(call.doing, response.status(), said);
  const Error error(answer.kind(), answer.what() + std::string(no_more));
  if (error.kind() == ErrorKind::permission_denied && !access_.credentials->get())
    fail(error.kind(),
         "{}; no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
         "AWS_PROFILE",
         error.what());
  throw error;
}

std::optional<S3Bucket::Head> S3Bucket::head(std::string_view key) const {
  const Call call = call_for("look at", "HEAD", key, S3Asked::head);
  const HttpResponse response = exchange(call);
  if (response.status() == 404) return std::nullopt;
  if (response.status() != 200) fail_for(call, response);
  return Head{
      .size = std::strtoull(std::string(response.header("Content-Length")).c_str(), nullptr, 10),
      .etag = std::string(response.header("ETag")),
      .md5 = md5_in_etag(response.head.headers),
      .writer = std::string(response.header(s3_writer_header))};
}

S3Listing S3Bucket::list(const S3ListRequest& request) const {
  Call call = call_for("list", "GET", request.prefix, S3Asked::listing);
  call.key.clear();
  auto add = [&](std::string_view name, std::string_view value) {
    call.query += fmt::format("{}{}={}", call.query.empty() ? "" : "&", name,
                              percent_encode(value, Slash::encode));
  };
  // In the order that signing requires: sorted.
  if (!request.continue_at.empty()) add("continuation-token", request.continue_at);
  if (!request.delimiter.empty()) add("delimiter", request.delimiter);
  add("encoding-type", "url");
  add("list-type", "2");
  add("max-keys", std::to_string(request.count_max));
  add("prefix", request.prefix);
  if (!request.start_after.empty()) add("start-after", request.start_after);
  const HttpResponse response = exchange(call);
  if (response.status() != 200) fail_for(call, response);
  S3Listing page = read_listing(response.body, fmt::format("{} at {}", call.doing, server()));
  if (const std::string why = why_page_is_wrong(request, page); !why.empty())
    refuse_listing(request.prefix, why);
  return page;
}

void S3Bucket::refuse_listing(std::string_view prefix, std::string_view why) const {
  fail(ErrorKind::unsupported,
       "cannot list {}: the server {} gives a listing that cannot be right: {}", url_of(prefix),
       server(), why);
}

}  // namespace grid::net
