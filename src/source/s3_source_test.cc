#include "source/s3_source.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "net/url.h"
#include "tests/support/loopback_server.h"
#include "tests/support/random_bytes.h"

namespace grid::source {
namespace {

using testing::LoopbackServer;

// A bucket whose listing has two objects a page.
class BucketServer {
 public:
  std::map<std::string, std::string> objects;  // by key
  std::atomic<bool> cuts_once = false;         // the next answer breaks off
  std::atomic<bool> changed = false;           // no ETag is right any more

  net::S3Access access() const {
    return net::S3Access::open({}, {.endpoint_url = server_.origin(), .anonymous = true},
                               {.tries_max = 3, .delay_first = std::chrono::milliseconds(1)});
  }

 private:
  static std::string parameter(const std::string& target, const std::string& name) {
    const std::size_t at = target.find(name + "=");
    if (at == target.npos) return "";
    const std::size_t begin = at + name.size() + 1;
    return net::percent_decode(target.substr(begin, target.find('&', begin) - begin));
  }

  void list(const std::string& target, LoopbackServer::Connection& connection) const {
    const std::string prefix = parameter(target, "prefix");
    std::string body = "<ListBucketResult><EncodingType>url</EncodingType>";
    int count = 0;
    for (auto at = objects.lower_bound(std::max(prefix, parameter(target, "continuation-token")));
         at != objects.end() && at->first.starts_with(prefix); ++at) {
      if (++count > 2) {
        body += "<IsTruncated>true</IsTruncated><NextContinuationToken>" + at->first +
                "</NextContinuationToken>";
        break;
      }
      body += "<Contents><Key>" + net::percent_encode(at->first, net::Slash::keep) +
              "</Key><ETag>&quot;1&quot;</ETag><Size>" + std::to_string(at->second.size()) +
              "</Size><LastModified>2020-01-02T03:04:05Z</LastModified></Contents>";
    }
    connection.answer(200, body + "</ListBucketResult>");
  }

  void answer(const LoopbackServer::Request& request, LoopbackServer::Connection& connection) {
    if (request.target.find("list-type=2") != std::string::npos)
      return list(request.target, connection);
    EXPECT_EQ(request.header("if-match"), "\"1\"");
    if (changed) return connection.answer(412);
    const std::string& body = objects.at(net::percent_decode(request.target.substr(8)));
    std::size_t first = 0, last = 0;
    std::sscanf(request.header("range").c_str(), "bytes=%zu-%zu", &first, &last);
    const std::string part = body.substr(first, last - first + 1);
    const std::string head = "HTTP/1.1 206 X\r\nContent-Length: " + std::to_string(part.size()) +
                             "\r\nContent-Range: bytes " + std::to_string(first) + "-" +
                             std::to_string(first + part.size() - 1) + "/" +
                             std::to_string(body.size()) + "\r\n\r\n";
    if (!cuts_once.exchange(false)) return connection.send(head + part);
    connection.send(head + part.substr(0, part.size() / 2));
    connection.close();
  }

