#include "net/s3_belief.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "net/md5.h"
#include "net/s3_bucket.h"
#include "tests/support/loopback_server.h"

namespace grid::net {
namespace {

using testing::LoopbackServer;
using Request = LoopbackServer::Request;
using Connection = LoopbackServer::Connection;

constexpr const char* page = "<!DOCTYPE html><html><title>Sign in</title></html>";

// A bucket on a server that answers as the test says.
class S3BeliefTest : public ::testing::Test {
 protected:
  using Answer = std::function<void(const Request&, Connection&, int call)>;

  S3Bucket& serve(Answer answer) {
    answer_ = std::move(answer);
    calls_ = 0;
    bucket_ = std::make_unique<S3Bucket>(
        S3Access::open({}, {.endpoint_url = server_.origin(), .anonymous = true},
                       {.delay_first = std::chrono::milliseconds(1),
                        .delay_max = std::chrono::milliseconds(2)}),
        "bucket");
    return *bucket_;
  }

  // What a call says that must fail; it may take this many requests.
  template <class Body>
  std::string refusal(Body body, ErrorKind kind, int calls_max) {
    try {
      body();
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_LE(calls_, calls_max);
      return error.what();
    }
    return {};
  }

  static void answer_md5(Connection& connection, const std::string& body, const std::string& of,
                         int status = 200) {
    connection.answer(status, body, {"ETag: \"" + md5_hex(as_bytes(of)) + "\""});
  }

  std::atomic<int> calls_ = 0;
  Answer answer_;
  LoopbackServer server_{[this](const Request& request, Connection& connection) {
    answer_(request, connection, ++calls_);
  }};
  std::unique_ptr<S3Bucket> bucket_;
};

TEST_F(S3BeliefTest, AWebPageIsNoAnswerToAnything) {
  for (const int status : {200, 404}) {
    S3Bucket& bucket = serve([&](const Request&, Connection& connection, int) {
      connection.answer(status, page, {"Content-Type: text/html"});
    });
    Bytes out(1000);
    const std::pair<const char*, std::function<void()>> calls[] = {
        {"read", [&] { bucket.find("key"); }},
        {"read part", [&] { bucket.find_part("key", 0, out); }},
        {"read short part", [&] { bucket.find_part("key", 0, MutableBytesView(out).first(5)); }},
        {"list", [&] { bucket.list({}); }},
        {"write", [&] { bucket.create("key", as_bytes("text")); }},
        {"write in parts", [&] { bucket.create_in_parts("key", as_bytes("text"), 2); }},
        {"remove", [&] { bucket.remove("key"); }}};
    for (const auto& [name, call] : calls) {
      calls_ = 0;
      const std::string said = refusal(call, ErrorKind::unsupported, 8);
      EXPECT_NE(said.find("answers with a web page, not as S3"), said.npos) << name << said;
      EXPECT_NE(said.find(server_.origin()), said.npos) << name << said;
    }
  }
}

TEST_F(S3BeliefTest, WhatComesInsteadOfAnObjectIsAskedForAgain) {
  using Send = std::function<void(Connection&)>;
  const std::pair<const char*, Send> instead[] = {
      {"html", [](Connection& c) { c.answer(200, page); }},
      {"error", [](Connection& c) { c.answer(200, "<Error><Code>InternalError</Code></Error>"); }},
      {"nothing", [](Connection& c) { c.answer(200, ""); }},
      {"no ETag", [](Connection& c) { c.answer(200, "text"); }},
      {"portal", [](Connection& c) { c.answer(302, "", {"Location: http://portal/"}); }},
      {"login", [](Connection& c) { c.answer(511, page); }},
      {"gzip", [](Connection& c) { c.answer(200, "\x1f\x8b", {"Content-Encoding: gzip"}); }},
      {"a bit", [](Connection& c) { answer_md5(c, "tezt", "text"); }},
      {"404", [](Connection& c) { c.answer(404, "404 page not found"); }},
      {"503", [](Connection& c) { c.answer(503, page); }}};
  for (const auto& [name, send] : instead) {
    S3Bucket& bucket = serve([&send = send](const Request&, Connection& connection, int call) {
      if (call == 1) return send(connection);
      answer_md5(connection, "text", "text");
    });
    EXPECT_EQ(as_text(bucket.find("key").value()), "text") << name;
    EXPECT_EQ(calls_, 2) << name;
  }
}

TEST_F(S3BeliefTest, BytesThatAreNeverThoseOfTheETagAreRefused) {
  S3Bucket& bucket = serve([](const Request&, Connection& connection, int call) {
    answer_md5(connection, "tex" + std::to_string(call), "text");
  });
  EXPECT_NE(refusal([&] { bucket.find("key"); }, ErrorKind::corrupt, 4).find("arrives damaged"),
            std::string::npos);
}

TEST_F(S3BeliefTest, AnETagThatOnlyLooksLikeAnMD5IsLearntOf) {
  S3Bucket& bucket = serve([](const Request&, Connection& connection, int) {
    answer_md5(connection, "text", "something else");
  });
  for (int i = 0; i < 5; ++i) EXPECT_EQ(as_text(bucket.find("key").value()), "text");
  EXPECT_EQ(calls_, 3 * 2 + 2);
}

TEST_F(S3BeliefTest, NothingIsStoredWithoutAnETag) {
  for (const char* body : {"", "OK", page}) {
    S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
      connection.answer(request.method == "HEAD" ? 404 : 200, body);
    });
    refusal([&] { bucket.create("key", as_bytes("text")); }, ErrorKind::unsupported, 8);
  }
}

