#include "server/forwarded.h"

#include <gtest/gtest.h>

namespace grid::server {
namespace {

Peer peer_after(const std::string& from, HttpHeaders headers) {
  Request request{.method = "GET", .target = "/", .headers = std::move(headers), .peer = {from}};
  apply_forwarded(request, {"10.0.0.1", "::1"});
  return request.peer;
}

TEST(ForwardedTest, BelievesTheProxyAboutItsClient) {
  const Peer peer =
      peer_after("10.0.0.1", {{"X-Forwarded-For", "6.6.6.6"}, {"X-Forwarded-Proto", "https"}});
  EXPECT_EQ(peer.address, "6.6.6.6");
  EXPECT_TRUE(peer.secure);
  EXPECT_EQ(peer.proxy, "10.0.0.1");
  EXPECT_EQ(peer_after("::1", {{"x-forwarded-for", "2001:db8::2"}}).address, "2001:db8::2");
}

TEST(ForwardedTest, BelievesNobodyElse) {
  const Peer peer =
      peer_after("10.0.0.2", {{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-Proto", "https"}});
  EXPECT_EQ(peer.address, "10.0.0.2");
  EXPECT_FALSE(peer.secure);
  EXPECT_EQ(peer.proxy, "");
}

TEST(ForwardedTest, TakesWhatTheProxyAddedAndNotWhatTheClientSent) {
  EXPECT_EQ(peer_after("10.0.0.1", {{"X-Forwarded-For", "127.0.0.1, 6.6.6.6"}}).address, "6.6.6.6");
  EXPECT_EQ(
      peer_after("10.0.0.1", {{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-For", "6.6.6.6"}})
          .address,
      "6.6.6.6");
  EXPECT_FALSE(peer_after("10.0.0.1", {{"X-Forwarded-Proto", "https, http"}}).secure);
}

TEST(ForwardedTest, KeepsTheProxysAddressWhereTheClientsIsNone) {
  for (const char* nonsense : {"", "unknown", "1.2.3.4:80", "<script>"})
    EXPECT_EQ(peer_after("10.0.0.1", {{"X-Forwarded-For", nonsense}}).address, "10.0.0.1");
}

}  // namespace
}  // namespace grid::server
