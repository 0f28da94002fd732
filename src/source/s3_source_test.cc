#include "source/s3_source.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "tests/support/bucket_server.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_bytes.h"

namespace grid::source {
namespace {

using testing::BucketServer;

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

TEST(S3SourceTest, ListsWhatIsBelowThePrefixPageByPage) {
  BucketServer server;
  server.set({{"other", "x"}, {"p/a", "1"}, {"p/b/c", "2"}, {"p/b/d e", ""}, {"p/e", "3"}});
  S3Source source(server.access(), "s3://bucket/p/");
  EXPECT_EQ(read_all(source).entries,
            (Entries{{"a", "1"}, {"b/c", "2"}, {"b/d e", ""}, {"e", "3"}}));
}

TEST(S3SourceTest, AKeyIsOneFileAndAPrefixWithoutSlashIsFound) {
  BucketServer server;
  server.set({{"p/a", "1"}, {"p/a/b", "2"}, {"q/x", "3"}});
  S3Source file(server.access(), "s3://bucket/p/a");
  EXPECT_EQ(read_all(file).entries, (Entries{{"a", "1"}}));
  S3Source folder(server.access(), "s3://bucket/q");
  EXPECT_EQ(read_all(folder).entries, (Entries{{"x", "3"}}));
  EXPECT_THROW(S3Source(server.access(), "s3://bucket/none"), Error);
}

TEST(S3SourceTest, KeysThatCannotBePathsAreLeftOutAndNamed) {
  BucketServer server;
  server.set({{"a", "object"},
              {"a-b", "1"},
              {"a-b/", ""},
              {"a.c", "2"},
              {"a/b", "3"},
              {"d//e", "x"},
              {"d/../e", "x"},
              {"empty/", ""},
              {"f/", "x"},
              {"g", "4"},
              {"g/./h", "x"},
              {"/i", "x"},
              {"z", "5"}});
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

TEST(S3SourceTest, ReadsAPartAndContinuesAfterABrokenConnection) {
  BucketServer server;
  const std::string body = testing::random_bytes(100'000, 1);
  server.set({{"a", body}});
  S3Source source(server.access(), "s3://bucket");
  std::vector<Problem> problems;
  const SourceEntry entry = source.next(problems).value();
  EXPECT_EQ(entry.entry.size, body.size());
  EXPECT_EQ(entry.entry.mtime_ns, 1'577'934'245'000'000'000);
  EXPECT_EQ(content_of(entry, ByteRange{5, 77'777}), body.substr(5, 77'772));
  server.cuts_once = true;
  EXPECT_EQ(content_of(entry), body);
}

TEST(S3SourceTest, ComparesAnObjectWithItsETag) {
  BucketServer server;
  const std::string body = testing::random_bytes(100'000, 1);
  server.set({{"a", body}, {"b", body + "b"}});
  S3Source source(server.access(), "s3://bucket");
  std::vector<Problem> problems;
  const SourceEntry a = source.next(problems).value();
  server.flips_bits = 1;
  try {
    content_of(a);
    FAIL() << "a wrong bit was not noticed";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(std::string(error.what()).find("s3://bucket/a: it arrived damaged"),
              std::string::npos)
        << error.what();
  }
  EXPECT_EQ(content_of(a), body);
  server.flips_bits =
      1'000;  // the same bit each time, on a server whose ETags are known to be MD5s
  EXPECT_THROW(content_of(a), Error);
}

TEST(S3SourceTest, ComparesAnObjectWithTheChecksumThatItsServerKeeps) {
  BucketServer server;
  server.set({{"a", "text"}});
  server.has_one_etag = server.keeps_checksums = true;
  S3Source source(server.access(), "s3://bucket");
  std::vector<Problem> problems;
  const SourceEntry a = source.next(problems).value();
  server.flips_bits = 1;
  testing::expect_error(ErrorKind::corrupt, "s3://bucket/a: it arrived damaged: its SHA-256 is",
                        [&] { content_of(a); });
  EXPECT_EQ(content_of(a), "text");
}

TEST(S3SourceTest, AcceptsETagsThatOnlyLookLikeMD5s) {
  BucketServer server;
  server.set({{"a", "text"}});
  server.flips_bits = 1'000;  // so no ETag is ever the MD5
  S3Source source(server.access(), "s3://bucket");
  std::vector<Problem> problems;
  EXPECT_EQ(content_of(source.next(problems).value()).size(), 4u);
}

TEST(S3SourceTest, FailsIfAnObjectChangedSinceItWasListed) {
  BucketServer server;
  server.set({{"a", "text"}});
  S3Source source(server.access(), "s3://bucket");
  std::vector<Problem> problems;
  const SourceEntry entry = source.next(problems).value();
  server.put("a", "other");
  try {
    content_of(entry);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::changed);
  }
}

TEST(S3SourceTest, InPlaceTheFilesReferToTheObjectsAndNoneIsRead) {
  BucketServer server;
  server.set({{"p/a/b", "text"}, {"p/a/c", ""}, {"p/d/", ""}, {"p/e//f", "x"}});
  S3Source source(server.access(), "s3://bucket/p/", {.in_place = true});
  std::vector<Problem> problems;
  std::map<std::string, SourceEntry> found;
  while (std::optional<SourceEntry> entry = source.next(problems))
    found.emplace(entry->entry.path(), *entry);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(problems.size(), 1u);
  const SourceEntry& file = found.at("a/b");
  EXPECT_TRUE(file.content_known && file.opener == nullptr);
  EXPECT_TRUE(file.entry.is_in_place());
  EXPECT_EQ(file.entry.size, 4u);
  EXPECT_EQ(file.entry.object.bucket, "bucket");
  EXPECT_EQ(file.entry.object.key, "p/a/b");
  EXPECT_EQ(file.entry.object.etag.size(), 34u);
  EXPECT_EQ(file.entry.content, content_in_place(file.entry.object, 4));
  EXPECT_NE(file.entry.content, content_in_place(file.entry.object, 5));
  EXPECT_TRUE(found.at("a/c").entry.is_in_place());
  EXPECT_FALSE(found.at("d").entry.is_in_place());
  EXPECT_EQ(server.gets, 0);
}

}  // namespace
}  // namespace grid::source
