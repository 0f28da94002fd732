#include "care/verify.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "backend/local.h"
#include "base/error.h"
#include "store/layout.h"
#include "tests/support/far_store.h"
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
  VerifyReport check(const std::vector<dataset::Reference>& scope = {},
                     PacksChecked packs = PacksChecked::needed) const {
    VerifyProgress progress;
    return verify(*testing::open_test_store(backend()), scope, progress, packs);
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
  ASSERT_EQ(report.damages.size(), 3u);
  EXPECT_EQ(report.damages[0].name, "") << "the pack";
  EXPECT_NE(report.damages[0].reason.find(".data: 1 of "), std::string::npos);
  EXPECT_EQ(report.damages[1].path, report.damages[2].path);
  EXPECT_EQ(report.damages[1].version + report.damages[2].version, 3u);
}

// A file that is one byte off has no damaged chunk.
TEST_F(VerifyTest, NamesAPackOfAnotherLength) {
  const std::filesystem::path pack = files(".data")[0];
  const std::string bytes = testing::read_file(pack);
  const auto replace = [&](const std::string& by) {
    std::filesystem::remove(pack);
    write_file(pack, by);
  };
  replace(bytes + '\0');
  VerifyReport report = check();
  ASSERT_EQ(report.damages.size(), 1u);
  EXPECT_NE(report.damages[0].reason.find("and its index says"), std::string::npos);
  replace(bytes.substr(0, bytes.size() - 1));
  EXPECT_FALSE(check().damages.empty());
  replace(bytes);
  EXPECT_TRUE(check().damages.empty());
}

TEST_F(VerifyTest, ChecksPacksThatOnlyDeletedVersionsNeed) {
  auto store = testing::open_test_store(backend());
  store->datastores->remove("cats", 1);
  store->datastores->remove("cats", 2);
  VerifyReport report = check();
  EXPECT_TRUE(report.damages.empty());
  EXPECT_EQ(report.deleted_versions, 2u);
  flip(files(".data")[0], 10);
  EXPECT_EQ(check().damages.size(), 1u);
  std::filesystem::remove(files(".data")[0]);
  EXPECT_EQ(check().damages.size(), 1u);
}

TEST_F(VerifyTest, NamesWhatIsNoPart) {
  write_file(folder_ / "store/packs/notes", "mine");
  std::filesystem::create_directories(folder_ / "store/packs" / (std::string(32, 'a') + ".index"));
  write_file(folder_ / "store/packs" / (std::string(32, 'b') + ".data"), "of a create that died");
  const VerifyReport report = check();
  EXPECT_TRUE(report.damages.empty());
  EXPECT_EQ(report.notes.size(), 2u);
  EXPECT_EQ(report.unindexed_packs, 1u);
  EXPECT_EQ(report.unindexed_bytes, 21u);
}

// Each is one damage, and the rest is checked.
TEST_F(VerifyTest, WhatIsNoObjectAmongThePacksIsNamed) {
  namespace fs = std::filesystem;
  const fs::path data = files(".data")[0], index = files(".index")[0];
  const auto check_with = [&](const fs::path& path, const auto& put) {
    const fs::path kept = folder_ / "kept";
    fs::rename(path, kept);
    put(path);
    const VerifyReport report = check();
    EXPECT_EQ(report.damages.at(0).name, "");
    EXPECT_NE(report.damages.at(0).reason.find(path.filename().native()), std::string::npos)
        << report.damages.at(0).reason;
    EXPECT_EQ(std::count_if(report.damages.begin(), report.damages.end(),
                            [](const Damage& damage) { return damage.name.empty(); }),
              1);
    EXPECT_GT(report.chunks, 0u) << "the other pack";
    fs::remove_all(path);
    fs::rename(kept, path);
  };
  for (const fs::path& path : {data, index}) {
    check_with(path, [](const fs::path& at) { fs::create_symlink(at, at); });
    check_with(path, [](const fs::path& at) { fs::create_symlink(".", at); });
    check_with(path, [](const fs::path& at) { ASSERT_EQ(::mkfifo(at.c_str(), 0600), 0); });
    check_with(path, [](const fs::path& at) { fs::create_directories(at / "below"); });
  }
  EXPECT_TRUE(check().damages.empty());
}

TEST_F(VerifyTest, AFolderThatCannotBeListedIsOneDamage) {
  std::filesystem::rename(folder_ / "store/datastores/cats", folder_ / "store/datastores/dogs");
  std::filesystem::create_directories(folder_ / "store/datastores/cats");
  std::filesystem::create_symlink("versions", folder_ / "store/datastores/cats/versions");
  const VerifyReport report = check();
  EXPECT_TRUE(std::any_of(report.damages.begin(), report.damages.end(),
                          [](const Damage& damage) { return damage.name == "cats"; }));
}

