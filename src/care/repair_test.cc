#include "care/repair.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "backend/local.h"
#include "base/error.h"
#include "store/layout.h"
#include "tests/support/far_store.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::care {
namespace {

using testing::write_file;

// A store with files of every kind of content: small, of several chunks, of a recipe of recipes.
class RepairTest : public ::testing::Test {
 protected:
  RepairTest() {
    for (int i = 0; i < 20; ++i) write_file(source() / "small" / std::to_string(i), text(i));
    write_file(source() / "large", testing::random_bytes(3 << 20, 100));
    testing::create_version(*open(), source());
  }
  std::string text(int i) const {
    return std::string(2000, static_cast<char>('a' + i)) + testing::random_bytes(2000, i);
  }
  std::filesystem::path source() const { return folder_ / "s"; }
  std::shared_ptr<dataset::OpenStore> open(const std::filesystem::path& cache = {}) const {
    return testing::open_test_store(backend_, cache);
  }
  RepairReport repair(std::vector<std::string> sources = {},
                      const std::filesystem::path& cache = {}) const {
    RepairProgress progress;
    return care::repair(*open(cache), {.sources = std::move(sources)}, progress);
  }
  std::vector<Damage> damages() const {
    VerifyProgress progress;
    return verify(*open(), {}, progress).damages;
  }
  std::vector<std::string> keys(std::string_view suffix) const {
    std::vector<std::string> found;
    for (const backend::ObjectEntry& object : backend_->list(store::packs_prefix()))
      if (object.key.ends_with(suffix)) found.push_back(object.key);
    return found;
  }
  void replace(const std::string& key, const Bytes& bytes) const {
    backend_->remove(key);
    backend_->create(key, bytes);
  }
  void flip(const std::string& key, std::size_t at) const {
    Bytes bytes = backend_->find(key).value();
    bytes[at % bytes.size()] ^= std::byte{1};
    replace(key, bytes);
  }

