#include "net/s3_pages.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>

#include "tests/support/loopback_server.h"

namespace grid::net {
namespace {

using testing::LoopbackServer;

std::string key(const std::string& name) {
  return "<Contents><Key>" + name + "</Key><Size>1</Size></Contents>";
}
std::string prefix(const std::string& name) {
  return "<CommonPrefixes><Prefix>" + name + "</Prefix></CommonPrefixes>";
}
std::string more(const std::string& token) {
  return "<IsTruncated>true</IsTruncated><NextContinuationToken>" + token +
         "</NextContinuationToken>";
}
const std::string end = "<IsTruncated>false</IsTruncated>";

// Reads all pages, which have these contents, and counts the requests.
class Reading {
 public:
  using Page = std::function<std::string(int number)>;

  explicit Reading(Page answer, S3PagesOptions options = {}) : page_(std::move(answer)) {
    const S3Bucket bucket(S3Access::open({}, {.endpoint_url = server_.origin(), .anonymous = true},
                                         {.delay_first = std::chrono::milliseconds(1)}),
                          "bucket");
    S3Pages pages(bucket, {.prefix = "p/", .delimiter = "/"}, options);
    try {
      while (const std::optional<S3Listing> page = pages.next()) {
        for (const S3Object& object : page->objects) names += object.key + " ";
        for (const std::string& folder : page->prefixes) names += folder + " ";
      }
    } catch (const Error& error) {
      kind = error.kind();
      said = error.what();
      EXPECT_NE(said.find("cannot list s3://bucket/p/"), said.npos) << said;
      EXPECT_NE(said.find(server_.origin()), said.npos) << said;
    }
  }

  std::string names, said;
  std::optional<ErrorKind> kind;
  std::atomic<int> requests = 0;

 private:
  Page page_;
  LoopbackServer server_{[this](const LoopbackServer::Request&, auto& connection) {
    connection.answer(200, "<ListBucketResult>" + page_(++requests) + "</ListBucketResult>");
  }};
};

TEST(S3PagesTest, GivesEachNameOnce) {
  const std::string pages[] = {key("p/") + key("p/a") + prefix("p/b/") + more("1"), more("2"),
                               prefix("p/b/") + key("p/c") + "<KeyCount>1</KeyCount>" + more("3"),
                               prefix("p/d/") + "<KeyCount>1</KeyCount>" + end};
  Reading reading([&](int number) { return pages[number - 1]; });
  EXPECT_EQ(reading.said, "");
  EXPECT_EQ(reading.names, "p/ p/a p/b/ p/c p/b/ p/d/ ");
}

// Each first page is followed by the same page again.
TEST(S3PagesTest, RefusesWhatCannotBeRight) {
  static constexpr const char* cases[][2] = {
      {"does not say whether it goes on", "<Contents><Key>p/a</Key><Size>1</Size></Contents>"},
      {"IsTruncated is \"maybe\"", "<IsTruncated>maybe</IsTruncated>"},
      {"IsTruncated is \"True\"", "<IsTruncated>True</IsTruncated>"},
      {"no continuation token", "<IsTruncated>true</IsTruncated>"},
      {"KeyCount of 7", "<KeyCount>7</KeyCount><IsTruncated>false</IsTruncated>"},
      {"KeyCount of -1", "<KeyCount>-1</KeyCount><IsTruncated>false</IsTruncated>"},
  };
  for (const auto& [why, page] : cases) {
    Reading reading([&](int) { return page; });
    EXPECT_NE(reading.said.find(why), std::string::npos) << why << ": " << reading.said;
    EXPECT_EQ(reading.kind, ErrorKind::unsupported);
  }
  const std::pair<std::string, std::string> built[] = {
      {"it has the key q/a", key("q/a") + end},
      {"it has the key p/a twice", key("p/a") + key("p/a") + end},
      {"it has the key p/a after p/b", key("p/b") + key("p/a") + end},
      {"as if no delimiter was sent", key("p/a/b") + end},
      {"the common prefix \"p/a\"", prefix("p/a") + end},
      {"the common prefix \"b/\"", prefix("b/") + end},
      {"the common prefix p/a/ twice", prefix("p/a/") + prefix("p/a/") + end},
      {"the prefix p/a/ after p/b/", prefix("p/b/") + prefix("p/a/") + end},
      {"the continuation token that was sent", key("p/a") + more("x")},
  };
  for (const auto& [why, page] : built) {
    Reading reading([&](int) { return page; });
    EXPECT_NE(reading.said.find(why), std::string::npos) << why << ": " << reading.said;
    EXPECT_EQ(reading.kind, ErrorKind::unsupported);
    EXPECT_LE(reading.requests, 2);
  }
}

TEST(S3PagesTest, EndsWhateverTheServerSays) {
  struct Endless {
    const char* why;
    Reading::Page page;
    int requests_max;
  };
  const Endless cases[] = {
      {"it goes back to the key p/a", [](int n) { return key("p/a") + more(std::to_string(n)); },
       2},
      {"goes back to the prefix p/a/",
       [](int n) { return prefix(n % 2 ? "p/a/" : "p/b/") + more(std::to_string(n)); }, 3},
      {"brought nothing new", [](int n) { return prefix("p/a/") + more(std::to_string(n)); }, 200},
      {"brought nothing new", [](int n) { return more(std::to_string(n)); }, 200},
      {"does not end",
       [](int n) { return key(fmt::format("p/{:09}", n)) + more(std::to_string(n)); }, 1200},
  };
  for (const Endless& endless : cases) {
    Reading reading(endless.page);
    EXPECT_NE(reading.said.find(endless.why), std::string::npos) << reading.said;
    EXPECT_LE(reading.requests, endless.requests_max);
  }
  Reading full([](int n) { return key(fmt::format("p/{:09}", n)) + more(std::to_string(n)); },
               {.pages_max = 10});
  EXPECT_NE(full.said.find("has come to 10 pages"), std::string::npos) << full.said;
}

}  // namespace
}  // namespace grid::net
