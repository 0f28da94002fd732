// How servers are reached, those of stores as well as those of sources.
#pragma once

#include "net/aws_settings.h"
#include "net/http.h"
#include "net/retry.h"

namespace grid::net {

struct ServerOptions {
  HttpOptions http{};
  AwsSettings aws{};
  RetryPolicy retries{};
};

}  // namespace grid::net
