#include "net/url.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace grid::net {
namespace {

TEST(UrlTest, HasParts) {
  Url url = parse_url("HTTPS://ann:secret@example.org:8443/a%20b/c.tar?x=1&y=2#part");
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.user_info, "ann:secret");
  EXPECT_EQ(url.host, "example.org:8443");
  EXPECT_EQ(url.path, "/a%20b/c.tar");
  EXPECT_EQ(url.query, "x=1&y=2");
  EXPECT_EQ(url.origin(), "https://example.org:8443");
  EXPECT_EQ(parse_url("http://[::1]:80?q").host, "[::1]:80");
  EXPECT_EQ(parse_url("http://host").path, "");
}

TEST(UrlTest, RefusesInvalidUrls) {
  for (const char* text :
       {"", "file", "://host", "http://", "http:///path", "http://a b/", "http://host/\r\nX: y"})
    EXPECT_THROW(parse_url(text), Error) << text;
}

TEST(UrlTest, IsShownWithoutSecrets) {
  EXPECT_EQ(shown("https://ann:secret@host/path?X-Amz-Signature=abc#f"), "https://host/path");
  EXPECT_EQ(shown("https://host/a@b"), "https://host/a@b");
  EXPECT_EQ(shown("https://host?token=1"), "https://host");
  EXPECT_EQ(shown("https://a:b@c@host"), "https://host");
}

TEST(UrlTest, OnlyKnownSchemesLoseTheirCapitals) {
  EXPECT_EQ(with_plain_scheme("HTTPS://Host/Path"), "https://Host/Path");
  EXPECT_EQ(with_plain_scheme("S3://bucket/Key"), "s3://bucket/Key");
  for (const char* text : {"https://host", "Data", "Data://x", "HTTP:/x", "", "://", "HTTP"})
    EXPECT_EQ(with_plain_scheme(text), text);
}

TEST(UrlTest, EncodesStrictlyAndDecodesAll) {
  EXPECT_EQ(percent_encode("a b/\xc3\xa9*+~%41", Slash::keep), "a%20b/%C3%A9%2A%2B~%2541");
  EXPECT_EQ(percent_encode("a/b", Slash::encode), "a%2Fb");
  EXPECT_EQ(percent_decode("a%20b%2f%C3%A9%zz%4"), "a b/\xc3\xa9%zz%4");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all, Slash::encode)), all);
}

TEST(Url, IsKeptWithoutSecrets) {
  for (const auto& [url, kept] : std::vector<std::pair<std::string, std::string>>{
           {"https://host/a.tar?b=c&d", "https://host/a.tar?b=c&d"},
           {"https://ann:pw@host/a.tar", "https://host/a.tar"},
           {"--source=train=http://ann@host:8080/x?y=z", "--source=train=http://host:8080/x?y=z"},
           {"https://b.s3.amazonaws.com/k?versionId=7&X-Amz-Algorithm=AWS4-HMAC-SHA256&"
            "X-Amz-Credential=AKID%2F1&x-amz-date=1&X-Amz-Security-Token=t&X-Amz-Signature=s",
            "https://b.s3.amazonaws.com/k?versionId=7"},
           {"https://h/k?AWSAccessKeyId=a&Expires=1&Signature=s", "https://h/k"},
           {"https://a.blob.core.windows.net/c/b?sv=1&se=2&sp=r&sig=s",
            "https://a.blob.core.windows.net/c/b"},
           {"https://h/k?Expires=1&se=2", "https://h/k?Expires=1&se=2"},
           {"https://h/k?access_token=t&page=2#top", "https://h/k?page=2#top"},
           {"https://h?token=t", "https://h"},
           {"see https://ann:pw@h/x and http://h/y?sig=1, all",
            "see https://h/x and http://h/y all"},
           {"a@b?token=c", "a@b?token=c"},
           {"./cats", "./cats"}})
    EXPECT_EQ(without_secrets(url), kept) << url;
}

}  // namespace
}  // namespace grid::net
