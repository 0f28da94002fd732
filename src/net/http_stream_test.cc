#include "net/http_stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "tests/support/loopback_server.h"
#include "tests/support/random_bytes.h"

namespace grid::net {
namespace {

using testing::LoopbackServer;
using Request = LoopbackServer::Request;
using Connection = LoopbackServer::Connection;
using std::chrono::milliseconds;

const HttpStreamOptions at_once{.retries =
                                    RetryPolicy{.tries_max = 4, .delay_first = milliseconds(1)}};

std::string read_all(HttpStream& stream) {
  std::string all;
  Bytes piece(70'000);
  while (std::size_t got = stream.read(piece)) all += as_text(BytesView(piece).first(got));
  EXPECT_EQ(stream.read(piece), 0u);
  return all;
}

// A server with one file, which cuts the connection after `cut_after` bytes of a body.
class FileServer {
 public:
  std::string body = testing::random_bytes(3'000'000, 1);
  std::vector<std::string> headers = {"ETag: \"one\""};
  bool ranges = true;
  bool honours_if_range = true;
  bool chunked = false;
  std::size_t cut_after = 1'000'000;
  std::function<void()> after_cut = [] {};
  std::atomic<int> requests = 0;
  std::vector<std::string> asked_ranges;

  std::string url() const { return server_.url("/file"); }

 private:
  void answer(const Request& request, Connection& connection) {
    ++requests;
    asked_ranges.push_back(request.header("range"));
    std::size_t offset = 0;
    std::string head = "HTTP/1.1 200 OK\r\n";
    const bool fresh = !honours_if_range || headers[0].ends_with(" " + request.header("if-range"));
    if (ranges && fresh && request.header("range").starts_with("bytes=")) {
      offset = std::stoul(request.header("range").substr(6));
      head = "HTTP/1.1 206 Partial\r\nContent-Range: bytes " + std::to_string(offset) + "-" +
             std::to_string(body.size() - 1) + "/" + std::to_string(body.size()) + "\r\n";
    }
    for (const std::string& header : headers) head += header + "\r\n";
    const std::string rest = body.substr(offset);
    const std::string part = rest.substr(0, cut_after);
    if (chunked) {
      connection.send(head + "Transfer-Encoding: chunked\r\n\r\n");
      for (std::size_t at = 0; at < part.size(); at += 0x1000) {
        const std::string piece = part.substr(at, 0x1000);
        connection.send(fmt::format("{:x}\r\n", piece.size()) + piece + "\r\n");
      }
      if (part.size() == rest.size()) connection.send("0\r\n\r\n");
    } else {
      connection.send(head + "Content-Length: " + std::to_string(rest.size()) + "\r\n\r\n" + part);
    }
    if (part.size() == rest.size()) return;
    connection.close();
    after_cut();
  }

  LoopbackServer server_{
      [this](const Request& request, Connection& connection) { answer(request, connection); }};
};

void expect_changed(const FileServer& server, std::string_view reason) {
  HttpClient client;
  try {
    HttpStream stream(client, server.url(), at_once);
    read_all(stream);
    FAIL() << "read to the end";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::changed) << error.what();
    EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
  }
}

TEST(HttpStreamTest, GivesTheFile) {
  FileServer server;
  server.cut_after = SIZE_MAX;
  HttpClient client;
  HttpStream stream(client, server.url());
  EXPECT_EQ(stream.size(), server.body.size());
  EXPECT_EQ(stream.name(), server.url());
  EXPECT_EQ(stream.head().headers.get("etag"), "\"one\"");
  EXPECT_EQ(read_all(stream), server.body);
}

TEST(HttpStreamTest, AnEmptyFileEndsAtOnce) {
  FileServer server;
  server.body = "";
  HttpClient client;
  HttpStream stream(client, server.url());
  EXPECT_EQ(stream.size(), 0u);
  EXPECT_EQ(read_all(stream), "");
}

TEST(HttpStreamTest, ContinuesACutConnectionByRange) {
  for (const char* validator : {"ETag: \"one\"", "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT"}) {
    FileServer server;
    server.headers = {validator, "Date: Wed, 21 Oct 2020 07:28:00 GMT"};
    HttpClient client;
    HttpStream stream(client, server.url(), at_once);
    EXPECT_EQ(read_all(stream), server.body);
    EXPECT_EQ(server.asked_ranges,
              (std::vector<std::string>{"", "bytes=1000000-", "bytes=2000000-"}));
  }
}

TEST(HttpStreamTest, ContinuesWithoutAKnownSize) {
  FileServer server;
  server.chunked = true;
  HttpClient client;
  HttpStream stream(client, server.url(), at_once);
  EXPECT_FALSE(stream.size());
  EXPECT_EQ(read_all(stream), server.body);
  EXPECT_GE(server.requests, 3);
}

TEST(HttpStreamTest, CountsTriesAnewAfterProgress) {
  FileServer server;
  server.body = testing::random_bytes(1'000'000, 2);
  server.cut_after = 50'000;  // 20 cuts, with 4 tries each
  HttpClient client;
  HttpStream stream(client, server.url(), at_once);
  EXPECT_EQ(read_all(stream), server.body);
}

TEST(HttpStreamTest, StartsAgainWithoutRangesAndGivesNoByteTwice) {
  for (bool has_validator : {true, false}) {
    FileServer server;
    server.ranges = false;
    if (!has_validator) server.headers = {"Server: x"};
    server.after_cut = [&] { server.cut_after = SIZE_MAX; };
    HttpClient client;
    HttpStream stream(client, server.url(), at_once);
    EXPECT_EQ(read_all(stream), server.body);
    EXPECT_EQ(server.asked_ranges[1].empty(), !has_validator);
  }
}

TEST(HttpStreamTest, NeverMixesTwoStates) {
  FileServer server;
  server.after_cut = [&] {
    server.body[5] = static_cast<char>(server.body[5] + 1);
    server.headers = {"ETag: \"two\""};
  };
  expect_changed(server, "first bytes differ from those");
}

TEST(HttpStreamTest, NoticesAnotherSize) {
  FileServer server;
  server.after_cut = [&] {
    server.body += "x";
    server.headers = {"ETag: \"two\""};
  };
  expect_changed(server, "3000001 bytes now, not 3000000");
}

TEST(HttpStreamTest, NoticesAServerThatIgnoresIfRange) {
  FileServer server;
  server.honours_if_range = false;
  server.after_cut = [&] { server.headers = {"ETag: \"two\""}; };
  expect_changed(server, "ETag");
}

TEST(HttpStreamTest, ContinuesIfOnlyTheTagHasChanged) {
  FileServer server;
  server.after_cut = [&] {
    server.headers = {"ETag: \"two\""};
    server.cut_after = SIZE_MAX;
  };
  HttpClient client;
  HttpStream stream(client, server.url(), at_once);
  EXPECT_EQ(read_all(stream), server.body);
}

TEST(HttpStreamTest, DoesNotRequestARangeForAWeakTag) {
  FileServer server;
  server.headers = {"ETag: W/\"one\""};
  server.after_cut = [&] { server.cut_after = SIZE_MAX; };
  HttpClient client;
  HttpStream stream(client, server.url(), at_once);
  EXPECT_EQ(read_all(stream), server.body);
  EXPECT_EQ(server.asked_ranges, (std::vector<std::string>{"", ""}));
}

TEST(HttpStreamTest, GivesUpWithByteAndReason) {
  std::atomic<int> requests = 0;
  LoopbackServer server([&](const Request&, Connection& connection) {
    if (++requests > 1) return connection.answer(503);
    connection.send("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 10\r\n\r\n01234");
    connection.close();
  });
  HttpClient client;
  HttpStream stream(client, server.url("/x"), at_once);
  try {
    read_all(stream);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_NE(std::string(error.what()).find("/x from byte 5 on, after 4 tries: the server"),
              std::string::npos)
        << error.what();
  }
}

TEST(HttpStreamTest, ReportsRefusalsAtOnce) {
  std::atomic<int> requests = 0;
  LoopbackServer server([&](const Request& request, Connection& connection) {
    ++requests;
    connection.answer(std::stoi(request.target.substr(1)));
  });
  HttpClient client;
  const std::pair<const char*, ErrorKind> cases[] = {{"/404", ErrorKind::not_found},
                                                     {"/410", ErrorKind::not_found},
                                                     {"/403", ErrorKind::permission_denied},
                                                     {"/401", ErrorKind::permission_denied},
                                                     {"/400", ErrorKind::unsupported}};
  for (const auto& [target, kind] : cases) {
    try {
      HttpStream stream(client, server.url(target), at_once);
      FAIL() << target;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
    }
  }
  EXPECT_EQ(requests, 5);
}

TEST(HttpStreamTest, WaitsForAServerThatIsBusyAtFirst) {
  std::atomic<int> requests = 0;
  LoopbackServer server([&](const Request&, Connection& connection) {
    if (++requests < 3) return connection.answer(503);
    connection.answer(200, "here");
  });
  HttpClient client;
  HttpStream stream(client, server.url("/"), at_once);
  EXPECT_EQ(read_all(stream), "here");
}

TEST(HttpStreamTest, RecognisesStrongValidators) {
  EXPECT_EQ(strong_validator({{"ETag", "\"a\""}}), "\"a\"");
  EXPECT_EQ(strong_validator({{"ETag", "W/\"a\""}}), "");
  EXPECT_EQ(strong_validator({}), "");
  const char* modified = "Wed, 21 Oct 2015 07:28:00 GMT";
  EXPECT_EQ(strong_validator({{"Last-Modified", modified}}), "");
  EXPECT_EQ(
      strong_validator({{"Last-Modified", modified}, {"Date", "Wed, 21 Oct 2015 07:28:30 GMT"}}),
      "");
  EXPECT_EQ(
      strong_validator({{"Last-Modified", modified}, {"Date", "Wed, 21 Oct 2015 07:29:00 GMT"}}),
      modified);
}

TEST(HttpStreamTest, ParsesContentRanges) {
  EXPECT_EQ(parse_content_range("bytes 5-9/10"), (ContentRange{5, 9, 10}));
  EXPECT_EQ(parse_content_range("bytes 5-9/*"), (ContentRange{5, 9, std::nullopt}));
  for (const char* text : {"", "bytes */10", "bytes 9-5/10", "bytes 5-10/10", "items 5-9/10",
                           "bytes 5-9", "bytes 5-9/x", "bytes 5-99999999999999999999/*"})
    EXPECT_FALSE(parse_content_range(text)) << text;
}

}  // namespace
}  // namespace grid::net
