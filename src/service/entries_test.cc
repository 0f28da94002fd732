#include "service/entries.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "service/exports.h"
#include "tests/support/node.h"
#include "tests/support/random_bytes.h"

namespace grid::service {
namespace {

namespace fs = std::filesystem;

class EntriesTest : public ::testing::Test {
 protected:
  EntriesTest() : store_(node_.open()) {
    testing::write_file(node_ / "source/pictures/1.jpg", "one");
    testing::write_file(node_ / "source/pictures/2.jpg", std::string(9 << 20, 'x'));
    fs::create_symlink("1.jpg", node_ / "source/pictures/newest");
    fs::create_hard_link(node_ / "source/pictures/1.jpg", node_ / "source/pictures/same");
    testing::write_file(node_ / "source/readme", "text");
    node_.create(*store_, "cats", "source");
  }
  OpenVersion version() { return open_version(*store_, {.name = "cats"}); }
  std::vector<std::string> listed(const char* path, bool recursive) {
    std::vector<std::string> paths;
    tree::EntryCursor cursor = list_entries(version(), path, recursive).entries();
    while (std::optional<tree::EntryRef> entry = cursor.next()) paths.push_back(entry->path());
    return paths;
  }
  std::string read(const char* path) {
    std::string text;
    read_file(*store_, version(), path, [&](BytesView bytes) { text += as_text(bytes); });
    return text;
  }
  std::string refusal(const char* path) {
    try {
      read(path);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
};

TEST_F(EntriesTest, FilesTellHowManyChunksTheyHave) {
  testing::write_file(node_ / "varied", testing::random_bytes(3 << 20, 1));
  testing::write_file(node_ / "empty", "");
  node_.create(*store_, "odd", "varied");
  node_.create(*store_, "odd", "empty");
  const auto count = [&](const dataset::Reference& reference, const char* path) {
    return count_chunks(*store_, open_version(*store_, reference), path).chunks;
  };
  EXPECT_EQ(count({.name = "cats"}, "pictures/1.jpg"), 1u);
  EXPECT_EQ(count({.name = "cats"}, "pictures/same"), 1u) << "another name of the same file";
  EXPECT_EQ(count({.name = "odd", .version = 2}, "empty"), 0u);
  const OpenVersion odd = open_version(*store_, {.name = "odd", .version = 1});
  const tree::EntryRef file = entry_at(odd, "varied");
  std::uint64_t visited = 0;
  store_->contents->visit_chunks(file.content(), file.size(),
                                 [&](auto chunks) { visited += chunks.size(); });
  EXPECT_GT(visited, 1u);
  EXPECT_EQ(count({.name = "odd", .version = 1}, "varied"), visited);
  for (const char* path : {"", "pictures", "pictures/newest", "missing"})
    EXPECT_THROW(count({.name = "cats"}, path), Error) << path;
}

TEST_F(EntriesTest, AreListedByFolderOrBelowIt) {
  using Paths = std::vector<std::string>;
  EXPECT_EQ(listed("", false), (Paths{"pictures", "readme"}));
  EXPECT_EQ(listed("./pictures/", false),
            (Paths{"pictures/1.jpg", "pictures/2.jpg", "pictures/newest", "pictures/same"}));
  EXPECT_EQ(listed("", true).size(), 6u);
  EXPECT_EQ(listed("pictures//1.jpg", true), Paths{"pictures/1.jpg"});
  EXPECT_FALSE(list_entries(version(), "readme", false).is_folder);
}

TEST_F(EntriesTest, AreDocumentedWithEveryMember) {
  const timespec times[2] = {{.tv_sec = 1'700'000'000, .tv_nsec = 0},
                             {.tv_sec = 1'700'000'000, .tv_nsec = 0}};
  for (const char* path : {"source/pictures/1.jpg", "source/pictures/newest"})
    ::utimensat(AT_FDCWD, (node_ / path).c_str(), times, AT_SYMLINK_NOFOLLOW);
  node_.create(*store_, "cats", "source");
  EXPECT_EQ(testing::line_of(list_entries(version(), "pictures/newest", false)),
            R"({"name": "cats", "version": 2, "path": "pictures/newest", "entries": [{"path": )"
            R"("pictures/newest", "kind": "symlink", "mtime_ns": 1700000000000000000, )"
            R"("target": "1.jpg"}]})"
            "\n");
  EXPECT_EQ(testing::line_of(list_entries(version(), "pictures/same", false)),
            R"({"name": "cats", "version": 2, "path": "pictures/same", "entries": [{"path": )"
            R"("pictures/same", "kind": "hard_link", "size": 3, "executable": false, )"
            R"("mtime_ns": 1700000000000000000, "target": "pictures/1.jpg"}]})"
            "\n");
}

TEST_F(EntriesTest, AreReadInPieces) {
  EXPECT_EQ(read("pictures/1.jpg"), "one");
  EXPECT_EQ(read("pictures/same"), "one");
  EXPECT_EQ(read("pictures/2.jpg"), std::string(9 << 20, 'x'));
}

TEST_F(EntriesTest, AreNotReadUnlessTheyAreFiles) {
  EXPECT_EQ(refusal(""), "cats:1: the path of a file is missing");
  EXPECT_EQ(refusal("pictures"), "cats:1: pictures is a folder");
  EXPECT_EQ(refusal("pictures/newest"), "cats:1: pictures/newest is a symbolic link to 1.jpg");
  EXPECT_EQ(refusal("pictures/../readme"), "a path inside a version has no ..");
  EXPECT_EQ(refusal("raedme"), "cats:1 has no raedme; did you mean readme?");
}

TEST_F(EntriesTest, AreExported) {
  care::ExportProgress progress;
  const Export done = export_version(*store_,
                                     {.version = version(),
                                      .path = export_path(version(), "pictures/"),
                                      .destination = node_ / "out"},
                                     progress);
  EXPECT_EQ(done.path, "pictures");
  EXPECT_EQ(done.files, progress.files_done);
  EXPECT_EQ(testing::read_file(node_ / "out/1.jpg"), "one");
  EXPECT_THROW(export_path(version(), "dogs"), Error);
}

}  // namespace
}  // namespace grid::service
