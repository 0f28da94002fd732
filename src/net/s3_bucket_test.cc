#include "net/s3_bucket.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "net/s3_answer.h"
#include "tests/support/loopback_server.h"

namespace grid::net {
namespace {

using testing::LoopbackServer;
using Request = LoopbackServer::Request;
using Connection = LoopbackServer::Connection;

// A server that answers as the test says, and a bucket on it.
class S3BucketTest : public ::testing::Test {
 protected:
  using Answer = std::function<void(const Request&, Connection&, int call)>;

  S3Bucket& serve(Answer answer) {
    answer_ = std::move(answer);
    auto http = std::make_shared<HttpClient>();
    bucket_ = std::make_unique<S3Bucket>(
        S3Access{.http = http,
                 .credentials = std::make_shared<AwsCredentialSource>(http, settings_),
                 .endpoint = {.region = "here", .url = server_.origin(), .path_style = true},
                 .retries = {.tries_max = 4, .delay_first = std::chrono::milliseconds(1)}},
        "bucket");
    return *bucket_;
  }

  static std::string error_body(const std::string& code, const std::string& more = "") {
    return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code>" + more + "</Error>";
  }

  std::atomic<int> calls_ = 0;
  Answer answer_;
  AwsSettings settings_{.access_key_id = "KEY", .secret_access_key = "secret"};
  LoopbackServer server_{[this](const Request& request, Connection& connection) {
    answer_(request, connection, ++calls_);
  }};
  std::unique_ptr<S3Bucket> bucket_;
};

template <class Body>
Error error_of(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::invalid_argument, "");
}

TEST_F(S3BucketTest, FindsWholeObjectsOrNothing) {
  S3Bucket& bucket = serve([](const Request& request, Connection& connection, int) {
    if (request.target == "/bucket/a%20b/%C3%A9")
      return connection.answer(200, "text", {"ETag: e"});
    connection.answer(404, error_body("NoSuchKey"));
  });
  EXPECT_EQ(as_text(bucket.find("a b/\xc3\xa9").value()), "text");
  EXPECT_FALSE(bucket.find("absent"));
  EXPECT_FALSE(bucket.head("absent"));
}

TEST_F(S3BucketTest, NamesAMissingBucket) {
  S3Bucket& bucket = serve([](const Request&, Connection& connection, int) {
    connection.answer(404, error_body("NoSuchBucket"));
  });
  const Error error = error_of([&] { bucket.find("key"); });
  EXPECT_EQ(error.kind(), ErrorKind::not_found);
  EXPECT_NE(std::string(error.what()).find("no bucket bucket"), std::string::npos);
}

TEST_F(S3BucketTest, ChecksPartsAgainstTheRequest) {
  std::string range, body, taken;
  int status = 206;
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
    EXPECT_EQ(request.header("range"), "bytes=4-6");
    connection.answer(status, body, {"Content-Range: " + range});
  });
  auto find = [&] {
    Bytes out(3);
    const auto got = bucket.find_part("key", 4, out);
    taken = as_text(out);
    return got;
  };
  auto copy = [&] {
    return bucket.copy_part("key", 4, 3,
                            [&](std::uint64_t, BytesView piece) { taken = as_text(piece); });
  };
  for (const std::function<std::optional<std::uint64_t>()>& get :
       {std::function<std::optional<std::uint64_t>()>(find),
        std::function<std::optional<std::uint64_t>()>(copy)}) {
    status = 206, range = "bytes 4-6/10", body = "456";
    EXPECT_EQ(get(), 3u);
    EXPECT_EQ(taken, "456");
    range = "bytes 4-5/6", body = "45";
    EXPECT_EQ(get(), 2u);
    range = "bytes 4-5/10";  // not to the end, and yet less
    EXPECT_EQ(error_of(get).kind(), ErrorKind::unsupported);
    range = "bytes 3-5/10", body = "345";
    EXPECT_EQ(error_of(get).kind(), ErrorKind::unsupported);
    status = 200;
    EXPECT_EQ(error_of(get).kind(), ErrorKind::unsupported);
    status = 416;
    EXPECT_EQ(get(), 0u);
  }
}

