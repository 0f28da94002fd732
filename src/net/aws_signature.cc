#include "net/aws_signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/hex.h"
#include "net/libcrypto.h"

namespace grid::net {

Sha256 sha256(BytesView data) {
  Sha256 digest;
  unsigned size = 0;
  [[maybe_unused]] const int done =
      libcrypto().digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()),
                         &size, libcrypto().sha256(), nullptr);
  assert(done == 1 && size == digest.size());
  return digest;
}

Sha256 hmac_sha256(BytesView key, std::string_view text) {
  Sha256 code;
  unsigned size = 0;
  [[maybe_unused]] const unsigned char* done =
      libcrypto().hmac(libcrypto().sha256(), key.data(), static_cast<int>(key.size()),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       reinterpret_cast<unsigned char*>(code.data()), &size);
  assert(done != nullptr && size == code.size());
  return code;
}

// Without blanks at either end, and with runs of blanks collapsed to one space.
static std::string canonical_value(std::string_view value) {
  std::string out;
  for (char c : value)
    if ((c != ' ' && c != '\t') || (!out.empty() && out.back() != ' ')) out += c == '\t' ? ' ' : c;
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string SignedRequest::header_names() const {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

static std::string canonical_text(const SignedRequest& request) {
  NamedTexts parameters = request.parameters;
  std::sort(parameters.begin(), parameters.end());
  std::string query, headers;
  for (const auto& [name, value] : parameters)
    query += (query.empty() ? "" : "&") + name + "=" + value;
  for (const auto& [name, value] : request.headers)
    headers += name + ":" + canonical_value(value) + "\n";
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path, query, headers,
                     request.header_names(), request.body_digest);
}

std::string SignedScope::text() const {
  return fmt::format("{}/{}/{}/aws4_request", time.substr(0, 8), region, service);
}

std::string aws_signature(const SignedRequest& request, const SignedScope& scope,
                          std::string_view secret_access_key) {
  const std::string to_sign = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", scope.time, scope.text(),
                                          to_hex(sha256(as_bytes(canonical_text(request)))));
  const std::string secret = fmt::format("AWS4{}", secret_access_key);
  Sha256 key = hmac_sha256(as_bytes(secret), std::string_view(scope.time).substr(0, 8));
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")})
    key = hmac_sha256(key, part);
  return to_hex(hmac_sha256(key, to_sign));
}

}  // namespace grid::net
