#include "server/s3/listing.h"

#include <fstream>
#include <random>

#include "server/s3/gateway_fixture.h"

namespace grid::server::s3 {
namespace {

using Names = std::vector<std::string>;

class ListingTest : public GatewayFixture {
 protected:
  // The keys of version 1 of "cats", in pages of `count`, without their version.
  Names keys(const std::string& query, int count = 1000) {
    Names all;
    std::string token;
    do {
      const List page =
          list("cats", fmt::format("list-type=2&max-keys={}&{}{}", count, query,
                                   token.empty() ? "" : "&continuation-token=" + token));
      const Names names = page.all();
      EXPECT_LE(names.size(), static_cast<std::size_t>(count));
      all.insert(all.end(), names.begin(), names.end());
      token = page.next;
      EXPECT_EQ(page.truncated, !token.empty());
    } while (!token.empty());
    for (std::string& name : all)
      if (name.starts_with("1/")) name.erase(0, 2);
    return all;
  }
  void create() { node_.create(*store_, "cats", "source"); }
};

TEST_F(ListingTest, KeysComeInByteOrderOfTheWholePath) {
  for (const char* path : {"a-b", "a.txt", "a/x", "a/y/z", "a0", "a-b.d/x", "b/-", "b-/x", "b+"})
    write(std::string("source/") + path);
  create();
  const Names expected = {"a-b", "a-b.d/x", "a.txt", "a/x", "a/y/z", "a0", "b+", "b-/x", "b/-"};
  EXPECT_EQ(keys(""), expected);
  for (int count = 1; count < 5; ++count) EXPECT_EQ(keys("", count), expected) << count;
}

TEST_F(ListingTest, KeysAndCommonPrefixesShareAPage) {
  for (const char* path : {"a/1", "a/2", "b", "c/1", "c/d/1", "d"})
    write(std::string("source/") + path);
  create();
  const Names expected = {"a/", "b", "c/", "d"};
  for (int count : {1, 2, 3, 4, 1000})
    EXPECT_EQ(keys("prefix=1%2F&delimiter=%2F", count), expected) << count;
  EXPECT_EQ(keys("prefix=1%2Fc&delimiter=%2F"), Names{"c/"});
  EXPECT_EQ(keys("prefix=1%2Fc%2F&delimiter=%2F"), (Names{"c/1", "c/d/"}));
  EXPECT_EQ(keys("prefix=1%2Fnone&delimiter=%2F"), Names{});
  // Any delimiter, and an empty one is none.
  EXPECT_EQ(keys("prefix=1%2F&delimiter=d", 1), (Names{"a/1", "a/2", "b", "c/1", "c/d", "d"}));
  EXPECT_EQ(keys("prefix=1%2F&delimiter=").size(), 6u);
}

TEST_F(ListingTest, StartsBehindAKeyThatNeedNotExist) {
  for (const char* path : {"a/1", "a/2", "b/1", "c"}) write(std::string("source/") + path);
  create();
  EXPECT_EQ(keys("start-after=1%2Fa%2F1"), (Names{"a/2", "b/1", "c"}));
  EXPECT_EQ(keys("start-after=1%2Fa"), (Names{"a/1", "a/2", "b/1", "c"}));
  EXPECT_EQ(keys("prefix=1%2F&delimiter=%2F&start-after=1%2Fa"), (Names{"a/", "b/", "c"}));
  EXPECT_EQ(keys("prefix=1%2F&delimiter=%2F&start-after=1%2Fa%2F1"), (Names{"b/", "c"}));
  EXPECT_EQ(keys("prefix=1%2F&delimiter=%2F&start-after=1%2Fa%2F"), (Names{"b/", "c"}));
  EXPECT_EQ(keys("start-after=1%2Fz"), Names{});
}

TEST_F(ListingTest, VersionsComeInByteOrderAndLatestIsNotListed) {
  for (int i = 1; i <= 11; ++i) {
    write("source/a", std::to_string(i));
    create();
  }
  store_->datastores->remove("cats", 3);
  EXPECT_EQ(list("cats", "list-type=2&delimiter=%2F").prefixes,
            (Names{"1/", "10/", "11/", "2/", "4/", "5/", "6/", "7/", "8/", "9/"}));
  EXPECT_EQ(list("cats", "list-type=2&max-keys=3").keys, (Names{"1/a", "10/a", "11/a"}));
  EXPECT_EQ(list("cats", "prefix=1&delimiter=%2F").prefixes, (Names{"1/", "10/", "11/"}));
  EXPECT_EQ(list("cats", "prefix=latest").all(), Names{});
  EXPECT_EQ(list("cats", "prefix=latest%2F").keys, Names{"latest/a"});
  EXPECT_EQ(list("cats", "prefix=3%2F").all(), Names{});
  EXPECT_EQ(list("cats", "prefix=01%2F").all(), Names{});
}

TEST_F(ListingTest, ALatestThatIsListedStaysTheSameVersion) {
  write("source/a"), write("source/b"), write("source/c");
  create();
  const List first = list("cats", "list-type=2&prefix=latest%2F&max-keys=1");
  std::filesystem::remove(node_ / "source/b");
  create();
  const List second = list("cats", "list-type=2&prefix=latest%2F&continuation-token=" + first.next);
  EXPECT_EQ(second.keys, (Names{"latest/b", "latest/c"}));
}

TEST_F(ListingTest, EmptyFoldersAreKeysAndOthersAreNot) {
  std::filesystem::create_directories(node_ / "source/full/empty");
  write("source/full/file");
  create();
  EXPECT_EQ(keys(""), (Names{"full/empty/", "full/file"}));
  EXPECT_EQ(keys("prefix=1%2Ffull%2F&delimiter=%2F"), (Names{"full/empty/", "full/file"}));
}

TEST_F(ListingTest, LinksAreTheFilesThatTheyReachInTheVersion) {
  write("source/file", "content"), write("source/folder/inner", "in");
  const auto link = [&](const char* target, const char* name) {
    std::filesystem::create_symlink(target, node_ / "source" / name);
  };
  link("file", "to-file"), link("../file", "folder/up"), link("to-file", "to-link");
  link("folder/inner", "through"), link("to-folder/../file", "round");
  link("folder", "to-folder"), link("/etc/passwd", "out"), link("../../file", "above");
  link("none", "dangling"), link("circle", "circle"), link("file/", "as-folder");
  std::filesystem::create_hard_link(node_ / "source/file", node_ / "source/hard");
  create();
  EXPECT_EQ(keys(""), (Names{"file", "folder/inner", "folder/up", "hard", "round", "through",
                             "to-file", "to-link"}));
  EXPECT_EQ(body_of(get("/s3/cats/1/to-link")), "content");
  EXPECT_EQ(body_of(get("/s3/cats/1/through")), "in");
  for (const char* name : {"to-folder", "out", "above", "dangling", "circle", "as-folder"})
    EXPECT_EQ(get(std::string("/s3/cats/1/") + name).status, 404) << name;
}

TEST_F(ListingTest, CountsOfZeroAndOverAThousand) {
  for (int i = 0; i < 1003; ++i) write(fmt::format("source/{}", i));
  create();
  const List none = list("cats", "list-type=2&max-keys=0");
  EXPECT_EQ(none.all(), Names{});
  EXPECT_FALSE(none.truncated);
  EXPECT_TRUE(none.has("<KeyCount>0</KeyCount>"));
  EXPECT_EQ(list("cats", "list-type=2&max-keys=5000").keys.size(), 1000u);
  EXPECT_TRUE(list("cats", "max-keys=5000").has("<MaxKeys>1000</MaxKeys>"));
  for (const char* wrong : {"max-keys=-1", "max-keys=x", "encoding-type=x", "list-type=1",
                            "list-type=2&continuation-token=", "list-type=2&continuation-token=zz"})
    EXPECT_EQ(error_of(get(std::string("/s3/cats?") + wrong)), "400 InvalidArgument") << wrong;
}

TEST_F(ListingTest, BothProtocolsSayWhereToGoOn) {
  write("source/a"), write("source/b/c");
  create();
  // The first: NextMarker only with a delimiter.
  EXPECT_FALSE(list("cats", "max-keys=1").has("NextMarker"));
  const List marked = list("cats", "max-keys=1&delimiter=%2F&prefix=1%2F");
  EXPECT_EQ(marked.next, "1/a");
  EXPECT_FALSE(marked.has("KeyCount"));
  EXPECT_TRUE(marked.has("<Owner>"));
  EXPECT_EQ(list("cats", "marker=1%2Fa&delimiter=%2F&prefix=1%2F").prefixes, Names{"1/b/"});
  EXPECT_EQ(list("cats", "marker=1%2Fb%2F&delimiter=%2F&prefix=1%2F").all(), Names{});
  // The second.
  const List second = list("cats", "list-type=2&max-keys=1");
  EXPECT_TRUE(second.has("<KeyCount>1</KeyCount>"));
  EXPECT_FALSE(second.has("<Owner>"));
  EXPECT_FALSE(second.has("Marker>"));
  EXPECT_EQ(second.next.find_first_not_of("0123456789abcdef"), second.next.npos);
  EXPECT_TRUE(list("cats", "list-type=2&fetch-owner=true").has("<Owner>"));
}

TEST_F(ListingTest, EncodesAsFormsDo) {
  write("source/a b+c&<é>~*"), write("source/d\x01"), write("source/\xff");
  create();
  const List encoded = list("cats", "list-type=2&encoding-type=url&start-after=1%2F%20");
  EXPECT_EQ(encoded.keys, (Names{"1/a+b%2Bc%26%3C%C3%A9%3E~%2A", "1/d%01", "1/%FF"}));
  EXPECT_TRUE(encoded.has("<EncodingType>url</EncodingType>"));
  EXPECT_TRUE(encoded.has("<StartAfter>1/+</StartAfter>"));
  // Without it: as XML has them, or refused where it has none.
  EXPECT_EQ(list("cats", "prefix=1%2Fa").keys, Names{"1/a b+c&<é>~*"});
  for (const char* query : {"prefix=1%2Fd", "", "prefix=1%2F%FF", "prefix=%01", "marker=%02"})
    EXPECT_EQ(error_of(get(std::string("/s3/cats?") + query)), "400 InvalidArgument") << query;
  EXPECT_EQ(list("cats", "delimiter=%2B&prefix=1%2Fa%20&encoding-type=url").prefixes,
            Names{"1/a+b%2B"});
}

// Every page, in every size, of random trees is what sorting everything gives.
TEST_F(ListingTest, AWalkGivesWhatSortingWouldGive) {
  std::mt19937 random(20261129);
  const auto pick = [&](std::size_t count) { return random() % count; };
  const std::string letters[] = {"a", "-", ".", "0", "b", "!", "\xff"};
  for (int round = 0; round < 12; ++round) {
    std::filesystem::remove_all(node_ / "source");
    std::set<std::string> all;
    for (int i = 0; i < 60; ++i) {
      std::string path;
      for (std::size_t depth = 0; depth <= pick(3); ++depth) {
        if (!path.empty()) path += "/";
        std::string name = "a";
        for (std::size_t size = pick(4); size > 0; --size) name += letters[pick(7)];
        path += name;
      }
      std::error_code error;
      const std::filesystem::path file = node_ / ("source/" + path);
      std::filesystem::create_directories(file.parent_path(), error);
      if (error || std::filesystem::exists(file, error)) continue;
      std::ofstream(file) << path;
      if (std::filesystem::is_regular_file(file, error)) all.insert("1/" + path);
    }
    const std::string name = fmt::format("random-{}", round);
    node_.create(*store_, name, "source");
    const service::OpenVersion version =
        service::open_version(*store_, dataset::Reference::parse(name + ":1"));
    const Bucket bucket{.versions = {"1"},
                        .open = [&](const std::string&) { return std::optional(version); }};
    for (const char* delimiter : {"", "/", "-", "a"})
      for (const char* prefix : {"", "1/", "1/a", "1/a-", "1/aa"})
        for (std::uint32_t count : {1u, 2u, 7u, 1000u}) {
          Names expected;
          for (const std::string& key : all) {
            if (!key.starts_with(prefix)) continue;
            const std::size_t at =
                *delimiter == 0 ? key.npos : key.find(delimiter, std::string(prefix).size());
            const std::string item = at == key.npos ? key : key.substr(0, at + 1);
            if (expected.empty() || expected.back() != item) expected.push_back(item);
          }
          Names found;
          ListRequest request{.prefix = prefix, .delimiter = delimiter, .count_max = count};
          for (ListPage page{.truncated = true}; page.truncated; request.after = page.last) {
            page = list_bucket(bucket, request);
            Names names = page.prefixes;
            for (const ListedObject& object : page.objects) names.push_back(object.key);
            std::sort(names.begin(), names.end());
            found.insert(found.end(), names.begin(), names.end());
            ASSERT_LE(found.size(), expected.size() + 1);
          }
          ASSERT_EQ(found, expected) << prefix << " " << delimiter << " " << count;
        }
  }
}

}  // namespace
}  // namespace grid::server::s3
