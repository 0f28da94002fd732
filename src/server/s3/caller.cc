#include "server/s3/caller.h"

#include <algorithm>

#include "base/text.h"
#include "base/utc.h"
#include "net/s3_signer.h"
#include "net/url.h"
#include "service/tokens.h"

namespace grid::server::s3 {

namespace {

using TimePoint = std::chrono::system_clock::time_point;

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view unsigned_body = "UNSIGNED-PAYLOAD";

// What a request says of its signature, in either form.
struct Claim {
  bool in_query = false;
  std::string access_key_id;
  net::SignedScope scope;
  std::vector<std::string> header_names;
  std::string signature;
  std::string body_digest;
  TimePoint time;
  std::chrono::seconds lasts{};  // in the query
};

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

bool names_in_query(const S3Request& request, std::string_view name) {
  return std::any_of(request.parameters.begin(), request.parameters.end(),
                     [&](const auto& one) { return equals_ignoring_case(one.first, name); });
}

// "20261122T215445Z".
std::optional<TimePoint> parse_amz_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  return parse_rfc3339(fmt::format("{}-{}-{}T{}:{}:{}Z", text.substr(0, 4), text.substr(4, 2),
                                   text.substr(6, 2), text.substr(9, 2), text.substr(11, 2),
                                   text.substr(13, 2)));
}

// Takes "KEY/20261122/REGION/s3/aws4_request", whose day must be that of the time; false if it is
// something else.
bool take_credential(std::string_view credential, Claim& claim) {
  if (std::count(credential.begin(), credential.end(), '/') != 4) return false;
  claim.access_key_id = std::string(take_until(credential, '/'));
  const std::string_view day = take_until(credential, '/');
  claim.scope.region = std::string(take_until(credential, '/'));
  claim.scope.service = std::string(take_until(credential, '/'));
  return day == claim.scope.time.substr(0, 8) && !claim.scope.region.empty() &&
         claim.scope.service == "s3" && credential == "aws4_request";
}

void take_header_names(std::string_view names, Claim& claim) {
  while (!names.empty()) claim.header_names.emplace_back(take_until(names, ';'));
}

S3Error malformed_header(std::string_view why) {
  return {400, "AuthorizationHeaderMalformed",
          fmt::format("the header Authorization {}: it is {} Credential=…, SignedHeaders=…, "
                      "Signature=…, with x-amz-date of the same day",
                      why, algorithm)};
}

std::variant<Claim, S3Error> claim_of_header(const S3Request& request) {
  const HttpHeaders& headers = request.http.headers;
  std::string_view rest = headers.get("Authorization");
  if (take_until(rest, ' ') != algorithm)
    return S3Error{400, "InvalidRequest",
                   "this kind of authorization is not supported: sign with AWS4-HMAC-SHA256"};
  std::string_view credential, names, signature;
  while (!rest.empty()) {
    std::string_view value = trimmed(take_until(rest, ','));
    const std::string_view name = take_until(value, '=');
    std::string_view* const part = name == "Credential"      ? &credential
                                   : name == "SignedHeaders" ? &names
                                   : name == "Signature"     ? &signature
                                                             : nullptr;
    if (part == nullptr || !part->empty()) return malformed_header("has a part too many");
    *part = value;
  }
  Claim claim;
  claim.scope.time = std::string(headers.get("x-amz-date"));
  const std::optional<TimePoint> time = parse_amz_time(claim.scope.time);
  if (!time) return S3Error{403, "AccessDenied", "a signed request needs the header x-amz-date"};
  claim.time = *time;
  if (!take_credential(credential, claim) || names.empty() || signature.empty())
    return malformed_header("is incomplete or for another service or day");
  take_header_names(names, claim);
  claim.signature = std::string(signature);
  claim.body_digest = std::string(headers.get("x-amz-content-sha256"));
  // curl before 8 leaves the header out, and signs the digest of its body; readers have none.
  if (claim.body_digest.empty()) claim.body_digest = net::sha256_hex({});
  return claim;
}

S3Error malformed_query(std::string_view why) {
  return {400, "AuthorizationQueryParametersError", std::string(why)};
}

std::variant<Claim, S3Error> claim_of_query(const S3Request& request) {
  for (const char* name : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                           "X-Amz-SignedHeaders", "X-Amz-Signature"})
    if (std::count_if(request.parameters.begin(), request.parameters.end(),
                      [&](const auto& one) { return one.first == name; }) != 1)
      return malformed_query(fmt::format("the query must have {} once", name));
  if (request.get("X-Amz-Algorithm") != algorithm)
    return malformed_query("X-Amz-Algorithm must be AWS4-HMAC-SHA256");
  Claim claim{.in_query = true};
  claim.scope.time = std::string(request.get("X-Amz-Date"));
  const std::optional<TimePoint> time = parse_amz_time(claim.scope.time);
  if (!time) return malformed_query("X-Amz-Date must look like 20261122T215445Z");
  claim.time = *time;
  if (!take_credential(request.get("X-Amz-Credential"), claim))
    return malformed_query("X-Amz-Credential is incomplete or for another service or day");
  const auto lasts = parse_number<std::uint32_t>(request.get("X-Amz-Expires"));
  if (!lasts || *lasts == 0 || std::chrono::seconds(*lasts) > presigned_max)
    return malformed_query("X-Amz-Expires must be from 1 to 604800 seconds, which are 7 days");
  claim.lasts = std::chrono::seconds(*lasts);
  take_header_names(request.get("X-Amz-SignedHeaders"), claim);
  claim.signature = std::string(request.get("X-Amz-Signature"));
  const std::string_view digest = request.http.headers.get("x-amz-content-sha256");
  claim.body_digest = std::string(digest.empty() ? unsigned_body : digest);
  return claim;
}

