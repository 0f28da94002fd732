// AWS Signature Version 4, as the servers of S3 and STS check it.
// Source: AWS General Reference, "Signature Version 4 signing process".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace grid::net {

struct AwsCredentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // empty for permanent credentials
  std::optional<std::chrono::system_clock::time_point> expires{};

  bool operator==(const AwsCredentials&) const = default;
};

struct SigningScope {
  std::string region;
  std::string service;  // "s3", "sts"
  std::chrono::system_clock::time_point time;
};

// Signs the request as it is: method, URL, all headers, and the body by its digest, so that a
// server refuses altered bytes. Adds the headers x-amz-date, x-amz-security-token, for S3
// x-amz-content-sha256, and Authorization; change nothing afterwards. The URL's path and query must
// be encoded by percent_encode().
void sign(HttpRequest& request, const AwsCredentials& credentials, const SigningScope& scope);

std::string sha256_hex(BytesView data);

}  // namespace grid::net
