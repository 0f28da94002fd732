#include "net/public_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace grid::net {

namespace {

struct Network4 {
  std::uint32_t address;
  unsigned prefix;  // bits
};

// RFC 6890 and its successors.
constexpr std::array<Network4, 14> networks_not_public = {{
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // behind a provider's translation
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // relays to IPv6
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 3},   // many receivers, and reserved
}};

bool is_public(std::uint32_t address) {
  return std::none_of(networks_not_public.begin(), networks_not_public.end(),
                      [&](const Network4& network) {
                        return (address ^ network.address) >> (32 - network.prefix) == 0;
                      });
}

bool is_public(const in6_addr& address) {
  const auto* bytes = address.s6_addr;
  if ((bytes[0] & 0xe0) != 0x20) return false;  // 2000::/3 is all that was given out
  const auto begins = [&](std::initializer_list<std::uint8_t> prefix) {
    return std::equal(prefix.begin(), prefix.end(), bytes);
  };
  return !begins({0x20, 0x02}) &&              // 6to4: an IPv4 address is inside
         !begins({0x20, 0x01, 0x00, 0x00}) &&  // Teredo: the same
         !begins({0x20, 0x01, 0x0d, 0xb8}) &&  // documentation
         !begins({0x3f, 0xff});                // documentation
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in four;
    std::memcpy(&four, &address, sizeof four);
    return is_public(ntohl(four.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 six;
    std::memcpy(&six, &address, sizeof six);
    return is_public(six.sin6_addr);
  }
  return false;
}

}  // namespace grid::net
