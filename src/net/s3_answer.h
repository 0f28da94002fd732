// Parses the answers of S3 servers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/s3_bucket.h"

namespace grid::net {

struct S3Failure {
  std::string code;  // "NoSuchBucket"; empty if the server does not say
  std::string message;
  std::string region;  // of the bucket, if the server says that it is elsewhere
};
S3Failure read_failure(const HttpResponse& response);

// Parses an answer to ListObjectsV2. Throws `unsupported` for anything else.
S3Listing read_listing(BytesView body, std::string_view doing);

// The text of a child of the answer's root element; empty if there is none.
std::string read_element(BytesView body, const char* name);

}  // namespace grid::net
