#include "net/s3_signer.h"

#include <gtest/gtest.h>

#include "net/url.h"

namespace grid::net {
namespace {

std::chrono::system_clock::time_point at(const char* http_date) {
  return parse_http_date(http_date).value();
}

std::string signature_of(HttpRequest request, const AwsCredentials& credentials,
                         const SigningScope& scope) {
  sign(request, credentials, scope);
  std::string_view header = request.headers.get("Authorization");
  return std::string(header.substr(header.rfind('=') + 1));
}

// The signatures that AWS publishes in "Signature Calculations for the Authorization Header:
// Transferring Payload in a Single Chunk" (Amazon S3 API Reference).
const AwsCredentials s3_user{.access_key_id = "AKIAIOSFODNN7EXAMPLE",
                             .secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
const SigningScope s3_scope{"us-east-1", "s3", at("Fri, 24 May 2013 00:00:00 GMT")};
const std::string s3_host = "https://examplebucket.s3.amazonaws.com";

TEST(S3SignerTest, SignsAGetOfARangeAsPublished) {
  EXPECT_EQ(signature_of({.url = s3_host + "/test.txt", .headers = {{"Range", "bytes=0-9"}}},
                         s3_user, s3_scope),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3SignerTest, SignsAPutAsPublished) {
  EXPECT_EQ(signature_of({.method = "PUT",
                          .url = s3_host + "/" + percent_encode("test$file.text", Slash::keep),
                          .headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                      {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                          .body = as_bytes("Welcome to Amazon S3.")},
                         s3_user, s3_scope),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3SignerTest, SignsQueriesAsPublished) {
  EXPECT_EQ(signature_of({.url = s3_host + "/?lifecycle"}, s3_user, s3_scope),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  for (const char* query : {"/?max-keys=2&prefix=J", "/?prefix=J&max-keys=2"})
    EXPECT_EQ(signature_of({.url = s3_host + query}, s3_user, s3_scope),
              "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// get-vanilla and post-vanilla of the published "Signature Version 4 test suite".
TEST(S3SignerTest, SignsForOtherServicesAsTheTestSuiteDoes) {
  const AwsCredentials user{.access_key_id = "AKIDEXAMPLE",
                            .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
  const SigningScope scope{"us-east-1", "service", at("Sun, 30 Aug 2015 12:36:00 GMT")};
  EXPECT_EQ(signature_of({.url = "https://example.amazonaws.com/"}, user, scope),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(signature_of({.method = "POST", .url = "https://example.amazonaws.com"}, user, scope),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST(S3SignerTest, ASessionTokenIsSentAndSigned) {
  HttpRequest request{.url = s3_host + "/x"};
  AwsCredentials user = s3_user;
  user.session_token = "token";
  sign(request, user, s3_scope);
  EXPECT_EQ(request.headers.get("x-amz-security-token"), "token");
  EXPECT_NE(request.headers.get("Authorization").find("x-amz-security-token"),
            std::string_view::npos);
}

TEST(S3SignerTest, SendsTheDigestOfTheBody) {
  HttpRequest request{.method = "PUT", .url = s3_host + "/x", .body = as_bytes("abc")};
  sign(request, s3_user, s3_scope);
  EXPECT_EQ(request.headers.get("x-amz-content-sha256"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(S3SignerTest, TheDefaultPortIsNotPartOfTheHost) {
  EXPECT_EQ(signature_of({.url = "https://example.org:443/x"}, s3_user, s3_scope),
            signature_of({.url = "https://example.org/x"}, s3_user, s3_scope));
  EXPECT_NE(signature_of({.url = "https://example.org:8443/x"}, s3_user, s3_scope),
            signature_of({.url = "https://example.org/x"}, s3_user, s3_scope));
}

}  // namespace
}  // namespace grid::net
