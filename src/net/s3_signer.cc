#include "net/s3_signer.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <map>
#include <vector>

#include "base/hex.h"
#include "base/text.h"
#include "base/utc.h"
#include "net/libcrypto.h"
#include "net/url.h"

namespace grid::net {

namespace {

using Sha256 = std::array<std::byte, 32>;

Sha256 sha256(BytesView data) {
  Sha256 digest;
  unsigned size = 0;
  [[maybe_unused]] const int done =
      libcrypto().digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()),
                         &size, libcrypto().sha256(), nullptr);
  assert(done == 1 && size == digest.size());
  return digest;
}

Sha256 hmac(BytesView key, std::string_view text) {
  Sha256 code;
  unsigned size = 0;
  [[maybe_unused]] const unsigned char* done =
      libcrypto().hmac(libcrypto().sha256(), key.data(), static_cast<int>(key.size()),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       reinterpret_cast<unsigned char*>(code.data()), &size);
  assert(done != nullptr && size == code.size());
  return code;
}

// The parameters sorted, each with '='.
std::string canonical_query(std::string_view query) {
  std::vector<std::string> parameters;
  while (!query.empty()) {
    std::string parameter(take_until(query, '&'));
    if (parameter.empty()) continue;
    if (parameter.find('=') == parameter.npos) parameter += '=';
    parameters.push_back(std::move(parameter));
  }
  std::sort(parameters.begin(), parameters.end());
  return fmt::format("{}", fmt::join(parameters, "&"));
}

// Without blanks at either end, and with runs of blanks collapsed to one space.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (char c : value)
    if ((c != ' ' && c != '\t') || (!out.empty() && out.back() != ' ')) out += c == '\t' ? ' ' : c;
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// The Host header as curl writes it: without the scheme's default port.
std::string host_header(const Url& url) {
  const std::string_view port = url.scheme == "https" ? ":443" : ":80";
  return url.host.ends_with(port) ? url.host.substr(0, url.host.size() - port.size()) : url.host;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

std::string sha256_hex(BytesView data) { return to_hex(sha256(data)); }

void sign(HttpRequest& request, const AwsCredentials& credentials, const SigningScope& scope) {
  const Url url = parse_url(request.url);
  const std::string body_digest = sha256_hex(request.body);
  const std::string time = format_utc(scope.time, "%Y%m%dT%H%M%SZ");
  request.headers.set("x-amz-date", time);
  if (scope.service == "s3") request.headers.set("x-amz-content-sha256", body_digest);
  if (!credentials.session_token.empty())
    request.headers.set("x-amz-security-token", credentials.session_token);

  std::map<std::string, std::string> headers = {{"host", host_header(url)}};
  for (const HttpHeader& header : request.headers)
    headers[lower(header.name)] = canonical_value(header.value);
  std::string header_lines, header_names;
  for (const auto& [name, value] : headers) {
    header_lines += name + ":" + value + "\n";
    header_names += (header_names.empty() ? "" : ";") + name;
  }
  const std::string canonical_request =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, url.path.empty() ? "/" : url.path,
                  canonical_query(url.query), header_lines, header_names, body_digest);

  const std::string day = time.substr(0, 8);
  const std::string within = fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", time, within,
                                          sha256_hex(as_bytes(canonical_request)));
  Sha256 key = hmac(as_bytes("AWS4" + credentials.secret_access_key), day);
  for (std::string_view part : {std::string_view(scope.region), std::string_view(scope.service),
                                std::string_view("aws4_request")})
    key = hmac(key, part);
  request.headers.set(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  credentials.access_key_id, within, header_names, to_hex(hmac(key, to_sign))));
}

}  // namespace grid::net
