// What the options of `grid serve` mean: where it listens, and for whom.
#pragma once

#include <optional>
#include <string>

#include "cli/args.h"
#include "server/api.h"
#include "server/http_server.h"

namespace grid::cli {

struct ListenAddress {
  std::string host;  // an IP address
  std::uint16_t port = 0;

  bool is_loopback() const { return host.starts_with("127.") || host == "::1"; }
};

// The value of an option: "127.0.0.1:8080", "[::1]:8080", or either part alone: "8080",
// "127.0.0.1". Throws `invalid_argument`.
ListenAddress parse_listen(const std::string& option, const std::string& value);

// Where the server listens, with TLS if it is wanted. Throws `invalid_argument` if what the user
// wants would show data, or tokens, to the network, or let nobody in.
server::HttpServerOptions server_options(const Settings& settings, const Arguments& arguments,
                                         const ListenAddress& listen);

server::AccessOptions access_options(const Arguments& arguments, const ListenAddress& listen);

// What the server may fetch for those who write: nothing, unless it was said, once other machines
// can reach it.
server::FetchPolicy fetch_policy(const Arguments& arguments, const ListenAddress& listen);

// Each line is written at once, so that several servers can share a file, and one that is turned
// away (logrotate's copytruncate) goes on. A line that cannot be written is lost: the answer is
// not. `path` may be "-", for standard error.
server::AccessLog access_log(const std::optional<std::string>& path);

}  // namespace grid::cli
