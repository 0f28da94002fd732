#include "net/url.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/error.h"
#include "base/hex.h"
#include "base/text.h"

namespace grid::net {

static bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c <= ' ' || c == 127; });
}

Url parse_url(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == text.npos || scheme_end == 0)
    fail(ErrorKind::invalid_argument, "{} is not a URL: it has no scheme such as https://", text);
  Url url;
  url.scheme = lower_case(text.substr(0, scheme_end));
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const std::size_t host_end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, host_end);
  rest.remove_prefix(host_end);
  if (const std::size_t at = authority.rfind('@'); at != authority.npos) {
    url.user_info = std::string(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  url.host = std::string(authority);
  const std::size_t question = rest.find('?');
  url.path = std::string(rest.substr(0, question));
  if (question != rest.npos) url.query = std::string(rest.substr(question + 1));
  if (url.host.empty() || has_control_characters(text))
    fail(ErrorKind::invalid_argument, "{}://{}{} is not a URL: {}", url.scheme, url.host, url.path,
         url.host.empty() ? "it names no host"
                          : "write spaces and control characters as %20 and so on");
  return url;
}

std::string with_plain_scheme(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == text.npos) return std::string(text);
  const std::string scheme = lower_case(text.substr(0, scheme_end));
  for (const char* known : {"http", "https", "s3", "file"})
    if (scheme == known) return scheme + std::string(text.substr(scheme.size()));
  return std::string(text);
}

std::string shown(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == text.npos) return std::string(text);
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  const std::size_t host_end = std::min(rest.find('/'), rest.size());
  const std::size_t at = rest.substr(0, host_end).rfind('@');
  if (at != rest.npos) rest.remove_prefix(at + 1);
  return std::string(text.substr(0, scheme_end + 3)) + std::string(rest);
}

// Parameters that sign a request (AWS, Google, CloudFront) or are as good as a password.
static bool is_secret(std::string_view parameter) {
  static constexpr std::string_view names[] = {"signature",
                                               "sig",
                                               "token",
                                               "access_token",
                                               "refresh_token",
                                               "id_token",
                                               "auth",
                                               "api_key",
                                               "apikey",
                                               "password",
                                               "passwd",
                                               "pwd",
                                               "secret",
                                               "awsaccesskeyid",
                                               "googleaccessid",
                                               "key-pair-id",
                                               "policy",
                                               "credential",
                                               "jwt",
                                               "private_token",
                                               "sessionid"};
  const std::string name = lower_case(parameter.substr(0, parameter.find('=')));
  return name.starts_with("x-amz-") || name.starts_with("x-goog-") ||
         std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Parameters that only go with a signature: how long it holds, and what Azure's `sig` covers.
static bool belongs_to_signature(std::string_view parameter) {
  static constexpr std::string_view names[] = {"expires", "sv",  "ss",  "srt", "sp",    "st",
                                               "se",      "sr",  "spr", "sip", "skoid", "sktid",
                                               "skt",     "ske", "sks", "skv"};
  const std::string name = lower_case(parameter.substr(0, parameter.find('=')));
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

static std::string query_without_secrets(std::string_view query) {
  std::vector<std::string_view> parameters;
  bool is_signed = false;
  while (!query.empty()) {
    parameters.push_back(take_until(query, '&'));
    is_signed = is_signed || is_secret(parameters.back());
  }
  std::string kept;
  for (const std::string_view parameter : parameters) {
    if (is_signed && (is_secret(parameter) || belongs_to_signature(parameter))) continue;
    kept += kept.empty() ? '?' : '&';
    kept += parameter;
  }
  return kept;
}

std::string without_secrets(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == text.npos) return std::string(text);
  const std::size_t begin = scheme_end + 3;
  const auto find_or = [&](std::string_view characters, std::size_t from, std::size_t otherwise) {
    return std::min(text.find_first_of(characters, from), otherwise);
  };
  const std::size_t end = find_or(" \t\r\n\"'<>", begin, text.size());
  const std::size_t fragment = find_or("#", begin, end);
  const std::size_t question = find_or("?", begin, fragment);
  const std::size_t host_end = find_or("/", begin, question);
  const std::size_t at = text.substr(0, host_end).rfind('@');
  const std::size_t host = at == text.npos || at < begin ? begin : at + 1;
  std::string out(text.substr(0, begin));
  out += text.substr(host, question - host);
  if (question < fragment)
    out += query_without_secrets(text.substr(question + 1, fragment - question - 1));
  out += text.substr(fragment, end - fragment);
  if (end < text.size()) out += without_secrets(text.substr(end));
  return out;
}

static bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string percent_encode(std::string_view text, Slash slash) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (is_unreserved(c) || (c == '/' && slash == Slash::keep)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::byte byte;
    if (text[i] == '%' && from_hex(lower_case(text.substr(i + 1, 2)), {&byte, 1})) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace grid::net