TEST_F(S3BeliefTest, AnOddAnswerToAPutIsSettledByLooking) {
  std::string writer;
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
    if (request.method == "HEAD")
      return connection.answer(200, "", {"ETag: e", "x-amz-meta-grid-writer: " + writer});
    if (!writer.empty()) return connection.answer(412);
    writer = request.header("x-amz-meta-grid-writer");
    connection.answer(200, page);  // and it is stored
  });
  EXPECT_TRUE(bucket.create("key", as_bytes("text")));
}

TEST_F(S3BeliefTest, WithoutMetadataTheBytesTellWhoHasWon) {
  for (const std::string there : {"text", "other", "texts"}) {
    S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
      if (request.method == "PUT") return connection.answer(412);
      if (request.method == "HEAD") return connection.answer(200, "", {"ETag: e"});
      const std::string part = there.substr(0, 5);
      connection.answer(
          206, part, {fmt::format("Content-Range: bytes 0-{}/{}", part.size() - 1, there.size())});
    });
    EXPECT_EQ(bucket.create("key", as_bytes("text")), there == "text");
  }
}

TEST_F(S3BeliefTest, AKeyThatIsTakenAndNotThereIsLookedAtAgain) {
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int call) {
    if (request.method == "PUT") return connection.answer(412);
    if (call < 4) return connection.answer(404);
    connection.answer(200, "", {"ETag: e", "x-amz-meta-grid-writer: another"});
  });
  EXPECT_FALSE(bucket.create("key", as_bytes("text")));
  S3Bucket& never = serve([](const Request& request, Connection& connection, int) {
    connection.answer(request.method == "PUT" ? 412 : 404);
  });
  refusal([&] { never.create("key", as_bytes("text")); }, ErrorKind::unsupported, 10);
}

TEST_F(S3BeliefTest, BytesThatWereDamagedOnTheWayToTheServerAreNoticed) {
  for (const std::string stored : {"tezt", "text"}) {
    S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
      if (request.method == "PUT") return answer_md5(connection, "", "tezt");
      connection.answer(206, stored, {"Content-Range: bytes 0-3/4"});
    });
    if (stored == "text")
      EXPECT_TRUE(bucket.create("key", as_bytes("text")));  // an ETag of another kind
    else
      refusal([&] { bucket.create("key", as_bytes("text")); }, ErrorKind::corrupt, 2);
  }
}

TEST_F(S3BeliefTest, ARedirectionSaysWhereTo) {
  S3Bucket& bucket = serve([](const Request&, Connection& connection, int) {
    connection.answer(302, "", {"Location: https://portal.example/login?secret"});
  });
  const std::string said = refusal([&] { bucket.find("key"); }, ErrorKind::unsupported, 4);
  EXPECT_NE(said.find("to go to https://portal.example/login, which"), said.npos) << said;
}

TEST(Md5InETagTest, IsOnlyInETagsOfWholePlainObjects) {
  const std::string md5 = "1cb251ec0d568de6a929b520c4aed8d1";
  EXPECT_EQ(md5_hex(as_bytes("text")), md5);
  EXPECT_EQ(md5_in_etag("\"" + md5 + "\""), md5);
  EXPECT_EQ(md5_in_etag("1CB251EC0D568DE6A929B520C4AED8D1"), md5);
  for (const std::string& etag : {md5 + "-1", std::string("\"abc\""), std::string(), md5 + "0"})
    EXPECT_EQ(md5_in_etag(etag), "");
  HttpHeaders headers = {{"ETag", md5}};
  // A line break in a stored ETag, say, would begin another header.
  EXPECT_THROW(headers.add("If-Match", "\"a\"\r\nX-Other: b"), Error);
  EXPECT_EQ(md5_in_etag(headers), md5);
  headers.set("x-amz-server-side-encryption", "AES256");
  EXPECT_EQ(md5_in_etag(headers), md5);
  headers.set("x-amz-server-side-encryption", "aws:kms");
  EXPECT_EQ(md5_in_etag(headers), "");
}

}  // namespace
}  // namespace grid::net
