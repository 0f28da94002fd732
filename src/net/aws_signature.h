// What both ends of AWS Signature Version 4 compute: the one who signs (net/s3_signer.h), and a
// server that checks.
// Source: AWS General Reference, "Signature Version 4 signing process".
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace grid::net {

using Sha256 = std::array<std::byte, 32>;
// Both throw `unsupported` if libcrypto is not installed.
Sha256 sha256(BytesView data);
Sha256 hmac_sha256(BytesView key, std::string_view text);

using NamedTexts = std::vector<std::pair<std::string, std::string>>;

// What is signed of a request.
struct SignedRequest {
  std::string method;
  std::string path;         // percent-encoded; not empty
  NamedTexts parameters;    // of the query, names and values encoded likewise; in any order
  NamedTexts headers;       // by name in lower case, in the order in which the names are signed
  std::string body_digest;  // SHA-256 in hexadecimal, or a text that stands for it

  std::string header_names() const;  // "host;x-amz-date"
};

// When a signature was made, and for what.
struct SignedScope {
  std::string time;  // "20261122T215445Z"
  std::string region;
  std::string service;

  std::string text() const;  // "20261122/us-east-1/s3/aws4_request"
};

// In hexadecimal.
std::string aws_signature(const SignedRequest& request, const SignedScope& scope,
                          std::string_view secret_access_key);

}  // namespace grid::net