TEST_F(S3BucketTest, ReadsABrokenOffAnswerAgainFromItsBeginning) {
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int call) {
    EXPECT_EQ(request.header("range"), "bytes=4-9");
    if (call == 1) return connection.answer(503, "slow down, and more bytes than were asked for");
    if (call == 2) {
      connection.send(
          "HTTP/1.1 206 OK\r\nContent-Length: 6\r\n"
          "Content-Range: bytes 4-9/10\r\n\r\n456");
      return connection.close();
    }
    connection.answer(206, "456789", {"Content-Range: bytes 4-9/10"});
  });
  std::vector<std::pair<std::uint64_t, std::string>> pieces;
  EXPECT_EQ(bucket.copy_part("key", 4, 6,
                             [&](std::uint64_t offset, BytesView piece) {
                               pieces.emplace_back(offset, as_text(piece));
                             }),
            6u);
  EXPECT_EQ(pieces, (decltype(pieces){{0, "456"}, {0, "456789"}}));
}

TEST_F(S3BucketTest, GivesBytesOfTheRequestedStateOnly) {
  int status = 206;
  std::string etag = "\"state\"", total = "10", body = "456";
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
    EXPECT_EQ(request.target, "/bucket/key");
    if (request.method == "HEAD") return connection.answer(404);
    EXPECT_EQ(request.header("if-match"), "\"state\"");
    connection.answer(status, status == 206 ? body : "",
                      {"Content-Range: bytes 4-6/" + total, "ETag: " + etag});
  });
  const S3ObjectState state{.size = 10, .etag = "\"state\""};
  Bytes out(3);
  auto read = [&] { bucket.read_part("key", state, 4, out); };
  read();
  EXPECT_EQ(as_text(out), "456");
  etag = "state";  // quoted in the listing, not here
  read();
  etag = "\"other\"";  // a server that ignores If-Match
  EXPECT_EQ(error_of(read).kind(), ErrorKind::changed);
  etag = "";
  EXPECT_EQ(error_of(read).kind(), ErrorKind::changed);
  etag = "\"state\"";
  total = "11";
  EXPECT_EQ(error_of(read).kind(), ErrorKind::changed);
  total = "10";
  for (int gone : {404, 412, 416}) {
    status = gone;
    EXPECT_EQ(error_of(read).kind(), ErrorKind::changed);
  }
}

TEST_F(S3BucketTest, ReadsWithoutIfMatchIfTheServerMisjudgesIt) {
  std::vector<std::string> seen;
  std::string etag = "\"state\"";
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
    const bool asks = !request.header("if-match").empty();
    seen.push_back(request.method + (asks ? " if" : ""));
    if (asks) return connection.answer(412, error_body("PreconditionFailed"));
    if (request.method == "HEAD")
      return connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: " + etag + "\r\n\r\n");
    connection.answer(206, "abc", {"Content-Range: bytes 0-2/3", "ETag: " + etag});
  });
  const S3ObjectState state{.size = 3, .etag = "\"state\""};
  Bytes out(3);
  bucket.read_part("key", state, 0, out);
  bucket.read_part("key", state, 0, out);
  EXPECT_EQ(seen, (std::vector<std::string>{"GET if", "HEAD", "GET", "GET"}));
  etag = "\"other\"";
  EXPECT_EQ(error_of([&] { bucket.read_part("key", state, 0, out); }).kind(), ErrorKind::changed);
}

TEST_F(S3BucketTest, RequestsAKnownVersion) {
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
    EXPECT_EQ(request.target, "/bucket/key?versionId=3%2FL4");
    connection.answer(206, "abc", {"Content-Range: bytes 0-2/3", "ETag: e"});
  });
  Bytes out(3);
  bucket.read_part("key", {.size = 3, .etag = "e", .version_id = "3/L4"}, 0, out);
  EXPECT_EQ(as_text(out), "abc");
}

TEST_F(S3BucketTest, RetriesWhatIsBusyCutOrDamagedOnTheWay) {
  S3Bucket& bucket = serve([](const Request&, Connection& connection, int call) {
    if (call == 1) return connection.answer(503, error_body("SlowDown"));
    if (call == 2) return connection.answer(400, error_body("XAmzContentSHA256Mismatch"));
    if (call == 3) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nte");
      return connection.close();
    }
    connection.answer(200, "text", {"ETag: e"});
  });
  EXPECT_EQ(as_text(bucket.find("key").value()), "text");
}

