#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace grid {
namespace {

using testing::TemporaryFolder;

TEST(File, ReplaceLeavesNoOtherFileBehind) {
  TemporaryFolder folder;
  replace_file(folder / "a", as_bytes("one"));
  replace_file(folder / "a", as_bytes("two"));
  EXPECT_EQ(testing::read_file(folder / "a"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(File, AbsenceIsNoError) {
  TemporaryFolder folder;
  EXPECT_FALSE(find_file_bytes(folder / "none"));
  EXPECT_FALSE(MappedFile::find(folder / "none"));
  EXPECT_FALSE(find_file(folder / "none", O_RDONLY));
}

TEST(File, ErrorsNameThePath) {
  try {
    open_file("/nowhere/at/all", O_RDONLY);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_NE(std::string(error.what()).find("/nowhere/at/all"), std::string::npos);
  }
}

TEST(File, MappingAnEmptyFileIsEmpty) {
  TemporaryFolder folder;
  testing::write_file(folder / "empty", "");
  EXPECT_TRUE(MappedFile::find(folder / "empty")->bytes().empty());
}

}  // namespace
}  // namespace grid
