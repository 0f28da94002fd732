#include "care/verify.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "backend/local.h"
#include "base/error.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::care {
namespace {

using testing::write_file;

class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() {
    for (int i = 0; i < 10; ++i)
      write_file(folder_ / "s" / std::to_string(i), testing::random_bytes(30'000, i));
    create();
    write_file(folder_ / "s/more", testing::random_bytes(30'000, 100));
    create();
  }
  void create() {
    auto store = testing::open_test_store(backend());
    testing::create_version(*store, folder_ / "s");
  }
  std::shared_ptr<backend::Backend> backend() const {
    return std::make_shared<backend::LocalBackend>(folder_ / "store");
  }
  VerifyReport check(const std::vector<dataset::Reference>& scope = {}) const {
    VerifyProgress progress;
    return verify(*testing::open_test_store(backend()), scope, progress);
  }
  // The store's files with this extension, the largest first.
  std::vector<std::filesystem::path> files(const std::string& extension) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "store"))
      if (entry.is_regular_file() && entry.path().extension() == extension)
        found.push_back(entry.path());
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return std::filesystem::file_size(a) > std::filesystem::file_size(b);
    });
    return found;
  }
  static void flip(const std::filesystem::path& path, std::size_t at) {
    std::string bytes = testing::read_file(path);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    std::filesystem::remove(path);
    write_file(path, bytes);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(VerifyTest, AHealthyStoreHasNoDamage) {
  VerifyReport report = check();
  EXPECT_TRUE(report.damages.empty());
  EXPECT_EQ(report.versions, 2u);
  EXPECT_EQ(report.files, 21u);
}

TEST_F(VerifyTest, ADamagedChunkNamesItsFileInEveryVersion) {
  flip(files(".data")[0], 10);
  VerifyReport report = check();
  ASSERT_EQ(report.damages.size(), 2u);
  EXPECT_EQ(report.damages[0].path, report.damages[1].path);
  EXPECT_EQ(report.damages[0].version + report.damages[1].version, 3u);
}

TEST_F(VerifyTest, ALostPackNamesEveryFileThatWasInIt) {
  std::filesystem::remove(files(".data")[0]);
  VerifyReport report = check();
  // The pack also held the tree of version 1, so that version reports only the loss of its tree.
  EXPECT_TRUE(std::any_of(report.damages.begin(), report.damages.end(), [](const Damage& damage) {
    return damage.version == 1 && damage.path.empty();
  }));
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(std::any_of(report.damages.begin(), report.damages.end(),
                            [&](const Damage& damage) {
                              return damage.version == 2 && damage.path == std::to_string(i);
                            }))
        << i;
}

TEST_F(VerifyTest, NamesADamagedIndexAndTheFilesThatNeedIt) {
  flip(files(".index")[0], 40);
  VerifyReport report = check();
  EXPECT_TRUE(std::any_of(report.damages.begin(), report.damages.end(), [](const Damage& damage) {
    return damage.name.empty() && damage.reason.find("index") != std::string::npos;
  }));
  EXPECT_GE(report.damages.size(), 11u);
}

TEST_F(VerifyTest, NamesADamagedRecordAndStillChecksTheOtherVersion) {
  std::filesystem::path record = folder_ / "store/datastores/cats/versions/1";
  std::filesystem::remove(record);
  write_file(record, "{\"grid\": \"vers");
  VerifyReport report = check();
  ASSERT_EQ(report.damages.size(), 1u);
  EXPECT_EQ(report.damages[0].version, 1u);
  EXPECT_EQ(report.versions, 1u);
}

TEST_F(VerifyTest, ChecksOnlyTheRequestedVersions) {
  std::filesystem::remove(files(".data").back());  // only version 2 needs it
  EXPECT_FALSE(check({{.name = "cats", .version = 2}}).damages.empty());
  VerifyReport report = check({{.name = "cats", .version = 1}});
  EXPECT_TRUE(std::none_of(report.damages.begin(), report.damages.end(),
                           [](const Damage& damage) { return damage.version == 1; }));
  EXPECT_THROW(check({{.name = "dogs"}}), Error);
}

}  // namespace
}  // namespace grid::care
