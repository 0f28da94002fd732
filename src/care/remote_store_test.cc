// A remote store, read through the node's cache.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <functional>

#include "base/error.h"
#include "cache/cached_object.h"
#include "care/move.h"
#include "care/verify.h"
#include "create/create.h"
#include "dataset/open_store.h"
#include "store/layout.h"
#include "tests/support/far_store.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::care {
namespace {

namespace fs = std::filesystem;

class RemoteStore : public ::testing::Test {
 protected:
  std::shared_ptr<dataset::OpenStore> open() {
    return dataset::open_store(
        far_, {.make_if_absent = far_->reachable, .cache_folder = folder_ / "cache"});
  }
  void create(const std::string& name) {
    create::CreateProgress progress;
    create::create_version(*open(),
                           {.input = {.sources = {{.where = (folder_ / "source").string()}}},
                            .storing = {.workers = 1},
                            .note = {.name = name}},
                           progress);
  }
  std::string read(dataset::OpenStore& store, const std::string& reference,
                   const std::string& path) {
    dataset::Version version = store.datastores->resolve(dataset::Reference::parse(reference));
    std::shared_ptr<const tree::Manifest> manifest = store.manifest(version.record);
    std::optional<tree::EntryRef> entry = manifest->find_path(path);
    Bytes scratch;
    BytesView bytes = store.contents->read_content(entry.value().content(), entry->size(), 0,
                                                   entry->size(), scratch);
    return std::string(as_text(bytes));
  }