std::optional<S3Error> refuse_time(const Claim& claim, TimePoint now) {
  const bool is_early = claim.time > now + clock_skew_max;
  if (claim.in_query) {
    if (is_early) return S3Error{403, "AccessDenied", "this request is not valid yet"};
    if (now > claim.time + claim.lasts)
      return S3Error{403, "AccessDenied", "this request has expired"};
  } else if (is_early || claim.time < now - clock_skew_max) {
    return S3Error{403,
                   "RequestTimeTooSkewed",
                   "the clocks of client and server differ by more than 15 minutes",
                   {{"RequestTime", claim.scope.time},
                    {"ServerTime", format_rfc3339(now)},
                    {"MaxAllowedSkewMilliseconds", "900000"}}};
  }
  return std::nullopt;
}

// The headers that were signed, as they arrived; an error if one that matters was not.
std::variant<net::NamedTexts, S3Error> signed_headers(const S3Request& request,
                                                      const Claim& claim) {
  const auto is_signed = [&](std::string_view name) {
    return std::any_of(claim.header_names.begin(), claim.header_names.end(),
                       [&](const std::string& one) { return equals_ignoring_case(name, one); });
  };
  if (!is_signed("host")) return S3Error{403, "AccessDenied", "the header host must be signed"};
  static constexpr std::string_view amz = "x-amz-";
  for (const net::HttpHeader& header : request.http.headers)
    if (equals_ignoring_case(std::string_view(header.name).substr(0, amz.size()), amz) &&
        !is_signed(header.name))
      return S3Error{403,
                     "AccessDenied",
                     "a header of the request is not signed",
                     {{"HeadersNotSigned", header.name}}};
  net::NamedTexts headers;
  for (const std::string& name : claim.header_names) {
    std::string values;
    bool is_there = false;
    for (const net::HttpHeader& header : request.http.headers) {
      if (!equals_ignoring_case(header.name, name)) continue;
      if (is_there) values += ',';
      values += header.value;
      is_there = true;
    }
    headers.emplace_back(name, std::move(values));
  }
  return headers;
}

