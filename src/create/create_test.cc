#include "create/create.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <random>
#include <set>
#include <thread>

#include "base/error.h"
#include "store/layout.h"
#include "tests/support/bucket_server.h"
#include "tests/support/expect_error.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::create {
namespace {

using testing::random_bytes;
using testing::read_from;
using testing::TemporaryFolder;
using testing::write_file;

class CreateTest : public ::testing::Test {
 protected:
  CreateResult create(CreateOptions options = {}) {
    return testing::create_version(*store_, source_, std::move(options));
  }
  std::shared_ptr<const tree::Manifest> manifest(dataset::VersionNumber number) {
    return store_->manifest(
        store_->datastores->resolve({.name = "cats", .version = number}).record);
  }
  // Lets the source's time stamps grow old enough to be trusted.
  static void settle() { ::usleep(150'000); }

  TemporaryFolder folder_;
  std::filesystem::path source_ = folder_ / "cats";
  std::shared_ptr<testing::MemoryBackend> backend_ = std::make_shared<testing::MemoryBackend>();
  std::shared_ptr<dataset::OpenStore> store_ =
      testing::open_test_store(backend_, folder_ / "cache");
};

TEST_F(CreateTest, AVersionHasWhatTheSourceHas) {
  std::string large = random_bytes(300'000, 1);
  write_file(source_ / "a.txt", "hello");
  write_file(source_ / "large.bin", large);
  write_file(source_ / "deep/er/still/b", "");
  std::filesystem::create_directories(source_ / "empty");
  std::filesystem::create_symlink("/nowhere/at all", source_ / "dangling");
  ::chmod((source_ / "a.txt").c_str(), 0755);
  timespec times[2] = {{.tv_sec = 1, .tv_nsec = 2},
                       {.tv_sec = 1'000'000'000, .tv_nsec = 123456789}};
  ::utimensat(AT_FDCWD, (source_ / "large.bin").c_str(), times, 0);

  EXPECT_EQ(create().record.number, 1u);
  std::shared_ptr<const tree::Manifest> tree = manifest(1);
  EXPECT_EQ(
      tree->totals(),
      (tree::TreeTotals{.entries = 8, .files = 3, .folders = 4, .symlinks = 1, .bytes = 300'005}));
  EXPECT_EQ(read_from(*store_, *tree, "a.txt"), "hello");
  EXPECT_EQ(read_from(*store_, *tree, "large.bin"), large);
  EXPECT_EQ(read_from(*store_, *tree, "deep/er/still/b"), "");
  EXPECT_TRUE(tree->find_path("a.txt")->executable());
  EXPECT_FALSE(tree->find_path("large.bin")->executable());
  EXPECT_EQ(tree->find_path("large.bin")->mtime_ns(), 1'000'000'000'123456789);
  EXPECT_EQ(tree->find_path("dangling")->target(), "/nowhere/at all");
  EXPECT_EQ(tree->find_path("empty")->kind(), tree::EntryKind::folder);
  EXPECT_EQ(tree->children("empty").count, 0u);
}

TEST_F(CreateTest, AStoreInsideItsSourceIsLeftOut) {
  write_file(source_ / "a", "a");
  auto store = dataset::open_store((source_ / "store").string(), {.make_if_absent = true});
  const CreateResult result = testing::create_version(*store, source_);
  EXPECT_EQ(result.record.totals.entries, 1u);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].path, "store");
}

// Holes are not read but cut as zeros.
TEST_F(CreateTest, ASparseFileIsTheSameAsOneFullOfZeros) {
  constexpr std::size_t size = 75'000'000;
  std::string text(size, '\0');
  for (std::size_t at : {std::size_t{3'000'001}, std::size_t{40'000'000}})
    text.replace(at, 200'000, random_bytes(200'000, 5));
  write_file(source_ / "file", text);
  timespec times[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  ::utimensat(AT_FDCWD, (source_ / "file").c_str(), times, 0);
  const CreateResult full = create();

  std::filesystem::remove(source_ / "file");
  write_file(source_ / "file", "");
  std::filesystem::resize_file(source_ / "file", size);
  int fd = ::open((source_ / "file").c_str(), O_WRONLY);
  for (std::size_t at : {std::size_t{3'000'001}, std::size_t{40'000'000}})
    EXPECT_EQ(::pwrite(fd, text.data() + at, 200'000, static_cast<off_t>(at)), 200'000);
  ::futimens(fd, times);
  struct stat st;
  ::fstat(fd, &st);
  ::close(fd);
  if (static_cast<std::size_t>(st.st_blocks) * 512 > size / 2)
    GTEST_SKIP() << "this file system has no sparse files";
  const CreateResult sparse = create();
  EXPECT_TRUE(sparse.same);
  EXPECT_EQ(sparse.bytes_read, size);
  EXPECT_EQ(sparse.bytes_new, 0u);
  EXPECT_EQ(sparse.record.root, full.record.root);
}

// 50 GB of holes: reading them would take far too long for a test.
TEST_F(CreateTest, AHoleCostsNextToNothing) {
  write_file(source_ / "file", "the front");
  std::error_code failed;
  std::filesystem::resize_file(source_ / "file", 50'000'000'000, failed);
  if (failed) GTEST_SKIP() << "this file system has no sparse files of that size";
  EXPECT_EQ(create().record.totals.bytes, 50'000'000'000u);
  std::shared_ptr<const tree::Manifest> tree = manifest(1);
  tree::EntryRef file = *tree->find_path("file");
  Bytes scratch;
  BytesView end =
      store_->contents->read_content(file.content(), file.size(), file.size() - 10, 10, scratch);
  EXPECT_EQ(end.size(), 10u);
  EXPECT_EQ(end[9], std::byte{0});
}

TEST_F(CreateTest, AnUnchangedSourceIsTheSameVersion) {
  write_file(source_ / "a", "1");
  EXPECT_FALSE(create().same);
  CreateResult again = create();
  EXPECT_TRUE(again.same);
  EXPECT_EQ(again.record.number, 1u);
  EXPECT_EQ(create({.storing = {.force = true}}).record.number, 2u);
}

TEST_F(CreateTest, NumbersAreNeverUsedAgain) {
  write_file(source_ / "a", "1");
  create();
  create({.storing = {.force = true}});
  store_->datastores->remove("cats", 2);
  EXPECT_EQ(create({.storing = {.force = true}}).record.number, 3u);
  store_->datastores->remove("cats", 1);
  store_->datastores->remove("cats", 3);
  EXPECT_THROW(store_->datastores->resolve({.name = "cats"}), Error);
  CreateResult next = create();
  EXPECT_EQ(next.record.number, 4u);
  EXPECT_FALSE(next.record.parent);
}

TEST_F(CreateTest, UnchangedFilesAreNotReadAgain) {
  for (int i = 0; i < 100; ++i) write_file(source_ / std::to_string(i), std::to_string(i));
  settle();
  EXPECT_EQ(create().files_read, 100u);
  write_file(source_ / "7", "seven");
  std::filesystem::remove(source_ / "8");
  write_file(source_ / "new", "new");
  CreateResult second = create();
  EXPECT_EQ(second.files_read, 2u);
  EXPECT_EQ(second.files_unchanged, 98u);
  EXPECT_EQ(read_from(*store_, *manifest(2), "7"), "seven");
  EXPECT_EQ(read_from(*store_, *manifest(2), "9"), "9");
  EXPECT_EQ(read_from(*store_, *manifest(2), "8"), "(absent)");
  EXPECT_EQ(read_from(*store_, *manifest(1), "8"), "8");
}

// A file that was written just before it was read may be written again in the same clock tick.
TEST_F(CreateTest, AFileTouchedWithinTheClocksResolutionIsReadAgain) {
  write_file(source_ / "a", "old");
  create();
  EXPECT_EQ(create().files_read, 1u);
  settle();
  EXPECT_EQ(create().files_read, 1u);  // this time it is old enough to be trusted from now on
  EXPECT_EQ(create().files_read, 0u);
}

TEST_F(CreateTest, AReplacedFileOfTheSameSizeAndTimeIsRead) {
  write_file(source_ / "a", "old");
  settle();
  create();
  timespec times[2];
  struct stat st;
  ASSERT_EQ(::stat((source_ / "a").c_str(), &st), 0);
  times[0] = st.st_atim;
  times[1] = st.st_mtim;
  write_file(source_ / "a", "new");
  ::utimensat(AT_FDCWD, (source_ / "a").c_str(), times, 0);
  EXPECT_FALSE(create().same);
  EXPECT_EQ(read_from(*store_, *manifest(2), "a"), "new");
}

TEST_F(CreateTest, HardLinksAreStoredOnceAndCounted) {
  write_file(source_ / "a/first", random_bytes(1000, 1));
  std::filesystem::create_hard_link(source_ / "a/first", source_ / "a/second");
  std::filesystem::create_directories(source_ / "b");
  std::filesystem::create_hard_link(source_ / "a/first", source_ / "b/third");
  create();
  std::shared_ptr<const tree::Manifest> tree = manifest(1);
  EXPECT_EQ(tree->totals().bytes, 1000u);
  EXPECT_EQ(tree->totals().files, 3u);
  EXPECT_EQ(tree->find_path("a/second")->kind(), tree::EntryKind::hard_link);
  EXPECT_EQ(tree->find_path("b/third")->target(), "a/first");
  EXPECT_EQ(tree->link_count(*tree->find_path("a/first")), 3u);
}

// Links to a file from outside the source are not part of the tree.
TEST_F(CreateTest, ALinkFromOutsideChangesNothing) {
  write_file(source_ / "a", "1");
  create();
  std::filesystem::create_hard_link(source_ / "a", folder_ / "outside");
  EXPECT_TRUE(create().same);
  EXPECT_EQ(manifest(1)->link_count(*manifest(1)->find_path("a")), 1u);
}

TEST_F(CreateTest, SocketsAndPipesAreNamedAndLeftOut) {
  write_file(source_ / "a", "1");
  ::mkfifo((source_ / "pipe").c_str(), 0666);
  CreateResult result = create();
  EXPECT_EQ(result.problems,
            (std::vector<source::Problem>{{"pipe", "is a named pipe", /*unsupported=*/true}}));
  EXPECT_EQ(result.record.left_out, 1u);
  EXPECT_EQ(manifest(1)->totals().entries, 1u);
}

TEST_F(CreateTest, AFileThatChangesWhileItIsReadFailsTheCreateByName) {
  write_file(source_ / "stable", "1");
  std::string large(40 << 20, 'x');
  write_file(source_ / "growing", large);
  std::atomic<bool> done = false;
  std::jthread writer([&] {
    while (!done) std::ofstream(source_ / "growing", std::ios::app) << 'x';
  });
  std::vector<source::Problem> problems;
  try {
    create();
  } catch (const IncompleteSource& error) {
    problems = error.problems();
  }
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].path, "growing");
  EXPECT_EQ(problems[0].reason, "changed while it was read");
  EXPECT_TRUE(store_->datastores->names().empty());
  CreateResult partial = create({.storing = {.allow_partial = true}});
  done = true;
  EXPECT_EQ(partial.record.left_out, 1u);
  EXPECT_EQ(read_from(*store_, *manifest(1), "stable"), "1");
  EXPECT_FALSE(manifest(1)->find_path("growing"));
}

TEST_F(CreateTest, AnEmptyFolderAndAMissingOneAreRefused) {
  EXPECT_THROW(create(), Error);
  std::filesystem::create_directories(source_);
  EXPECT_THROW(create(), Error);
  EXPECT_TRUE(store_->datastores->names().empty());
}

TEST_F(CreateTest, ASingleFileIsAVersionWithThatFile) {
  write_file(source_ / "table.csv", "a,b");
  testing::create_version(*store_, source_ / "table.csv");
  EXPECT_EQ(manifest(1)->totals().entries, 1u);
  EXPECT_EQ(read_from(*store_, *manifest(1), "table.csv"), "a,b");
}

TEST_F(CreateTest, ExcludesByNameAndByPath) {
  write_file(source_ / "a.tmp", "1");
  write_file(source_ / "sub/b.tmp", "1");
  write_file(source_ / "sub/keep", "1");
  write_file(source_ / "sub/cache/c", "1");
  write_file(source_ / "cache/d", "1");
  create({.input = {.patterns = source::IgnorePatterns({"*.tmp", "sub/cache"})}});
  EXPECT_TRUE(manifest(1)->find_path("sub/keep"));
  EXPECT_TRUE(manifest(1)->find_path("cache/d"));
  EXPECT_FALSE(manifest(1)->find_path("a.tmp"));
  EXPECT_FALSE(manifest(1)->find_path("sub/b.tmp"));
  EXPECT_FALSE(manifest(1)->find_path("sub/cache"));
}

TEST_F(CreateTest, AChangedByteInALargeFileStoresLittle) {
  std::string large = random_bytes(100 << 20, 1);
  write_file(source_ / "large", large);
  CreateResult first = create();
  EXPECT_GE(first.record.stored_bytes, large.size());
  EXPECT_LE(first.record.stored_bytes, large.size() * 102 / 100);
  large.insert(50 << 20, "inserted");
  write_file(source_ / "large", large);
  CreateResult second = create();
  EXPECT_LE(second.record.stored_bytes, 400'000u);
  Bytes scratch;
  auto entry = manifest(2)->find_path("large");
  BytesView middle =
      store_->contents->read_content(entry->content(), entry->size(), (50 << 20) - 5, 20, scratch);
  EXPECT_EQ(as_text(middle), large.substr((50 << 20) - 5, 20));
}

TEST_F(CreateTest, HolesAreReadAsZeros) {
  write_file(source_ / "sparse", "begin");
  std::filesystem::resize_file(source_ / "sparse", 200 << 20);
  CreateResult result = create();
  EXPECT_LE(result.record.stored_bytes, 20'000u);
  auto entry = manifest(1)->find_path("sparse");
  Bytes scratch;
  BytesView view =
      store_->contents->read_content(entry->content(), entry->size(), 100 << 20, 4096, scratch);
  EXPECT_EQ(as_text(view), std::string(4096, '\0'));
}

TEST_F(CreateTest, TwoCreatesAtOnceGetTwoNumbers) {
  write_file(folder_ / "one/a", "1");
  write_file(folder_ / "two/a", "2");
  for (int round = 0; round < 5; ++round) {
    std::vector<std::jthread> creates;
    for (const char* name : {"one", "two"})
      creates.emplace_back([this, name] {
        auto store = testing::open_test_store(backend_);
        testing::create_version(*store, folder_ / name, {.storing = {.force = true}});
      });
  }
  EXPECT_EQ(store_->datastores->ready_numbers("cats").size(), 10u);
  EXPECT_TRUE(testing::is_readable(*store_));
}

// Fails the first call of the backend, the second, … until the create succeeds: until then nothing
// is visible, and the store is whole.
TEST_F(CreateTest, NothingHalfDoneIsVisibleWhicheverCallFails) {
  for (int i = 0; i < 20; ++i) write_file(source_ / std::to_string(i), random_bytes(5000, i));
  for (bool after : {false, true}) {
    std::uint64_t failing = 1, failed = 0;
    for (bool is_past_the_last = false; !is_past_the_last && failing < 1000; ++failing) {
      auto memory = std::make_shared<testing::MemoryBackend>();
      std::filesystem::remove(source_ / "more");
      testing::create_version(*testing::open_test_store(memory), source_,
                              {.note = {.name = "earlier"}});
      write_file(source_ / "more", random_bytes(100'000, after ? 100 : 101));
      auto faulty = std::make_shared<testing::FaultyBackend>(memory);
      bool succeeded = false;
      faulty->fail_call(failing, after);
      try {
        auto store = testing::open_test_store(faulty);
        testing::create_version(*store, source_);
        succeeded = true;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
        ++failed;
      }
      is_past_the_last = faulty->calls() < failing;
      EXPECT_TRUE(succeeded || !is_past_the_last);
      auto store = testing::open_test_store(memory);
      std::size_t versions = store->datastores->versions("cats").size();
      // A create whose answer was lost may have published: whole, or not at all.
      if (!after) {
        EXPECT_EQ(versions, succeeded ? 1u : 0u) << failing;
      }
      EXPECT_TRUE(testing::is_readable(*store)) << failing;
    }
    EXPECT_GE(failed, 4u);  // what a lease asks for is repeated, and the record too
    EXPECT_GE(failing, 15u);
  }
}

// Random trees, compared with the files themselves.
TEST_F(CreateTest, ModelTestEveryVersionIsTheSourceAtItsTime) {
  std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  using Model = std::map<std::string, std::string>;
  Model model;
  std::map<dataset::VersionNumber, Model> versions;
  for (int step = 0; step < 25; ++step) {
    for (int change = 0; change < 8; ++change) {
      std::string path = "d" + std::to_string(random() % 4) + "/" + (random() % 2 ? "e/" : "") +
                         std::to_string(random() % 12);
      if (random() % 4 == 0) {
        std::filesystem::remove(source_ / path);
        model.erase(path);
      } else {
        std::size_t size = random() % 3 == 0 ? random() % 200'000 : random() % 2000;
        std::string text = random() % 2 ? random_bytes(size, random()) : std::string(size, 'z');
        write_file(source_ / path, text);
        model[path] = text;
      }
    }
    CreateResult result = create();
    versions[result.record.number] = model;
  }
  auto reopened = testing::open_test_store(backend_);
  for (const auto& [number, expected] : versions) {
    auto tree = reopened->manifest(
        reopened->datastores->resolve({.name = "cats", .version = number}).record);
    EXPECT_EQ(tree->totals().files, expected.size());
    for (const auto& [path, text] : expected)
      EXPECT_EQ(read_from(*reopened, *tree, path) == text, true) << number << ": " << path;
  }
}

// Also what a scan record says is unchanged: the bytes of the version before are lost.
TEST_F(CreateTest, ReadsTwiceAndPublishesWhatWasTheSameIfItIsToldTo) {
  testing::BucketServer bucket;
  bucket.set({{"a", "aaaa"}, {"b", "bbbb"}});
  bucket.has_one_etag = true;  // so there is nothing to compare with
  const net::ServerOptions servers{
      .http = {}, .aws = bucket.settings(), .retries = bucket.retries()};
  CreateOptions options{.input = {.servers = servers}, .storing = {.paranoid = true}};
  options.input.sources = {{.where = "s3://bucket"}};
  options.note.name = "cats";
  const auto create = [&] {
    CreateProgress progress;
    return create_version(*store_, options, progress);
  };
  bucket.flips_bits = 1;
  testing::expect_error(ErrorKind::changed, "was not the same when it was read again", create);
  EXPECT_TRUE(store_->datastores->published_numbers("cats").empty());
  bucket.gets = 0;
  EXPECT_EQ(create().record.totals.files, 2u);
  EXPECT_EQ(bucket.gets, 4);
  options.input.sources = {{.where = "-"}};
  testing::expect_error(ErrorKind::invalid_argument, "cannot be read twice", create);
}

TEST_F(CreateTest, WhatAMissingPackHadIsStoredAgain) {
  const std::string large = random_bytes(300'000, 1);
  write_file(source_ / "large.bin", large);
  settle();
  create();
  for (const auto& object : backend_->list("packs/"))
    if (object.key.ends_with(".data")) backend_->remove(object.key);
  store_ = testing::open_test_store(backend_, folder_ / "cache");
  const CreateResult result = create({.storing = {.force = true}});
  EXPECT_EQ(result.record.number, 2u);
  EXPECT_EQ(result.short_packs.size(), 1u);
  EXPECT_EQ(result.files_unchanged, 0u);
  store_ = testing::open_test_store(backend_);
  EXPECT_EQ(read_from(*store_, *manifest(2), "large.bin"), large);
}

// Nothing says that a pack was damaged but its bytes.
TEST_F(CreateTest, WhatIsDamagedIsStoredAgainIfItIsToldToCheck) {
  const std::string large = random_bytes(300'000, 1);
  write_file(source_ / "large.bin", large);
  settle();
  create();
  for (const auto& object : backend_->list("packs/")) {
    Bytes data = *backend_->find(object.key);
    const std::size_t at = as_text(data).find(std::string_view(large).substr(0, 100));
    if (at == std::string_view::npos) continue;
    data[at] ^= std::byte{1};
    backend_->remove(object.key);
    backend_->create(object.key, data);
  }
  const auto read = [&] {
    store_ = testing::open_test_store(backend_);
    return read_from(*store_, *manifest(1), "large.bin");
  };
  EXPECT_EQ(create().chunks_healed, 0u);
  testing::expect_error(ErrorKind::corrupt, "is damaged", read);
  const CreateResult result = create({.storing = {.repairs = true}});
  EXPECT_TRUE(result.same);
  EXPECT_EQ(result.chunks_healed, 1u);
  EXPECT_EQ(read(), large);
  EXPECT_EQ(create({.storing = {.repairs = true}}).chunks_healed, 0u);
}

TEST_F(CreateTest, ADamagedTreeIsHealedUnasked) {
  const std::string large = random_bytes(300'000, 1);
  write_file(source_ / "large.bin", large);
  settle();
  create();
  for (const auto& object : backend_->list("packs/")) {
    if (!object.key.ends_with(".data")) continue;
    const Bytes zeros(backend_->find(object.key)->size());
    backend_->remove(object.key);
    backend_->create(object.key, zeros);
  }
  store_ = testing::open_test_store(backend_, folder_ / "cache");
  const CreateResult result = create();
  EXPECT_TRUE(result.same);
  EXPECT_GE(result.chunks_healed, 2u);
  store_ = testing::open_test_store(backend_);
  EXPECT_EQ(read_from(*store_, *manifest(1), "large.bin"), large);
}

// Even if nothing has changed since the version before it: the datastore's name means a sound
// version again.
TEST_F(CreateTest, GoesOnBehindADamagedRecord) {
  write_file(source_ / "a", "a");
  create();
  const std::string record = store::version_key("cats", 2);
  backend_->create(record, as_bytes("<html>"));
  const CreateResult result = create();
  EXPECT_FALSE(result.same);
  EXPECT_EQ(result.record.number, 3u);
  EXPECT_EQ(result.record.parent, 1u);
  EXPECT_EQ(result.record.previous, std::nullopt);
  ASSERT_EQ(result.damaged.size(), 1u);
  EXPECT_EQ(result.damaged[0].number, 2u);
  EXPECT_TRUE(create().same);

  // A record of a newer program is no damage: what it says is not known, so nothing is done.
  backend_->create(store::version_key("cats", 4), as_bytes(R"({"grid": "version", "format": 2})"));
  testing::expect_error(ErrorKind::unsupported, "format 2", [&] { create(); });
}

// What is taken over unread cannot be stored again.
TEST_F(CreateTest, AVersionOfLostContentIsNotCopied) {
  write_file(source_ / "old.bin", random_bytes(5000, 1));
  create();
  const std::string data_of_old = backend_->list("packs/").front().key;
  write_file(source_ / "new", "so that the tree of version 2 lies in another pack");
  create();
  backend_->remove(data_of_old);
  store_ = testing::open_test_store(backend_);
  testing::expect_error(ErrorKind::corrupt, "old.bin: its content is lost: packs/", [&] {
    create::CreateProgress progress;
    CreateOptions options;
    options.note.name = "dogs";
    options.input.version = dataset::Reference{.name = "cats", .version = 2};
    create_version(*store_, options, progress);
  });
  EXPECT_EQ(store_->datastores->names(), std::vector<std::string>{"cats"});
}

}  // namespace
}  // namespace grid::create
