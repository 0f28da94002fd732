// How servers are reached, those of stores as well as those of sources.
#pragma once

#include <functional>
#include <string_view>

#include "net/aws_settings.h"
#include "net/http.h"
#include "net/retry.h"

namespace grid::net {

struct ServerOptions {
  HttpOptions http{};
  AwsSettings aws{};
  RetryPolicy retries{};
  // Is told what the user should know besides the result: that a store cannot be reached, and how
  // old is what is known of it. May be called from any thread.
  std::function<void(std::string_view sentence)> warn{};
  // The token for a grid server with this URL; "" if there is none. Null: for no server.
  std::function<std::string(const std::string& url)> token_for{};
};

}  // namespace grid::net