  LoopbackServer server_{
      [this](const auto& request, auto& connection) { answer(request, connection); }};
};

std::string content_of(const SourceEntry& entry, std::optional<ByteRange> range = {}) {
  std::unique_ptr<SourceFile> file = entry.opener->open(entry, range);
  std::string all;
  Bytes piece(1000);
  while (std::size_t got = file->read(piece)) all += as_text(BytesView(piece).first(got));
  EXPECT_TRUE(file->settled());
  return all;
}

struct Found {
  std::map<std::string, std::string> entries;  // path to content; folders to "/"
  std::vector<std::string> problems;
};

Found read_all(S3Source& source) {
  Found found;
  std::vector<Problem> problems;
  while (std::optional<SourceEntry> entry = source.next(problems))
    EXPECT_TRUE(found.entries
                    .try_emplace(entry->entry.path(),
                                 entry->entry.kind == EntryKind::folder ? "/" : content_of(*entry))
                    .second);
  for (const Problem& problem : problems) {
    EXPECT_TRUE(problem.unsupported);
    found.problems.push_back(problem.path + ": " + problem.reason);
  }
  return found;
}

using Entries = std::map<std::string, std::string>;

TEST(S3SourceTest, HasWhatIsBelowThePrefixPageByPage) {
  BucketServer server;
  server.objects = {{"other", "x"}, {"p/a", "1"}, {"p/b/c", "2"}, {"p/b/d e", ""}, {"p/e", "3"}};
  S3Source source(server.access(), "s3://bucket/p/");
  EXPECT_EQ(read_all(source).entries,
            (Entries{{"a", "1"}, {"b/c", "2"}, {"b/d e", ""}, {"e", "3"}}));
}

TEST(S3SourceTest, AKeyIsOneFileAndAPrefixWithoutSlashIsFound) {
  BucketServer server;
  server.objects = {{"p/a", "1"}, {"p/a/b", "2"}, {"q/x", "3"}};
  S3Source file(server.access(), "s3://bucket/p/a");
  EXPECT_EQ(read_all(file).entries, (Entries{{"a", "1"}}));
  S3Source folder(server.access(), "s3://bucket/q");
  EXPECT_EQ(read_all(folder).entries, (Entries{{"x", "3"}}));
  EXPECT_THROW(S3Source(server.access(), "s3://bucket/none"), Error);
}

TEST(S3SourceTest, KeysThatAreNoNamesAreLeftOutAndNamed) {
  BucketServer server;
  server.objects = {{"a", "object"}, {"a-b", "1"},    {"a-b/", ""},   {"a.c", "2"}, {"a/b", "3"},
                    {"d//e", "x"},   {"d/../e", "x"}, {"empty/", ""}, {"f/", "x"},  {"g", "4"},
                    {"g/./h", "x"},  {"/i", "x"},     {"z", "5"}};
  S3Source source(server.access(), "s3://bucket");
  const Found found = read_all(source);
  EXPECT_EQ(found.entries, (Entries{{"a-b", "/"},
                                    {"a.c", "2"},
                                    {"a/b", "3"},
                                    {"empty", "/"},
                                    {"f", "/"},
                                    {"g", "4"},
                                    {"z", "5"}}));
  EXPECT_EQ(found.problems,
            (std::vector<std::string>{"/i: its key has an empty name between slashes",
                                      "a-b: is an object, and a folder of other objects",
                                      "a: is an object, and a folder of other objects",
                                      "d/../e: its key has the name . or .. in it",
                                      "d//e: its key has an empty name between slashes",
                                      "f/: its key ends in /, and it is not empty",
                                      "g/./h: its key has the name . or .. in it"}));
}

TEST(S3SourceTest, APartIsReadAndALineThatBreaksIsContinued) {
  BucketServer server;
  const std::string body = testing::random_bytes(100'000, 1);
  server.objects = {{"a", body}};
  S3Source source(server.access(), "s3://bucket");
  std::vector<Problem> problems;
  const SourceEntry entry = source.next(problems).value();
  EXPECT_EQ(entry.entry.size, body.size());
  EXPECT_EQ(entry.entry.mtime_ns, 1'577'934'245'000'000'000);
  EXPECT_EQ(content_of(entry, ByteRange{5, 77'777}), body.substr(5, 77'772));
  server.cuts_once = true;
  EXPECT_EQ(content_of(entry), body);
}

TEST(S3SourceTest, AnObjectThatChangedSinceItWasListedIsAFailure) {
  BucketServer server;
  server.objects = {{"a", "text"}};
  S3Source source(server.access(), "s3://bucket");
  std::vector<Problem> problems;
  const SourceEntry entry = source.next(problems).value();
  server.changed = true;
  try {
    content_of(entry);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::changed);
  }
}

}  // namespace
}  // namespace grid::source
