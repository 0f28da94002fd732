#include "source/url_source.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/gzip.h"
#include "tests/support/loopback_server.h"

namespace grid::source {
namespace {

using testing::LoopbackServer;

class UrlSourceTest : public ::testing::Test {
 protected:
  UrlSourceTest()
      : server_(
            [this](const LoopbackServer::Request& request, LoopbackServer::Connection& connection) {
              asked_for_identity_ = request.header("accept-encoding") == "identity";
              connection.answer(200, body_, headers_);
            }) {}

  struct Given {
    std::string name, text;
    std::int64_t mtime_ns = 0;
    std::vector<Problem> problems;
  };
  Given read(const std::string& path) {
    const std::unique_ptr<Source> source = open_url_file(client_, server_.url(path));
    Given given;
    const std::optional<SourceEntry> entry = source->next(given.problems);
    given.name = entry->entry.name;
    given.mtime_ns = entry->entry.mtime_ns;
    Bytes piece(1000);
    while (std::size_t got = entry->stream->read(piece))
      given.text += as_text(BytesView(piece).first(got));
    return given;
  }
  std::string refusal(const std::string& path) {
    try {
      read(path);
    } catch (const Error& error) {
      return error.what();
    }
    return "(none)";
  }

  std::string body_;
  std::vector<std::string> headers_;
  std::atomic<bool> asked_for_identity_ = false;
  LoopbackServer server_;
  net::HttpClient client_;
};

TEST_F(UrlSourceTest, WhatTheServerCompressedUnaskedIsUnpacked) {
  body_ = testing::gzip("a,b\n");
  headers_ = {"Content-Encoding: gzip"};
  EXPECT_EQ(read("/table.csv").text, "a,b\n");
  EXPECT_TRUE(asked_for_identity_);
  headers_ = {"Content-Encoding: x-gzip"};
  EXPECT_EQ(read("/table.csv").text, "a,b\n");
  // Here the server means the compression of the file itself.
  EXPECT_EQ(read("/table.csv.gz").text, body_);
  headers_ = {"Content-Encoding: br"};
  EXPECT_NE(refusal("/table.csv").find("Content-Encoding br"), std::string::npos);
}

TEST_F(UrlSourceTest, TheTimeIsReadInEveryFormOfHttp) {
  for (const char* time : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    headers_ = {std::string("Last-Modified: ") + time};
    EXPECT_EQ(read("/a").mtime_ns, 784'111'777'000'000'000) << time;
  }
  headers_ = {"Last-Modified: Fri, 31 Dec 9999 23:59:59 GMT"};
  EXPECT_EQ(read("/a").mtime_ns, INT64_MAX);
}

TEST_F(UrlSourceTest, NamesThatNoFileCanHaveAreRefusedByWhatTheyAre) {
  for (const char* path : {"/a%2Fb", "/a%00b", "/x/..", "/x/%2e%2E", "/."})
    EXPECT_NE(refusal(path).find("stands for . or .., or has a / or a zero byte in it"),
              std::string::npos)
        << path;
  EXPECT_NE(refusal("/").find("its path is empty"), std::string::npos);
  EXPECT_NE(refusal("/" + std::string(300, 'n')).find("more than 255 bytes"), std::string::npos);
  EXPECT_EQ(read("/" + std::string(255, 'n')).name, std::string(255, 'n'));
}

TEST_F(UrlSourceTest, AWebPageInPlaceOfAFileIsSaid) {
  body_ = "<html>log in</html>";
  headers_ = {"Content-Type: text/html; charset=utf-8"};
  EXPECT_EQ(read("/page.html").problems.size(), 0u);
  EXPECT_EQ(read("/page").problems.size(), 0u);
  const Given given = read("/table.csv");
  ASSERT_EQ(given.problems.size(), 1u);
  EXPECT_TRUE(given.problems[0].kept);
  EXPECT_THROW(archive_bytes_of_url(client_, server_.url("/cats.tar.gz")), Error);
  body_ = "PK, and so on";  // an archive, whatever the server says
  EXPECT_NO_THROW(archive_bytes_of_url(client_, server_.url("/cats.zip")));
}

}  // namespace
}  // namespace grid::source