  testing::TemporaryFolder folder_;
  std::shared_ptr<testing::FarStore> far_ = std::make_shared<testing::FarStore>();
};

TEST_F(RemoteStore, IsReadOnceAndThenFromTheCache) {
  const std::string bytes = testing::random_bytes(3 << 20, 1);
  testing::write_file(folder_ / "source/a", bytes);
  create("cats");
  EXPECT_EQ(read(*open(), "cats:1", "a"), bytes);
  const std::uint64_t before = far_->part_bytes;
  EXPECT_GE(before, bytes.size());
  EXPECT_EQ(read(*open(), "cats:1", "a"), bytes);
  EXPECT_EQ(far_->part_bytes, before);
}

TEST_F(RemoteStore, IsNotTakenForOneThatCopiedItsId) {
  testing::write_file(folder_ / "source/a", "mine");
  create("cats");
  const auto mine = far_;
  far_ = std::make_shared<testing::FarStore>();
  far_->place = "far://elsewhere";
  far_->create(store::marker_key(), *mine->find(store::marker_key()));
  testing::write_file(folder_ / "source/a", "theirs");
  create("cats");
  const auto theirs = far_;
  for (int round = 0; round < 2; ++round) {
    far_ = theirs;
    auto store = open();
    EXPECT_EQ(read(*store, "cats:1", "a"), "theirs");
    far_ = mine;
    EXPECT_EQ(read(*open(), "cats:1", "a"), "mine");
    EXPECT_EQ(open()->marker.store_id, store->marker.store_id);
    EXPECT_NE(open()->cache_key, store->cache_key);
    EXPECT_NE(open()->scan_record_path("cats"), store->scan_record_path("cats"));
  }
  for (const auto& store : {mine, theirs}) {
    store->reachable = false;
    far_ = store;
    EXPECT_EQ(read(*open(), "cats:1", "a"), store == mine ? "mine" : "theirs");
  }
}

TEST_F(RemoteStore, TheNextVersionCostsOnlyItsChanges) {
  testing::write_file(folder_ / "source/a", testing::random_bytes(20 << 20, 1));
  create("cats");
  read(*open(), "cats:1", "a");
  testing::write_file(folder_ / "source/b", testing::random_bytes(100'000, 2));
  create("cats");
  const std::uint64_t before = far_->part_bytes;
  auto store = open();
  read(*store, "cats:2", "a");
  read(*store, "cats:2", "b");
  EXPECT_LT(far_->part_bytes - before, 1u << 20);
}

TEST_F(RemoteStore, AttachesAFullyCachedVersionWithoutTheNetwork) {
  testing::write_file(folder_ / "source/a", "here");
  create("cats");
  EXPECT_EQ(read(*open(), "cats:latest", "a"), "here");
  far_->reachable = false;
  EXPECT_EQ(read(*open(), "cats:latest", "a"), "here");
  EXPECT_EQ(read(*open(), "cats:1", "a"), "here");
  EXPECT_THROW(create("cats"), Error);
}

TEST_F(RemoteStore, FetchesDamagedCachedBytesAgain) {
  const std::string text(300'000, 'a'), bytes = testing::random_bytes(300'000, 1);
  testing::write_file(folder_ / "source/bytes", bytes);
  testing::write_file(folder_ / "source/text", text);
  create("cats");
  read(*open(), "cats:1", "bytes");
  read(*open(), "cats:1", "text");
  std::uint64_t damaged = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder_ / "cache/objects")) {
    if (!file.path().string().ends_with(".data")) continue;
    std::fstream copy(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    copy.seekp(cache::CachedObject::map_end);
    copy << std::string(file.file_size() - cache::CachedObject::map_end, 'x');
    ++damaged;
  }
  EXPECT_GT(damaged, 0u);
  auto store = open();
  EXPECT_EQ(read(*store, "cats:1", "bytes"), bytes);
  EXPECT_EQ(read(*store, "cats:1", "text"), text);
}

// Each file below the cache folder, in each way that a power cut or another program may leave it.
TEST_F(RemoteStore, ReadsRightWhateverLiesInTheCacheFolder) {
  const std::string text(300'000, 'a'), bytes = testing::random_bytes(300'000, 1);
  testing::write_file(folder_ / "source/bytes", bytes);
  testing::write_file(folder_ / "source/text", text);
  create("cats");
  const auto read_all = [&](const std::string& what) {
    auto store = open();
    EXPECT_EQ(read(*store, "cats:latest", "bytes"), bytes) << what;
    EXPECT_EQ(read(*store, "cats:1", "text"), text) << what;
  };
  read_all("at first");
  fs::copy(folder_ / "cache", folder_ / "kept", fs::copy_options::recursive);
  const auto zeros = [](std::string& all) { all.assign(all.size(), '\0'); };
  const auto garbage = [](std::string& all) { all = testing::random_bytes(all.size(), 2); };
  const auto behind_the_magic = [](std::string& all) {
    if (all.size() > 8) all.replace(8, all.npos, testing::random_bytes(all.size() - 8, 3));
  };
  const auto wrong_size = [](std::string& all) {
    if (all.size() > 16) all.replace(8, 8, std::string("\2\0\0\0\0\0\0\0", 8));
  };
  const auto cut = [](std::string& all) { all.resize(all.size() / 2); };
  const auto empty = [](std::string& all) { all.clear(); };
  const std::vector<std::function<void(std::string&)>> harms = {
      zeros, garbage, behind_the_magic, wrong_size, cut, empty};
  // What is no file: a folder, a pipe that nobody writes to, links to nothing and elsewhere.
  testing::write_file(folder_ / "elsewhere", "not grid's");
  const std::vector<std::function<void(const fs::path&)>> others = {
      [](const fs::path& path) { fs::create_directory(path); },
      [](const fs::path& path) { EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0); },
      [](const fs::path& path) { fs::create_symlink(path, path); },
      [&](const fs::path& path) { fs::create_symlink(folder_ / "elsewhere", path); }};
  std::size_t files = 0;
  for (const auto& file : fs::recursive_directory_iterator(folder_ / "kept")) {
    if (!file.is_regular_file()) continue;
    ++files;
    for (std::size_t harm = 0; harm < harms.size() + others.size(); ++harm) {
      fs::remove_all(folder_ / "cache");
      fs::copy(folder_ / "kept", folder_ / "cache", fs::copy_options::recursive);
      const fs::path path = folder_ / "cache" / fs::relative(file.path(), folder_ / "kept");
      std::string all = testing::read_file(path);
      fs::remove(path);
      if (harm >= harms.size()) {
        others[harm - harms.size()](path);
      } else {
        harms[harm](all);
        testing::write_file(path, all);
      }
      const std::string what = path.string() + ", harm " + std::to_string(harm);
      read_all(what);
      read_all(what + ", again");
    }
  }
  EXPECT_GE(files, 5u);
  EXPECT_EQ(testing::read_file(folder_ / "elsewhere"), "not grid's");
}

// It says nothing of what is stored, whichever request it hits.
TEST_F(RemoteStore, AnOutageIsNoDamage) {
  testing::write_file(folder_ / "source/large", testing::random_bytes(3 << 20, 1));
  testing::write_file(folder_ / "source/small", "small");
  create("cats");
  create("dogs");
  const auto faulty = std::make_shared<testing::FaultyBackend>(far_);
  const auto store = dataset::open_store(faulty, {});
  bool failed = true;
  for (std::uint64_t call = 1; failed; ++call) {
    ASSERT_LT(call, 1000u);
    faulty->fail_call(call);
    failed = false;
    VerifyProgress progress;
    try {
      for (const Damage& damage : verify(*store, {}, progress).damages)
        ADD_FAILURE() << call << ": " << damage.path << ": " << damage.reason;
      failed = faulty->calls() >= call;  // and was asked again
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable) << call << ": " << error.what();
      failed = true;
    }
  }
}

// A move relies on what the other store has, not on what this node has of it.
TEST_F(RemoteStore, AMoveReadsBackWhatIsThere) {
  testing::write_file(folder_ / "source/bytes", testing::random_bytes(300'000, 1));
  create("dogs");
  ASSERT_TRUE(testing::is_readable(*open()));  // everything is in the cache now
  for (const backend::ObjectEntry& object : far_->list(store::packs_prefix())) {
    if (!object.key.ends_with(".data")) continue;
    Bytes bytes = far_->find(object.key).value();
    bytes[bytes.size() / 2] ^= std::byte{1};
    far_->remove(object.key);
    far_->create(object.key, bytes);
  }
  ASSERT_TRUE(testing::is_readable(*open()));
  const auto old = testing::open_test_store();
  testing::create_version(*old, folder_ / "source");
  MoveProgress progress;
  EXPECT_THROW(move_datastore(*old, *open(), {.name = "cats"}, progress), Error);
  EXPECT_TRUE(open()->datastores->published_numbers("cats").empty());
  EXPECT_EQ(old->datastores->ready_numbers("cats").size(), 1u);
}

}  // namespace
}  // namespace grid::care
