// A request as S3 means it: which bucket, which key, with which parameters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "net/aws_signature.h"
#include "server/message.h"
#include "server/s3/s3_error.h"

namespace grid::server::s3 {

// Where the gateway is found.
struct S3Place {
  std::string base = "/s3";  // what comes before the bucket in a path; empty: nothing
  // "s3.example": hosts below it name a bucket, and at itself paths begin with the bucket; empty:
  // buckets are in paths only.
  std::string domain{};

  // Whether a request is for S3.
  bool has(const Request& request) const;
};

struct S3Request {
  const Request& http;
  std::string path;              // all of it, decoded once: what is signed and what is looked up
  std::string bucket{};          // empty: the list of buckets is meant
  std::string key{};             // empty: the bucket itself is meant
  net::NamedTexts parameters{};  // decoded

  bool has(std::string_view parameter) const;
  // The first of that name; empty if it is not there.
  std::string_view get(std::string_view parameter) const;
};

std::variant<S3Request, S3Error> parse_s3_request(const Request& request, const S3Place& place);

// The host's name of a `Host` header in lower case, without the port.
std::string host_name(std::string_view host);

}  // namespace grid::server::s3
