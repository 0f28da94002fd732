#include "server/s3/gateway.h"

#include "base/random.h"
#include "base/text.h"
#include "base/utc.h"
#include "server/s3/answers.h"
#include "server/s3/caller.h"

namespace grid::server::s3 {

Response xml_response(std::string document) {
  Response response;
  response.headers.add("Content-Type", "application/xml");
  response.body = std::move(document);
  return response;
}

std::string http_date(std::chrono::system_clock::time_point time) {
  return format_utc(time, "%a, %d %b %Y %H:%M:%S GMT");
}

std::string iso_time(std::int64_t ns) {
  const auto time = std::chrono::floor<std::chrono::milliseconds>(std::chrono::nanoseconds(ns));
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{}.{:03}Z",
                     format_utc(std::chrono::system_clock::time_point(second), "%Y-%m-%dT%H:%M:%S"),
                     (time - second).count());
}

static Response error_answer(const S3Error& error, const Request& request,
                             std::string_view request_id) {
  Response response = xml_response(error_document(error, request.path(), request_id));
  response.status = error.status;
  response.headers.add("x-amz-bucket-region", region);
  if (error.status == 405) response.headers.add("Allow", "GET, HEAD");
  if (error.status == 416)
    for (const auto& [name, text] : error.more)
      if (name == "ActualObjectSize") response.headers.add("Content-Range", "bytes */" + text);
  // Clients take what follows an error to HEAD for the next answer.
  if (request.method == "HEAD") response.body.clear();
  return response;
}

template <class Ask>
Response Gateway::finish(const Request& request, Ask ask) const {
  const std::string request_id = random_hex(16);
  std::variant<Response, S3Error> answer;
  try {
    answer = ask();
  } catch (const Error& error) {
    answer = error_of(error);
  } catch (const std::bad_alloc&) {
    answer = S3Error{503, "SlowDown", "the server is out of memory"};
  } catch (const std::exception& error) {
    answer = S3Error{500, "InternalError", error.what()};
  }
  Response response = std::holds_alternative<Response>(answer)
                          ? std::get<Response>(std::move(answer))
                          : error_answer(std::get<S3Error>(answer), request, request_id);
  HttpHeaders& headers = response.headers;
  headers.add("x-amz-request-id", request_id);
  headers.add("Date", http_date(std::chrono::system_clock::now()));
  headers.set("X-Content-Type-Options", "nosniff");
  if (!headers.contains("Content-Security-Policy"))
    headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  return response;
}

bool Gateway::knows_host(const Request& request) const {
  const std::string_view host = request.headers.get("Host");
  if (api_.access().knows_host(host)) return true;
  const std::string name = host_name(host);
  return !place_.domain.empty() && (name == place_.domain || name.ends_with("." + place_.domain));
}

std::variant<Gateway::Admitted, S3Error> Gateway::let_in(const Request& request) const {
  if (!api_.access().lets_past_proxy(request.peer))
    return S3Error{403, "AccessDenied", "this server answers its proxy only"};
  if (!knows_host(request))
    return S3Error{421, "InvalidRequest",
                   fmt::format("this server does not know itself as \"{}\": start it with --host "
                               "NAME or --s3-domain NAME",
                               to_utf8(request.headers.get("Host")))};
  std::variant<S3Request, S3Error> parsed = parse_s3_request(request, place_);
  if (auto* error = std::get_if<S3Error>(&parsed)) return std::move(*error);
  S3Request& meant = std::get<S3Request>(parsed);
  std::variant<Caller, S3Error> caller =
      find_signer(api_.settings(), meant, std::chrono::system_clock::now());
  if (auto* error = std::get_if<S3Error>(&caller)) return std::move(*error);
  if (request.method != "GET" && request.method != "HEAD")
    return S3Error{405,
                   "MethodNotAllowed",
                   "buckets of this server are read only: grid datastore create makes versions",
                   {{"Method", request.method}}};
  return Admitted{std::move(meant), std::get<Caller>(std::move(caller))};
}

std::variant<Response, S3Error> Gateway::answer_admitted(const Admitted& admitted) {
  const S3Request& request = admitted.request;
  const S3Call call{request, admitted.caller, api_, versions_};
  if (request.bucket.empty()) {
    if (std::optional<Answer> answer = answer_subresource(request)) return *std::move(answer);
    return answer_service(call);
  }
  // For a bucket that a key does not reach, the answer is as if it did not exist.
  if (!dataset::is_datastore_name(request.bucket) || !call.caller.may_see(request.bucket) ||
      api_.find_store() == nullptr)
    return no_such_bucket(request.bucket);
  if (!request.key.empty()) return answer_object(call);
  return answer_bucket(call);
}

Admission Gateway::admit(const Request& head) {
  return {.refusal = finish(head, [&]() -> std::variant<Response, S3Error> {
            std::variant<Admitted, S3Error> admitted = let_in(head);
            if (auto* error = std::get_if<S3Error>(&admitted)) return std::move(*error);
            return S3Error{400, "InvalidRequest", "this request takes no body"};
          })};
}

Response Gateway::answer(const Request& request) {
  const auto began = std::chrono::steady_clock::now();
  Response response = finish(request, [&]() -> std::variant<Response, S3Error> {
    std::variant<Admitted, S3Error> admitted = let_in(request);
    if (auto* error = std::get_if<S3Error>(&admitted)) return std::move(*error);
    return answer_admitted(std::get<Admitted>(admitted));
  });
  api_.note(request, "/s3", "", began, response);
  return response;
}

}  // namespace grid::server::s3
