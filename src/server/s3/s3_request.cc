#include "server/s3/s3_request.h"

#include <algorithm>

#include "base/text.h"
#include "net/url.h"

namespace grid::server::s3 {

std::string host_name(std::string_view host) {
  std::string name(host.substr(0, host.starts_with('[') ? host.npos : host.find(':')));
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

static bool is_below(std::string_view host, std::string_view domain) {
  return host.size() > domain.size() + 1 && host.ends_with(domain) &&
         host[host.size() - domain.size() - 1] == '.';
}

bool S3Place::has(const Request& request) const {
  if (base.empty()) return true;
  const std::string_view path = request.path();
  if (path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/'))
    return true;
  if (domain.empty()) return false;
  const std::string host = host_name(request.headers.get("Host"));
  return host == domain || is_below(host, domain);
}

bool S3Request::has(std::string_view parameter) const {
  return std::any_of(parameters.begin(), parameters.end(),
                     [&](const auto& one) { return one.first == parameter; });
}

std::string_view S3Request::get(std::string_view parameter) const {
  for (const auto& [name, value] : parameters)
    if (name == parameter) return value;
  return {};
}

// In a query '+' means a space, as in a form.
static std::string decoded_text(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return net::percent_decode(spaced);
}

static bool is_well_encoded(std::string_view text) {
  const auto is_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  for (std::size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 1))
    if (at + 2 >= text.size() || !is_digit(text[at + 1]) || !is_digit(text[at + 2])) return false;
  return true;
}

std::variant<S3Request, S3Error> parse_s3_request(const Request& request, const S3Place& place) {
  const std::string_view raw = request.path();
  S3Request parsed{.http = request, .path = net::percent_decode(raw)};
  if (!raw.starts_with('/') || !is_well_encoded(raw) || !is_well_encoded(request.query_text()) ||
      parsed.path.find('\0') != std::string::npos)
    return S3Error{400, "InvalidURI", "the path or the query is not well encoded"};
  for (std::string_view rest = request.query_text(); !rest.empty();) {
    std::string_view value = take_until(rest, '&');
    if (value.empty()) continue;
    std::string name = decoded_text(take_until(value, '='));
    parsed.parameters.emplace_back(std::move(name), decoded_text(value));
  }
  std::string_view path = parsed.path;
  const std::string host = host_name(request.headers.get("Host"));
  const bool at_domain =
      !place.domain.empty() && (host == place.domain || is_below(host, place.domain));
  if (!at_domain) path.remove_prefix(place.base.size());
  if (path.starts_with('/')) path.remove_prefix(1);
  if (at_domain && host != place.domain)
    parsed.bucket = host.substr(0, host.size() - place.domain.size() - 1);
  else
    parsed.bucket = std::string(take_until(path, '/'));
  parsed.key = std::string(path);
  return parsed;
}

}  // namespace grid::server::s3
