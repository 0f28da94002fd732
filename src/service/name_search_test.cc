#include "service/name_search.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/node.h"

namespace grid::service {
namespace {

using Paths = std::vector<std::string>;

class NameSearchTest : public ::testing::Test {
 protected:
  NameSearchTest() : store_(node_.open()) {
    for (const char* path : {"Maine_Coon_1.jpg", "cats/maine_2.JPG", "cats/old/maine_3.png",
                             "cats/old/coon", "dogs/[x].jpg"})
      testing::write_file(node_ / ("source/" + std::string(path)), path);
    node_.create(*store_, "cats", "source");
  }
  NameSearch search(const NameSearchRequest& request) {
    return search_names(open_version(*store_, {.name = "cats"}), request);
  }
  Paths found(const NameSearchRequest& request) {
    Paths paths;
    for (const tree::EntryRef& entry : search(request).entries) paths.push_back(entry.path());
    return paths;
  }

  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
};

TEST_F(NameSearchTest, FindsPartsOfNamesAnywhere) {
  EXPECT_EQ(found({.query = "maine"}),
            (Paths{"Maine_Coon_1.jpg", "cats/maine_2.JPG", "cats/old/maine_3.png"}));
  EXPECT_EQ(found({.query = "OLD"}), Paths{"cats/old"});
  EXPECT_EQ(found({.query = "maine", .path = "cats/old"}), Paths{"cats/old/maine_3.png"});
  EXPECT_EQ(found({.query = "nothing"}), Paths{});
}

TEST_F(NameSearchTest, MatchesPatternsOfNamesAndOfPaths) {
  EXPECT_EQ(found({.query = "*.jpg"}),
            (Paths{"Maine_Coon_1.jpg", "cats/maine_2.JPG", "dogs/[x].jpg"}));
  EXPECT_EQ(found({.query = "maine"}).size(), 3u);
  EXPECT_EQ(found({.query = "maine_?.*"}), (Paths{"cats/maine_2.JPG", "cats/old/maine_3.png"}));
  EXPECT_EQ(found({.query = "old/maine"}), Paths{"cats/old/maine_3.png"});
  EXPECT_EQ(found({.query = "cats/*.jpg"}), Paths{"cats/maine_2.JPG"});
  EXPECT_EQ(found({.query = "**/maine*"}).size(), 3u);
  EXPECT_EQ(found({.query = "*/maine*", .path = "cats"}), Paths{"cats/old/maine_3.png"});
}

TEST_F(NameSearchTest, GoesOnWhereItStopped) {
  NameSearchRequest request{.query = "a", .entries_max = 2};
  std::size_t parts = 0, matches = 0;
  while (true) {
    const NameSearch part = search(request);
    ++parts;
    matches += part.entries.size();
    EXPECT_EQ(part.total, 8u);
    EXPECT_EQ(part.looked_at, 2 * parts);
    if (!part.token) break;
    request.token = part.token;
  }
  EXPECT_EQ(parts, 4u);
  EXPECT_EQ(matches, found({.query = "a"}).size());
  const NameSearch one = search({.query = "maine", .matches_max = 1});
  ASSERT_TRUE(one.token);
  EXPECT_EQ(found({.query = "maine", .token = one.token}).size(), 2u);
  const NameSearch hurried = search({.query = "maine", .time_max = std::chrono::milliseconds(0)});
  EXPECT_GT(hurried.looked_at, 0u) << "each part gets on";
}

TEST_F(NameSearchTest, RefusesWhatIsNoSearch) {
  const auto kind_of = [&](const NameSearchRequest& request) -> std::optional<ErrorKind> {
    try {
      search(request);
      return std::nullopt;
    } catch (const Error& error) {
      return error.kind();
    }
  };
  EXPECT_EQ(kind_of({.query = ""}), ErrorKind::invalid_argument);
  EXPECT_EQ(kind_of({.query = "a", .path = "cats/old/coon"}), ErrorKind::invalid_argument);
  EXPECT_EQ(kind_of({.query = "a", .path = "x"}), ErrorKind::not_found);
  EXPECT_EQ(kind_of({.query = "a", .token = "x"}), ErrorKind::invalid_argument);
  EXPECT_EQ(kind_of({.query = "a", .token = "1-9"}), ErrorKind::invalid_argument);
  EXPECT_EQ(kind_of({.query = "a", .token = "2-1"}), ErrorKind::changed);
}

TEST_F(NameSearchTest, IsWrittenAsADocument) {
  const std::string text = testing::line_of(search({.query = "coon", .path = "cats"}));
  EXPECT_EQ(text.substr(0, text.find("mtime")),
            R"({"name": "cats", "version": 1, "path": "cats", "query": "coon", "looked_at": 4, )"
            R"("total": 4, "token": null, "entries": [{"path": "cats/old/coon", "kind": "file", )"
            R"("size": 13, "executable": false, ")");
}

}  // namespace
}  // namespace grid::service