  testing::TemporaryFolder folder_;
  std::shared_ptr<testing::FarStore> far_ = std::make_shared<testing::FarStore>();
  std::shared_ptr<testing::FaultyBackend> backend_ = std::make_shared<testing::FaultyBackend>(far_);
};

// What takes the place of an object is not removed, and keeps nothing else from being healed.
TEST_F(RepairTest, HealsAroundWhatIsNoObject) {
  namespace fs = std::filesystem;
  const auto open_local = [&] {
    return testing::open_test_store(std::make_shared<backend::LocalBackend>(folder_ / "local"));
  };
  testing::create_version(*open_local(), source());
  fs::path data;
  for (const auto& entry : fs::directory_iterator(folder_ / "local/packs"))
    if (entry.path().extension() == ".data") data = entry.path();
  for (const bool loop : {true, false}) {
    fs::remove(data);
    if (loop)
      fs::create_symlink(data, data);
    else
      fs::create_directories(data);
    RepairProgress progress;
    const RepairReport report =
        care::repair(*open_local(), {.sources = {source().string()}}, progress);
    EXPECT_EQ(report.packs_removed, 1u);
    EXPECT_TRUE(report.left.damages.empty());
    EXPECT_EQ(report.left.notes.size(), loop ? 1u : 2u);
    for (const auto& entry : fs::directory_iterator(folder_ / "local/packs"))
      if (std::error_code ignored;
          entry.path().extension() == ".data" && entry.is_regular_file(ignored))
        data = entry.path();
  }
}

TEST_F(RepairTest, LeavesAHealthyStoreAlone) {
  const auto before = backend_->list_below("");
  const RepairReport report = repair({source().string()});
  EXPECT_EQ(report.packs_damaged, 0u);
  EXPECT_EQ(report.chunks_lost, 0u);
  EXPECT_EQ(report.bytes_written, 0u);
  EXPECT_TRUE(report.left.damages.empty());
  EXPECT_EQ(backend_->list_below(""), before);
}

TEST_F(RepairTest, SaysWhatItCannotHealAndRemovesNothing) {
  flip(keys(".data")[0], 1000);
  const auto before = damages();
  const RepairReport report = repair();
  EXPECT_EQ(report.packs_damaged, 1u);
  EXPECT_GE(report.chunks_lost, 1u);
  EXPECT_EQ(report.packs_removed, 0u);
  EXPECT_FALSE(report.left.damages.empty());
  EXPECT_NE(backend_->find(keys(".data")[0]), std::nullopt);
  // The damaged pack is still there for a source to heal.
  const RepairReport healed = repair({source().string()});
  EXPECT_EQ(healed.packs_removed, 1u);
  EXPECT_TRUE(healed.left.damages.empty());
  EXPECT_TRUE(damages().empty());
  EXPECT_FALSE(before.empty());
}

// Bytes of files, recipes, segments and the root all lie in the pack.
TEST_F(RepairTest, HealsEachPartOfAPackFromTheSource) {
  const std::string key = keys(".data")[0];
  const Bytes whole = backend_->find(key).value();
  for (std::size_t at = 0; at < whole.size(); at += whole.size() / 40) {
    flip(keys(".data")[0], at);
    ASSERT_FALSE(damages().empty()) << at;
    const RepairReport report = repair({source().string()});
    ASSERT_TRUE(report.left.damages.empty()) << at << ": " << report.left.damages[0].reason;
    EXPECT_EQ(report.healed_by_sources, report.chunks_lost);
    ASSERT_TRUE(damages().empty()) << at;
    ASSERT_TRUE(testing::is_readable(*open()));
  }
}

TEST_F(RepairTest, HealsMissingObjectsFromTheSource) {
  for (const char* suffix : {".data", ".index"}) {
    backend_->remove(keys(suffix)[0]);
    const RepairReport report = repair({source().string()});
    EXPECT_TRUE(report.left.damages.empty()) << suffix;
    EXPECT_TRUE(damages().empty()) << suffix;
    ASSERT_TRUE(testing::is_readable(*open())) << suffix;
  }
}

TEST_F(RepairTest, ReplacesAPackOfAnotherLength) {
  const std::string key = keys(".data")[0];
  Bytes longer = backend_->find(key).value();
  longer.push_back(std::byte{0});
  replace(key, longer);
  const RepairReport report = repair();
  EXPECT_EQ(report.packs_removed, 1u);
  EXPECT_EQ(report.chunks_lost, 0u);
  EXPECT_TRUE(report.left.damages.empty());
  EXPECT_FALSE(backend_->find(key));
  EXPECT_TRUE(damages().empty());
}

// A chunk's own bytes say which chunk it is: the index is needed only for where it lies.
TEST_F(RepairTest, SalvagesAPackWhoseIndexIsDamaged) {
  const auto index_size = [&] { return backend_->find(keys(".index")[0]).value().size(); };
  for (int part = 0; part < 2; ++part) {  // a digest, the sum
    flip(keys(".index")[0], part == 0 ? index_size() / 2 : index_size() - 1);
    ASSERT_FALSE(damages().empty());
    EXPECT_TRUE(repair().left.damages.empty()) << part;
    EXPECT_TRUE(damages().empty()) << part;
    ASSERT_TRUE(testing::is_readable(*open())) << part;
  }
  // An index that breaks other rules tells nothing.
  flip(keys(".index")[0], 6);
  EXPECT_FALSE(repair().left.damages.empty());
  flip(keys(".index")[0], 6);
  EXPECT_TRUE(damages().empty());
}

TEST_F(RepairTest, HealsFromAPackThatHasTheChunksToo) {
  // Another writer that knew of nothing stores the same chunks.
  auto other = std::make_shared<testing::MemoryBackend>();
  testing::create_version(*testing::open_test_store(other), source());
  for (const backend::ObjectEntry& object : other->list(store::packs_prefix()))
    backend_->create(object.key, other->find(object.key).value());
  const std::string key = keys(".data")[0];
  flip(key, 1000);
  const std::vector<Damage> found = damages();
  ASSERT_EQ(found.size(), 1u) << "every file can be read";
  EXPECT_NE(found[0].reason.find("grid store repair"), std::string::npos);
  EXPECT_TRUE(testing::is_readable(*open()));
  const RepairReport report = repair();
  EXPECT_EQ(report.healed_by_packs, 1u);
  EXPECT_EQ(report.bytes_written, 0u);
  EXPECT_EQ(report.packs_removed, 1u);
  EXPECT_FALSE(backend_->find(key));
  EXPECT_TRUE(damages().empty());
}

TEST_F(RepairTest, HealsFromWhatTheNodeKeeps) {
  ASSERT_TRUE(testing::is_readable(*open(folder_ / "cache")));
  flip(keys(".data")[0], 1000);
  EXPECT_TRUE(repair({}, folder_ / "cache").left.damages.empty());
  EXPECT_TRUE(damages().empty());
  // The tables know where the chunks lie that no index names.
  ASSERT_TRUE(testing::is_readable(*open(folder_ / "cache")));
  backend_->remove(keys(".index")[0]);
  const RepairReport report = repair({}, folder_ / "cache");
  EXPECT_TRUE(report.left.damages.empty());
  EXPECT_GT(report.healed_by_node, 0u);
  EXPECT_TRUE(damages().empty());
}

// Whichever request fails, what could be read before can be read after, and the next repair heals.
TEST_F(RepairTest, LosesNothingWhateverFails) {
  const std::string key = keys(".data")[0];
  Bytes longer = backend_->find(key).value();
  longer.push_back(std::byte{0});
  for (std::uint64_t failing = 1;; ++failing) {
    const std::string damaged = keys(".data")[0];
    Bytes bytes = backend_->find(damaged).value();
    bytes.push_back(std::byte{0});
    replace(damaged, bytes);
    backend_->fail_call(failing);
    bool failed = false;
    try {
      repair();
    } catch (const Error&) {
      failed = true;
    }
    backend_->fail_call(0);
    ASSERT_TRUE(testing::is_readable(*open())) << failing;
    EXPECT_TRUE(repair().left.damages.empty()) << failing;
    ASSERT_TRUE(damages().empty()) << failing;
    if (!failed) break;
    ASSERT_LT(failing, 1000u);
  }
}

TEST_F(RepairTest, AReaderThatKnowsTheOldPackFindsTheNewOne) {
  const auto reader = open(folder_ / "cache");
  ASSERT_TRUE(testing::is_readable(*reader));
  flip(keys(".data")[0], 1000);
  ASSERT_TRUE(repair({source().string()}).left.damages.empty());
  std::filesystem::remove_all(folder_ / "cache/objects");
  EXPECT_TRUE(testing::is_readable(*reader));
  EXPECT_TRUE(testing::is_readable(*open(folder_ / "cache")));
}

}  // namespace
}  // namespace grid::care
