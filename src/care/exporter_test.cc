#include "care/exporter.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::care {
namespace {

using testing::read_file;
using testing::write_file;

class ExporterTest : public ::testing::Test {
 protected:
  ExporterTest() {
    write_file(folder_ / "s/a/b", testing::random_bytes(100'000, 1));
    write_file(folder_ / "s/a/empty", "");
    std::filesystem::create_symlink("b", folder_ / "s/a/link");
    std::filesystem::create_hard_link(folder_ / "s/a/b", folder_ / "s/again");
    write_file(folder_ / "s/sparse", "x");
    std::filesystem::resize_file(folder_ / "s/sparse", 10 << 20);
    ::chmod((folder_ / "s/a/b").c_str(), 0755);
    tree_ = store_->manifest(testing::create_version(*store_, folder_ / "s").record);
  }
  void export_to(const std::filesystem::path& to, std::string_view path = "") {
    ExportProgress progress;
    export_tree(*store_, tree_, path, to, progress);
  }
  static struct stat stat_of(const std::filesystem::path& path) {
    struct stat st {};
    ::lstat(path.c_str(), &st);
    return st;
  }

  testing::TemporaryFolder folder_;
  std::shared_ptr<dataset::OpenStore> store_ = testing::open_test_store();
  std::shared_ptr<const tree::Manifest> tree_;
};

TEST_F(ExporterTest, WritesWhatWasStored) {
  export_to(folder_ / "out");
  EXPECT_EQ(read_file(folder_ / "out/a/b"), read_file(folder_ / "s/a/b"));
  EXPECT_EQ(read_file(folder_ / "out/a/empty"), "");
  EXPECT_EQ(std::filesystem::read_symlink(folder_ / "out/a/link"), "b");
  EXPECT_EQ(stat_of(folder_ / "out/a/b").st_ino, stat_of(folder_ / "out/again").st_ino);
  EXPECT_TRUE(stat_of(folder_ / "out/a/b").st_mode & 0100);
  for (const char* path : {"a", "a/b", "a/link", "sparse", "a/empty"}) {
    EXPECT_EQ(stat_of(folder_ / "out" / path).st_mtim.tv_sec,
              stat_of(folder_ / "s" / path).st_mtim.tv_sec)
        << path;
    EXPECT_EQ(stat_of(folder_ / "out" / path).st_mtim.tv_nsec,
              stat_of(folder_ / "s" / path).st_mtim.tv_nsec)
        << path;
  }
  EXPECT_EQ(stat_of(folder_ / "out/sparse").st_size, 10 << 20);
  EXPECT_LT(stat_of(folder_ / "out/sparse").st_blocks, 100);
}

TEST_F(ExporterTest, WritesAPart) {
  export_to(folder_ / "out", "a");
  EXPECT_EQ(read_file(folder_ / "out/b"), read_file(folder_ / "s/a/b"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/sparse"));
  export_to(folder_ / "one", "again");
  EXPECT_EQ(read_file(folder_ / "one"), read_file(folder_ / "s/a/b"));
}

TEST_F(ExporterTest, NeverOverwritesAnything) {
  write_file(folder_ / "out/mine", "precious");
  EXPECT_THROW(export_to(folder_ / "out"), Error);
  EXPECT_THROW(export_to(folder_ / "out/mine", "a/b"), Error);
  EXPECT_EQ(read_file(folder_ / "out/mine"), "precious");
  std::filesystem::create_directories(folder_ / "void");
  export_to(folder_ / "void");
  EXPECT_TRUE(std::filesystem::exists(folder_ / "void/a/b"));
}

TEST_F(ExporterTest, AMissingPathIsNotFound) {
  try {
    export_to(folder_ / "out", "a/none");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

}  // namespace
}  // namespace grid::care
