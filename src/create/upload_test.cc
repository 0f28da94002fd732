// What an upload keeps between two requests outlasts a server that is killed while it writes.
#include "create/upload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace grid::create {
namespace {

class UploadFolderTest : public ::testing::Test {
 protected:
  static UploadedEntry file(std::string name, std::uint64_t size) {
    UploadedEntry uploaded{.entry = {.size = size}, .chunks = {}, .is_staged = true};
    uploaded.entry.name = std::move(name);
    return uploaded;
  }
  // "PATH SIZE" of each entry, in order.
  std::vector<std::string> entries() const {
    std::vector<std::string> found;
    upload_.read([&](const UploadedEntry& uploaded) {
      found.push_back(uploaded.entry.path() + " " + std::to_string(uploaded.entry.size));
    });
    std::sort(found.begin(), found.end());
    return found;
  }
  std::filesystem::path list() const { return folder_ / "entries"; }
  using Entries = std::vector<std::string>;

  testing::TemporaryFolder folder_;
  UploadFolder upload_{folder_.path()};
};

TEST_F(UploadFolderTest, ALaterEntryTakesThePlaceOfAnEarlierOne) {
  upload_.add({file("a", 1), file("b", 2)});
  upload_.add({file("a", 3)});
  EXPECT_EQ(entries(), (Entries{"a 3", "b 2"}));
}

TEST_F(UploadFolderTest, NothingIsLostBehindAnIncompleteLine) {
  upload_.add({file("a", 1)});
  const auto size = std::filesystem::file_size(list());
  upload_.add({file("b", 2)});
  const auto whole = std::filesystem::file_size(list());
  const std::string bytes = testing::read_file(list());
  for (auto cut = size; cut < whole; ++cut) {
    std::ofstream(list(), std::ios::binary) << bytes.substr(0, cut);
    EXPECT_EQ(entries(), Entries{"a 1"}) << cut;
    upload_.add({file("c", 3)});
    EXPECT_EQ(entries(), (Entries{"a 1", "c 3"})) << cut;
  }
}

TEST_F(UploadFolderTest, ALineOfZerosIsNone) {
  upload_.add({file("a", 1)});
  const auto size = std::filesystem::file_size(list());
  for (const unsigned zeros : {1, 11, 12, 13, 24, 100}) {
    std::filesystem::resize_file(list(), size);
    std::filesystem::resize_file(list(), size + zeros);
    upload_.add({file("b", 2)});
    EXPECT_EQ(entries(), (Entries{"a 1", "b 2"})) << zeros;
  }
}

}  // namespace
}  // namespace grid::create
