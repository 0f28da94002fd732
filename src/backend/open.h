// From what a person writes as --store to a backend.
#pragma once

#include <memory>
#include <string_view>

#include "backend/backend.h"
#include "net/aws_settings.h"
#include "net/http.h"

namespace grid::backend {

// How servers are reached, for stores that are on one.
struct OpenOptions {
  net::HttpOptions http{};
  net::AwsSettings aws{};
  net::RetryPolicy retries{};
};

// `location` is a path, a file:// URL or s3://BUCKET[/PREFIX]. Throws `invalid_argument` for any
// other scheme, naming it. Nothing is made, touched or asked for.
std::unique_ptr<Backend> open(std::string_view location, const OpenOptions& options = {});

}  // namespace grid::backend
