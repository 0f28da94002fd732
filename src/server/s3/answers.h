// What the gateway answers, once it is known who asks.
#pragma once

#include <variant>

#include "server/api.h"
#include "server/s3/open_versions.h"
#include "server/s3/s3_request.h"

namespace grid::server::s3 {

struct S3Call {
  const S3Request& request;
  const Caller& caller;
  const Api& api;
  OpenVersions& versions;
};

using Answer = std::variant<Response, S3Error>;

// To GET and HEAD of what the request names. The caller may see the bucket.
Answer answer_service(const S3Call& call);
Answer answer_bucket(const S3Call& call);
Answer answer_object(const S3Call& call);

// An answer for a parameter that asks for something other than a list or a file, as `?acl` does;
// empty if there is none. None of these ever gives a list.
std::optional<Answer> answer_subresource(const S3Request& request);

Response xml_response(std::string document);
std::string http_date(std::chrono::system_clock::time_point time);
// "2026-11-22T21:54:45.000Z".
std::string iso_time(std::int64_t ns);

// Every region is taken; this is the one that the gateway says.
inline constexpr std::string_view region = "us-east-1";

}  // namespace grid::server::s3
