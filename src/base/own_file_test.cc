#include "base/own_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temporary_folder.h"

namespace grid {
namespace {

namespace fs = std::filesystem;

TEST(OwnFileTest, WhatIsNoFileIsAbsentAndGoes) {
  const testing::TemporaryFolder folder;
  const fs::path path = folder / "x";
  const auto fifo = [&] { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); };
  const auto loop = [&] { fs::create_symlink(path, path); };
  const auto link = [&] {
    replace_file(folder / "other", as_bytes("other"));
    fs::create_symlink(folder / "other", path);
  };
  const auto directory = [&] { fs::create_directories(path / "y"); };
  for (const std::function<void()>& make :
       {std::function<void()>(fifo), {loop}, {link}, {directory}})
    for (const int flags : {O_RDONLY, O_RDWR, O_WRONLY}) {
      make();
      EXPECT_FALSE(find_own_file(path, flags));
      EXPECT_FALSE(fs::exists(fs::symlink_status(path)));
      make();
      EXPECT_TRUE(open_own_file(path, flags | O_CREAT));
      fs::remove(path);
    }
  EXPECT_EQ(as_text(find_file_bytes(folder / "other").value()), "other");
  for (const std::function<void()>& make : {std::function<void()>(fifo), {loop}, {directory}}) {
    make();
    EXPECT_FALSE(find_regular_file_bytes(path));
    EXPECT_TRUE(fs::exists(fs::symlink_status(path)));
    fs::remove_all(path);
  }
  link();
  EXPECT_EQ(as_text(find_regular_file_bytes(path).value()), "other");
  fs::remove(path);
  EXPECT_FALSE(find_regular_file_bytes(path));
  replace_file(path, as_bytes("text"));
  EXPECT_EQ(as_text(find_own_file_bytes(path).value()), "text");
  EXPECT_FALSE(find_own_file_bytes(folder / "none"));
  EXPECT_FALSE(find_own_file_bytes(path / "below"));
}

}  // namespace
}  // namespace grid