TEST_F(S3BucketTest, ReportsRefusalsAndMissingCredentials) {
  Answer refuse = [](const Request& request, Connection& connection, int) {
    connection.answer(403, request.method == "HEAD" ? "" : error_body("AccessDenied"));
  };
  std::string said = error_of([&] { serve(refuse).find("key"); }).what();
  EXPECT_NE(said.find("cannot read s3://bucket/key: the server answers 403 (access denied): "
                      "AccessDenied"),
            std::string::npos);
  EXPECT_EQ(said.find("no credentials"), std::string::npos);
  settings_ = {.anonymous = true};
  S3Bucket& anonymous = serve(refuse);
  said = error_of([&] { anonymous.find("key"); }).what();
  EXPECT_NE(said.find("no credentials were found"), std::string::npos);
}

TEST_F(S3BucketTest, UsesTheRegionThatTheServerNames) {
  std::vector<std::string> regions;
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
    const std::string text = request.header("authorization");
    const bool there = text.find("/there/s3/") != text.npos;
    regions.push_back(there ? "there" : "here");
    if (there) return connection.answer(200, "text", {"ETag: e"});
    connection.answer(301, "", {"x-amz-bucket-region: there"});
  });
  EXPECT_TRUE(bucket.find("key"));
  EXPECT_TRUE(bucket.find("key"));
  EXPECT_EQ(regions, (std::vector<std::string>{"here", "there", "there"}));

  S3Bucket& other = serve([&](const Request& request, Connection& connection, int) {
    if (request.header("authorization").find("/there/s3/") != std::string::npos)
      return connection.answer(200, "text", {"ETag: e"});
    connection.answer(400, error_body("AuthorizationHeaderMalformed", "<Region>there</Region>"));
  });
  EXPECT_TRUE(other.find("key"));
}

TEST_F(S3BucketTest, GivesUpIfTheNamedRegionDoesNotHelp) {
  S3Bucket& bucket = serve([](const Request&, Connection& connection, int call) {
    connection.answer(301, "", {"x-amz-bucket-region: r" + std::to_string(call)});
  });
  error_of([&] { bucket.find("key"); });
  EXPECT_LE(calls_, 6);
}

TEST_F(S3BucketTest, FollowsTheServersClock) {
  std::string date;
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int call) {
    date = request.header("x-amz-date");
    if (call == 1)
      return connection.answer(403, error_body("RequestTimeTooSkewed"),
                               {"Date: Tue, 01 Jan 2030 00:00:00 GMT"});
    connection.answer(200, "text", {"ETag: e"});
  });
  EXPECT_TRUE(bucket.find("key"));
  EXPECT_TRUE(date.starts_with("20291231T2359") || date.starts_with("20300101T0000")) << date;
}

TEST_F(S3BucketTest, GetsNewCredentialsWhenTheServerReportsExpiredOnes) {
  int given = 0;
  LoopbackServer container([&](const Request&, Connection& connection) {
    connection.answer(200, "{\"AccessKeyId\":\"K" + std::to_string(++given) +
                               "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}");
  });
  settings_ = {.container_url = container.url("/")};
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
    if (request.header("authorization").find("Credential=K1/") != std::string::npos)
      return connection.answer(400, error_body("ExpiredToken"));
    connection.answer(200, "text", {"ETag: e"});
  });
  EXPECT_TRUE(bucket.find("key"));
  EXPECT_EQ(given, 2);
}

TEST_F(S3BucketTest, LooksForKeysAgainThatTheServerDoesNotKnowAnyMore) {
  int given = 0;
  LoopbackServer container([&](const Request&, Connection& connection) {
    connection.answer(200, "{\"AccessKeyId\":\"K" + std::to_string(++given) +
                               "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}");
  });
  for (const bool rotated : {true, false}) {
    settings_ = {.container_url = container.url("/")};
    given = 0;
    S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
      if (rotated && request.header("authorization").find("=K2/") != std::string::npos)
        return connection.answer(200, "text", {"ETag: e"});
      connection.answer(403, error_body("InvalidAccessKeyId"));
    });
    if (rotated)
      EXPECT_TRUE(bucket.find("key"));
    else
      EXPECT_EQ(error_of([&] { bucket.find("key"); }).kind(), ErrorKind::permission_denied);
    EXPECT_LE(given, 2);
  }
}

TEST_F(S3BucketTest, CreatesOnlyUnderFreeKeys) {
  S3Bucket& bucket = serve([](const Request& request, Connection& connection, int) {
    if (request.method == "HEAD")
      return connection.answer(200, "", {"ETag: e", "x-amz-meta-grid-writer: somebody"});
    EXPECT_EQ(request.header("if-none-match"), "*");
    EXPECT_EQ(request.header("content-md5"), "HLJR7A1WjeapKbUgxK7Y0Q==");
    connection.answer(request.target == "/bucket/free" ? 200 : 412, "", {"ETag: e"});
  });
  EXPECT_TRUE(bucket.create("free", as_bytes("text")));
  EXPECT_FALSE(bucket.create("taken", as_bytes("text")));
}

