// Requests that a proxy passed on: whom they are really from.
#pragma once

#include <string>
#include <vector>

#include "server/message.h"

namespace grid::server {

// If the request comes from one of `proxies` (IP addresses), its peer becomes the one that this
// proxy names in X-Forwarded-For and X-Forwarded-Proto: the last of each, as what stands before
// came from the client. Nobody else's word is taken.
void apply_forwarded(Request& request, const std::vector<std::string>& proxies);

}  // namespace grid::server
