#include "base/current_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fork.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace grid {
namespace {

TEST(CurrentFolderTest, NamesAFolderThatWasDeleted) {
  const std::filesystem::path before = get_current_folder();
  const testing::TemporaryFolder outer;
  const std::filesystem::path gone = std::filesystem::canonical(outer.path()) / "gone";
  std::filesystem::create_directory(gone);
  std::filesystem::current_path(gone);
  EXPECT_EQ(get_current_folder(), gone);
  std::filesystem::remove(gone);
  bool was_deleted = false;
  EXPECT_EQ(current_folder(&was_deleted), gone);
  EXPECT_TRUE(was_deleted);
  testing::expect_error(ErrorKind::not_found, gone.string(), [] { get_current_folder(); });
  std::filesystem::current_path(before);
}

}  // namespace
}  // namespace grid