TEST_F(S3BucketTest, AfterALostAnswerToACreateChecksTheWriter) {
  for (bool nothing_at_all : {false, true}) {
    std::string writer;
    calls_ = 0;
    S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int call) {
      if (request.method == "HEAD")
        return connection.answer(200, "", {"ETag: e", "x-amz-meta-grid-writer: " + writer});
      if (call > 1) return connection.answer(412);
      writer = request.header("x-amz-meta-grid-writer");
      if (!nothing_at_all) connection.send("HTTP/1.1 ");  // stored, and the answer is lost
      connection.close();
    });
    EXPECT_TRUE(bucket.create("key", as_bytes("text")));
    EXPECT_EQ(writer.size(), 32u);
  }
}

TEST_F(S3BucketTest, RetriesAfterAConflictOfTwoCreates) {
  S3Bucket& bucket = serve([](const Request&, Connection& connection, int call) {
    if (call == 1) return connection.answer(409, error_body("ConditionalRequestConflict"));
    connection.answer(200, "", {"ETag: e"});
  });
  EXPECT_TRUE(bucket.create("key", as_bytes("text")));
}

TEST_F(S3BucketTest, ACompletionThatFailsAfterItsStatusIsAFailure) {
  int aborted = 0;
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
    if (request.method == "HEAD") return connection.answer(404);
    if (request.method == "DELETE") return ++aborted, connection.answer(204);
    if (request.method == "PUT") return connection.answer(200, "", {"ETag: \"p\""});
    if (request.target.ends_with("?uploads="))
      return connection.answer(200,
                               "<InitiateMultipartUploadResult><UploadId>u1</UploadId>"
                               "</InitiateMultipartUploadResult>");
    connection.answer(200, error_body("InternalError"));
  });
  error_of([&] { bucket.create_in_parts("key", as_bytes("0123456789"), 4); });
  EXPECT_EQ(aborted, 1);
}

TEST_F(S3BucketTest, ListsPageByPageWithEncodedKeys) {
  std::vector<std::string> queries;
  S3Bucket& bucket = serve([&](const Request& request, Connection& connection, int) {
    queries.push_back(request.target);
    connection.answer(
        200,
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>a/b=</NextContinuationToken>"
        "<Contents><Key>p/a+b%2B%01</Key><Size>5</Size><ETag>&quot;x&quot;</ETag>"
        "<LastModified>2020-01-02T03:04:05.500Z</LastModified></Contents>"
        "<CommonPrefixes><Prefix>p/c%20d/</Prefix></CommonPrefixes></ListBucketResult>");
  });
  const S3Listing page = bucket.list({.prefix = "p/", .delimiter = "/", .continue_at = "a/a="});
  EXPECT_EQ(queries[0],
            "/bucket/?continuation-token=a%2Fa%3D&delimiter=%2F&encoding-type=url&list-type=2"
            "&max-keys=1000&prefix=p%2F");
  ASSERT_EQ(page.objects.size(), 1u);
  EXPECT_EQ(page.objects[0], (S3Object{"p/a b+\x01", 5, "\"x\"", 1'577'934'245'500'000'000}));
  EXPECT_EQ(page.prefixes, (std::vector<std::string>{"p/c d/"}));
  EXPECT_EQ(page.next, "a/b=");
}

TEST_F(S3BucketTest, RefusesAnAnswerThatIsNotAListing) {
  for (const char* body :
       {"", "<html>hello</html>", "<ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>"})
    EXPECT_THROW(read_listing(as_bytes(body), "cannot list"), Error) << body;
}

TEST(S3UrlTest, HasABucketAndAKey) {
  EXPECT_EQ(parse_s3_url("s3://bucket").key, "");
  EXPECT_EQ(parse_s3_url("s3://bucket/").key, "");
  EXPECT_EQ(parse_s3_url("s3://bucket/a//b/").key, "a//b/");
  EXPECT_EQ(parse_s3_url("s3://my.bucket/x").bucket, "my.bucket");
  for (const char* url : {"s3://", "s3:///x", "s3://a", "s3://a b/x", "s3://../x", "http://x"})
    EXPECT_THROW(parse_s3_url(url), Error) << url;
}

}  // namespace
}  // namespace grid::net
