// What S3 servers answer, read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/s3_bucket.h"

namespace grid::net {

struct S3Failure {
  std::string code;  // "NoSuchBucket"; empty where the server does not say
  std::string message;
  std::string region;  // where it says that the bucket is elsewhere
};
S3Failure read_failure(const HttpResponse& response);

// Of ListObjectsV2. Throws `unavailable` for what is no such answer.
S3Listing read_listing(BytesView body, std::string_view doing);

// The text of an element anywhere in an answer; empty if there is none.
std::string read_element(BytesView body, const char* name);

}  // namespace grid::net
