// Which addresses belong to the internet at large: a server that fetches what its users name must
// not be led to what only it can reach.
#pragma once

#include <sys/socket.h>

namespace grid::net {

// False for addresses of this machine, of private networks, of the link (where clouds keep their
// credentials), of many receivers, for tunnels that lead to such, and for what is not IP.
bool is_public_address(const sockaddr& address);

}  // namespace grid::net
