// How the S3 gateway refuses: errors by the codes that clients of S3 know.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace grid::server::s3 {

struct S3Error {
  int status = 500;
  std::string_view code;  // "NoSuchKey"
  std::string message;
  std::vector<std::pair<std::string, std::string>> more{};  // further elements of the document
};

S3Error no_such_bucket(std::string_view bucket);
S3Error no_such_key(std::string_view key);
S3Error invalid_argument(std::string message);
S3Error not_implemented(std::string_view what);
S3Error error_of(const Error& error);

// With `resource`, such as "/cats/3/a.txt".
std::string error_document(const S3Error& error, std::string_view resource,
                           std::string_view request_id);

}  // namespace grid::server::s3
