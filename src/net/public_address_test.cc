#include "net/public_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "net/http.h"

namespace grid::net {
namespace {

bool is_public(const char* text) {
  sockaddr_storage storage{};
  auto* four = reinterpret_cast<sockaddr_in*>(&storage);
  auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, text, &four->sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    EXPECT_EQ(::inet_pton(AF_INET6, text, &six->sin6_addr), 1) << text;
    storage.ss_family = AF_INET6;
  }
  return is_public_address(reinterpret_cast<const sockaddr&>(storage));
}

TEST(PublicAddress, IsNoneOfThisMachineNorOfItsNetworks) {
  for (const char* text :
       {"127.0.0.1",      "127.255.255.254", "0.0.0.0",         "10.1.2.3",   "172.16.0.1",
        "172.31.255.255", "192.168.1.1",     "169.254.169.254", "100.64.0.1", "192.0.0.1",
        "198.18.0.1",     "224.0.0.1",       "255.255.255.255", "::",         "::1",
        "fe80::1",        "fc00::1",         "fd12::1",         "ff02::1",    "::ffff:127.0.0.1",
        "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::",   "2001::1",    "2001:db8::1"})
    EXPECT_FALSE(is_public(text)) << text;
  for (const char* text : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "1.1.1.1",
                           "223.255.255.255", "2606:4700::1111", "2a00::1", "2001:4860::8888"})
    EXPECT_TRUE(is_public(text)) << text;
  EXPECT_FALSE(is_public_address({.sa_family = AF_UNIX, .sa_data = {}}));
}

TEST(PublicAddress, ARequestReachesNoOther) {
  HttpClient client({.public_addresses_only = true});
  // A name leads to an address as well as the address itself does.
  for (const char* url : {"http://127.0.0.1:9/", "http://localhost:9/", "http://[::1]:9/",
                          "http://2130706433:9/", "http://0x7f.1:9/", "http://169.254.169.254/"}) {
    const HttpResult result = client.attempt({.url = url});
    EXPECT_EQ(result.failure, HttpFailure::refused) << url;
    EXPECT_NE(result.detail.find("address"), std::string::npos) << result.detail;
  }
}

}  // namespace
}  // namespace grid::net