TEST_F(VerifyTest, CountsFilesAsAVersionDoes) {
  std::filesystem::create_hard_link(folder_ / "s/1", folder_ / "s/another name of 1");
  create();
  const auto store = testing::open_test_store(backend());
  EXPECT_EQ(check({{.name = "cats", .version = 3}}).files,
            store->datastores->find("cats", 3)->record.totals.files);
}

// What this node keeps of the store says nothing about the store.
TEST(Verify, ReadsTheStorePastTheNodesCacheAndTables) {
  testing::TemporaryFolder folder;
  for (int i = 0; i < 10; ++i)
    write_file(folder / "s" / std::to_string(i), testing::random_bytes(30'000, i));
  auto far = std::make_shared<testing::FarStore>();
  const auto open = [&] { return testing::open_test_store(far, folder / "cache"); };
  testing::create_version(*open(), folder / "s");
  ASSERT_TRUE(testing::is_readable(*open()));  // everything is in the cache now
  const auto check = [&] {
    VerifyProgress progress;
    return verify(*open(), {}, progress).damages;
  };
  EXPECT_TRUE(check().empty());
  const auto objects = far->list(store::packs_prefix());
  ASSERT_EQ(objects.size(), 2u);
  for (const backend::ObjectEntry& object : objects) {
    const Bytes whole = far->find(object.key).value();
    Bytes damaged = whole;
    damaged[whole.size() / 2] ^= std::byte{1};
    far->remove(object.key);
    ASSERT_TRUE(testing::is_readable(*open()) || object.key.ends_with(".index"))
        << "from the cache";
    EXPECT_FALSE(check().empty()) << object.key << " is missing";
    far->create(object.key, damaged);
    EXPECT_FALSE(check().empty()) << object.key << " is damaged";
    far->remove(object.key);
    far->create(object.key, whole);
    EXPECT_TRUE(check().empty());
  }
  far->reachable = false;
  EXPECT_THROW(check(), Error);
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

// Whatever is wrong, a version is as well as it is when all of the store is checked.
TEST_F(VerifyTest, FindsAllThatIsWrongWithAVersionInThePacksThatItNeeds) {
  write_file(folder_ / "t/large", testing::random_bytes(9'000'000, 7));
  testing::create_version(*testing::open_test_store(backend()), folder_ / "t",
                          {.note = {.name = "dogs"}});
  const auto texts = [&](PacksChecked packs) {
    std::vector<std::string> found;
    for (const char* name : {"cats", "dogs"})
      for (const Damage& damage : check({{.name = name}}, packs).damages)
        found.push_back(
            fmt::format("{}:{} {}: {}", damage.name, damage.version, damage.path, damage.reason));
    std::sort(found.begin(), found.end());
    return found;
  };
  EXPECT_TRUE(texts(PacksChecked::needed).empty());
  unsigned harms = 0;
  for (const char* extension : {".data", ".index"})
    for (const std::filesystem::path& file : files(extension)) {
      const std::string whole = testing::read_file(file);
      for (std::size_t at = 3; at < whole.size(); at += whole.size() / 7 + 1) {
        flip(file, at);
        EXPECT_EQ(texts(PacksChecked::needed), texts(PacksChecked::all)) << file << " " << at;
        std::filesystem::remove(file);
        write_file(file, whole);
        ++harms;
      }
      std::filesystem::remove(file);
      EXPECT_EQ(texts(PacksChecked::needed), texts(PacksChecked::all)) << file;
      write_file(file, whole);
    }
  EXPECT_GT(harms, 20u);
}

TEST_F(VerifyTest, ChecksOnlyTheRequestedVersions) {
  EXPECT_LT(check({{.name = "cats", .version = 1}}).bytes,
            check({{.name = "cats", .version = 2}}).bytes);
  std::filesystem::remove(files(".data").back());  // only version 2 needs it
  EXPECT_FALSE(check({{.name = "cats", .version = 2}}).damages.empty());
  VerifyReport report = check({{.name = "cats", .version = 1}});
  EXPECT_TRUE(std::none_of(report.damages.begin(), report.damages.end(),
                           [](const Damage& damage) { return damage.version == 1; }));
  EXPECT_TRUE(report.notes.empty());
  EXPECT_EQ(check({{.name = "cats", .version = 1}}, PacksChecked::all).notes.size(), 1u);
  EXPECT_THROW(check({{.name = "dogs"}}), Error);
}

}  // namespace
}  // namespace grid::care
