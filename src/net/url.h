// The parts of a URL, and percent-encoding.
#pragma once

#include <string>
#include <string_view>

namespace grid::net {

struct Url {
  std::string scheme;     // lower case, without "://"
  std::string user_info;  // "user:password", or empty: a secret
  std::string host;       // with the port, if given: "example.org:8080", "[::1]"
  std::string path;       // from the first '/' on, as written; may be empty
  std::string query;      // without '?'

  std::string origin() const { return scheme + "://" + host; }
};

// Throws `invalid_argument` unless `text` is SCHEME://HOST[/PATH][?QUERY]; a fragment is dropped.
Url parse_url(std::string_view text);

// The URL with its scheme in lower case, if it is http, https, s3 or file; any other text as it is.
std::string with_plain_scheme(std::string_view text);

// The URL as messages may show it: without user, password and query, which may hold secrets.
std::string shown(std::string_view url);

// The text with the URLs in it as they may be written to a disk: without user and password, and
// without the parameters that sign a request or stand for a login. What is left still tells the
// object that is meant.
std::string without_secrets(std::string_view text);

enum class Slash { keep, encode };

// Everything but letters, digits and "-._~" as %XX (RFC 3986, and what S3 signs).
std::string percent_encode(std::string_view text, Slash slash);

// A '%' that is not followed by two hexadecimal digits is kept.
std::string percent_decode(std::string_view text);

}  // namespace grid::net