std::string signature_of(const S3Request& request, const Claim& claim, net::NamedTexts headers,
                         std::string_view secret) {
  net::SignedRequest to_sign{.method = request.http.method,
                             .path = net::percent_encode(request.path, net::Slash::keep),
                             .parameters = {},
                             .headers = std::move(headers),
                             .body_digest = claim.body_digest};
  for (const auto& [name, value] : request.parameters)
    if (!claim.in_query || name != "X-Amz-Signature")
      to_sign.parameters.emplace_back(net::percent_encode(name, net::Slash::encode),
                                      net::percent_encode(value, net::Slash::encode));
  return net::aws_signature(to_sign, claim.scope, secret);
}

std::variant<Claim, S3Error> claim_of(const S3Request& request) {
  const HttpHeaders& headers = request.http.headers;
  const bool in_query = names_in_query(request, "X-Amz-Signature") ||
                        names_in_query(request, "X-Amz-Algorithm") ||
                        names_in_query(request, "X-Amz-Credential");
  const auto in_header =
      std::count_if(headers.begin(), headers.end(), [](const net::HttpHeader& header) {
        return equals_ignoring_case(header.name, "Authorization");
      });
  if (in_header > 1 || (in_header == 1 && in_query))
    return invalid_argument(
        "the request is signed twice: sign it in the header Authorization, or "
        "in the query");
  if (in_header == 1) return claim_of_header(request);
  if (in_query) return claim_of_query(request);
  if (names_in_query(request, "AWSAccessKeyId") || names_in_query(request, "Signature"))
    return S3Error{400, "InvalidRequest",
                   "Signature Version 2 is not supported: sign with AWS4-HMAC-SHA256"};
  return S3Error{403, "AccessDenied",
                 "the request is not signed: grid token create --s3 makes an access key"};
}

}  // namespace

std::variant<Caller, S3Error> find_signer(const service::Settings& settings,
                                          const S3Request& request, TimePoint now) {
  std::variant<Claim, S3Error> claimed = claim_of(request);
  if (auto* error = std::get_if<S3Error>(&claimed)) return std::move(*error);
  const Claim& claim = std::get<Claim>(claimed);
  if (!request.http.headers.get("x-amz-security-token").empty() ||
      names_in_query(request, "X-Amz-Security-Token"))
    return S3Error{400, "InvalidToken", "access keys of this server have no session token"};
  const std::optional<service::S3Key> key = service::find_s3_key(settings, claim.access_key_id);
  if (!key)
    return S3Error{403, "InvalidAccessKeyId",
                   "there is no such access key, or it was revoked or has expired"};
  if (std::optional<S3Error> error = refuse_time(claim, now)) return *std::move(error);
  std::variant<net::NamedTexts, S3Error> headers = signed_headers(request, claim);
  if (auto* error = std::get_if<S3Error>(&headers)) return std::move(*error);
  const std::string expected = signature_of(
      request, claim, std::get<net::NamedTexts>(std::move(headers)), key->secret_access_key);
  // What is compared are digests, so the time that it takes tells nothing of the signature.
  if (digest_of(as_bytes(expected)) != digest_of(as_bytes(claim.signature)))
    return S3Error{403, "SignatureDoesNotMatch",
                   "the signature is another one: the secret may be wrong, or a proxy has changed "
                   "the path or a signed header, such as Host"};
  const bool reads = request.http.method == "GET" || request.http.method == "HEAD";
  if (reads && claim.body_digest != unsigned_body &&
      claim.body_digest != net::sha256_hex(as_bytes(request.http.body)))
    return S3Error{400, "XAmzContentSHA256Mismatch", "the request has another body than it says"};
  return Caller{
      .role = key->token.role, .datastores = key->token.datastores, .token_id = key->token.id};
}

}  // namespace grid::server::s3
