#include "net/s3_signer.h"

#include <map>

#include "base/hex.h"
#include "base/text.h"
#include "base/utc.h"
#include "net/aws_signature.h"
#include "net/url.h"

namespace grid::net {

namespace {

NamedTexts parameters_of(std::string_view query) {
  NamedTexts parameters;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (value.empty()) continue;
    std::string name(take_until(value, '='));
    parameters.emplace_back(std::move(name), value);
  }
  return parameters;
}

// The Host header as curl writes it: without the scheme's default port.
std::string host_header(const Url& url) {
  const std::string_view port = url.scheme == "https" ? ":443" : ":80";
  return url.host.ends_with(port) ? url.host.substr(0, url.host.size() - port.size()) : url.host;
}

}  // namespace

std::string sha256_hex(BytesView data) { return to_hex(sha256(data)); }

void sign(HttpRequest& request, const AwsCredentials& credentials, const SigningScope& scope) {
  const Url url = parse_url(request.url);
  const SignedScope signed_scope{.time = format_utc(scope.time, "%Y%m%dT%H%M%SZ"),
                                 .region = scope.region,
                                 .service = scope.service};
  SignedRequest signed_request{.method = request.method,
                               .path = url.path.empty() ? "/" : url.path,
                               .parameters = parameters_of(url.query),
                               .headers = {},
                               .body_digest = sha256_hex(request.body)};
  request.headers.set("x-amz-date", signed_scope.time);
  if (scope.service == "s3")
    request.headers.set("x-amz-content-sha256", signed_request.body_digest);
  if (!credentials.session_token.empty())
    request.headers.set("x-amz-security-token", credentials.session_token);

  std::map<std::string, std::string> headers = {{"host", host_header(url)}};
  for (const HttpHeader& header : request.headers) headers[lower_case(header.name)] = header.value;
  signed_request.headers.assign(headers.begin(), headers.end());
  request.headers.set(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  credentials.access_key_id, signed_scope.text(), signed_request.header_names(),
                  aws_signature(signed_request, signed_scope, credentials.secret_access_key)));
}

}  // namespace grid::net
