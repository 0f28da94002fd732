#include "server/forwarded.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.h"

namespace grid::server {

static bool is_ip(const std::string& text) {
  in6_addr address;  // large enough for both kinds
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// The last element of a list over all headers of this name.
static std::string last_of(const HttpHeaders& headers, std::string_view name) {
  std::string last;
  for (const net::HttpHeader& header : headers) {
    if (!HttpHeaders{{header.name, ""}}.contains(name)) continue;
    const std::string_view value = header.value;
    last = trimmed(value.substr(value.rfind(',') + 1));
  }
  return last;
}

void apply_forwarded(Request& request, const std::vector<std::string>& proxies) {
  Peer& peer = request.peer;
  if (std::find(proxies.begin(), proxies.end(), peer.address) == proxies.end()) return;
  peer.proxy = peer.address;
  const std::string client = last_of(request.headers, "X-Forwarded-For");
  if (is_ip(client)) peer.address = client;
  const std::string scheme = last_of(request.headers, "X-Forwarded-Proto");
  if (!scheme.empty()) peer.secure = scheme == "https";
}

}  // namespace grid::server
