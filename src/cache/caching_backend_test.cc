#include "cache/caching_backend.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <barrier>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "tests/support/decorator_conformance.h"
#include "tests/support/far_store.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"

namespace grid::cache {
namespace {

namespace fs = std::filesystem;

Caching caching_of(std::string_view key) {
  return key.starts_with("packs/") ? Caching::parts : Caching::whole;
}

class CachingBackendTest : public ::testing::Test {
 protected:
  std::unique_ptr<CachingBackend> open() { return open(1 << 30); }
  std::unique_ptr<CachingBackend> open(std::uint64_t size_max, CachingOptions options = {}) {
    options.store_key = "store";
    options.caching_of = caching_of;
    options.fetches_max = 4;
    return std::make_unique<CachingBackend>(
        remote_, std::make_shared<DiskCache>(folder_ / "cache", size_max), options);
  }
  std::string make_object(const std::string& key, std::size_t size) {
    std::string bytes = testing::random_bytes(size, size);
    remote_->create(key, as_bytes(bytes));
    return bytes;
  }
  static std::string read(const backend::Backend& backend, const std::string& key,
                          std::uint64_t offset, std::size_t size) {
    Bytes out(size);
    std::optional<std::size_t> got = backend.find_part(key, offset, out);
    return std::string(as_text(out).substr(0, got.value()));
  }
  // The disk space of the copies as the cache counts it, and as it is.
  std::uint64_t counted() const { return DiskCache(folder_ / "cache").statistics().size; }
  std::uint64_t allocated() const {
    std::uint64_t size = 0;
    for (const auto& file : fs::recursive_directory_iterator(folder_ / "cache/store")) {
      struct stat st;
      if (file.is_regular_file() && ::stat(file.path().c_str(), &st) == 0)
        size += static_cast<std::uint64_t>(st.st_blocks) * 512;
    }
    return size;
  }

  testing::TemporaryFolder folder_;
  std::shared_ptr<testing::FarStore> remote_ = std::make_shared<testing::FarStore>();
};

TEST_F(CachingBackendTest, PassesOnWhatItDoesNotKeep) {
  testing::expect_passes_calls_on(
      [&](std::shared_ptr<backend::Backend> remote) {
        return std::make_unique<CachingBackend>(
            std::move(remote), std::make_shared<DiskCache>(folder_ / "cache", 1 << 30),
            CachingOptions{.store_key = "store",
                           .caching_of = [](std::string_view) { return Caching::none; }});
      },
      {"read_ahead_max", "is_in_memory"});
}

TEST_F(CachingBackendTest, GivesWhatTheRemoteStoreHas) {
  for (std::size_t size : {std::size_t{1}, block_size - 1, block_size, block_size + 1,
                           8 * block_size, 8 * block_size + 5, 40 * block_size}) {
    std::string key = "packs/" + std::to_string(size);
    std::string bytes = make_object(key, size);
    auto cached = open();
    for (int pass = 0; pass < 2; ++pass) {
      EXPECT_EQ(read(*cached, key, 0, size), bytes);
      EXPECT_EQ(read(*cached, key, 0, size + 100), bytes);
      EXPECT_EQ(read(*cached, key, size / 3, size / 2), bytes.substr(size / 3, size / 2));
      EXPECT_EQ(read(*cached, key, size, 10), "");
      EXPECT_EQ(read(*cached, key, size + 10 * block_size, 10), "");
    }
  }
  Bytes out(1);
  EXPECT_EQ(open()->find_part("packs/none", 0, out), std::nullopt);
}

TEST_F(CachingBackendTest, AsksForNothingTwice) {
  std::string bytes = make_object("packs/a", 3 * block_size + 7);
  EXPECT_EQ(read(*open(), "packs/a", 0, bytes.size()), bytes);
  std::uint64_t before = remote_->requests;
  auto again = open();  // as another process would
  EXPECT_EQ(read(*again, "packs/a", 0, bytes.size()), bytes);
  EXPECT_EQ(read(*again, "packs/a", 5, 100), bytes.substr(5, 100));
  EXPECT_EQ(remote_->requests, before);
}

TEST_F(CachingBackendTest, FetchesWholeBlocksAndMergesNeighbours) {
  std::string bytes = make_object("packs/a", 16 * block_size);
  auto cached = open();
  read(*cached, "packs/a", 100, 10);
  EXPECT_EQ(remote_->part_bytes, block_size);
  read(*cached, "packs/a", 2000, 4000);
  EXPECT_EQ(remote_->requests, 1u);
  read(*cached, "packs/a", 6 * block_size + 1, 3 * block_size - 1);
  EXPECT_EQ(remote_->requests, 2u);
}

TEST_F(CachingBackendTest, FetchesABlockOnceForAllReaders) {
  std::string bytes = make_object("packs/a", 64 * block_size);
  auto one = open(), other = open();  // with files and locks of their own, as two processes
  std::barrier start(8);
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 8; ++i)
      readers.emplace_back([&, i] {
        start.arrive_and_wait();
        for (std::uint64_t block = 0; block < 64; ++block) {
          std::uint64_t at = (block * 7 + i) % 64 * block_size + 100;
          EXPECT_EQ(read(i % 2 ? *one : *other, "packs/a", at, 50), bytes.substr(at, 50));
        }
      });
  }
  EXPECT_EQ(remote_->part_bytes, bytes.size());
}

TEST_F(CachingBackendTest, ReadsAheadOfASequentialReader) {
  std::string bytes = make_object("packs/a", 128 * block_size);
  {
    auto cached = open();
    for (std::uint64_t at = 0; at < bytes.size() / 2; at += 128 << 10)
      ASSERT_EQ(read(*cached, "packs/a", at, 128 << 10), bytes.substr(at, 128 << 10));
  }
  EXPECT_LT(remote_->requests, 30u);  // of 2 MiB, not of 128 KiB: that would be 128
}

TEST_F(CachingBackendTest, DoesNotReadAheadWhereTheCallerDoes) {
  std::string bytes = make_object("packs/a", 128 * block_size);
  {
    auto cached = open(1 << 30, {.follows_readers = false});
    for (std::uint64_t at = 0; at < bytes.size() / 2; at += 128 << 10)
      ASSERT_EQ(read(*cached, "packs/a", at, 128 << 10), bytes.substr(at, 128 << 10));
  }
  EXPECT_EQ(remote_->part_bytes, bytes.size() / 2);
}

TEST_F(CachingBackendTest, FetchesExpectedPartsOfPacks) {
  for (std::size_t size : {std::size_t{100}, 64 * block_size, 100 * block_size + 3}) {
    std::string key = "packs/" + std::to_string(size);
    std::string bytes = make_object(key, size);
    auto cached = open();
    std::uint64_t before = remote_->requests;
    cached->carrier().expect_reads(key, 0, 256 * block_size);
    EXPECT_LE(remote_->requests - before, size / (16 * block_size) + 1);
    before = remote_->requests;
    EXPECT_EQ(read(*cached, key, 0, size), bytes);
    EXPECT_EQ(remote_->requests, before);
  }
  open()->carrier().expect_reads("packs/none", 0, 1);
  make_object("packs/part", 64 * block_size);
  auto cached = open();
  const std::uint64_t bytes = remote_->part_bytes, requests = remote_->requests;
  cached->carrier().expect_reads("packs/part", 20 * block_size + 1, 16 * block_size - 1);
  EXPECT_EQ(remote_->part_bytes - bytes, 16 * block_size);
  EXPECT_EQ(remote_->requests - requests, 1u);
}

TEST_F(CachingBackendTest, FetchesExpectedPartsWithTooLittleRoom) {
  std::string bytes = make_object("packs/a", 40 * block_size + 5);
  for (std::uint64_t limit : {block_size, 5 * block_size, 20 * block_size}) {
    auto cached = open(limit);
    cached->carrier().expect_reads("packs/a", 0, bytes.size());
    EXPECT_EQ(read(*cached, "packs/a", 0, bytes.size()), bytes);
    EXPECT_LE(allocated(), limit);
    EXPECT_EQ(allocated(), counted());
  }
}

TEST_F(CachingBackendTest, AnInterruptedFetchLeavesNothingBehind) {
  std::string bytes = make_object("packs/a", 40 * block_size);
  auto cached = open();
  read(*cached, "packs/a", 3 * block_size, 1);
  const std::uint64_t before = allocated();
  remote_->breaks_off = true;
  EXPECT_THROW(cached->carrier().expect_reads("packs/a", 0, bytes.size()), Error);
  EXPECT_EQ(allocated(), before);
  EXPECT_EQ(counted(), before);
  remote_->breaks_off = false;
  EXPECT_EQ(read(*cached, "packs/a", 0, bytes.size()), bytes);
  EXPECT_EQ(allocated(), counted());
}

// Acts like a full disk for everything after the first bytes of a file.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t size) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    struct rlimit small = before_;
    small.rlim_cur = size;
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }

 private:
  struct rlimit before_ {};
  sighandler_t handler_ = ::signal(SIGXFSZ, SIG_IGN);
};

TEST_F(CachingBackendTest, ReadsWhatItCannotKeep) {
  std::string bytes = make_object("packs/a", 40 * block_size);
  auto cached = open();
  {
    const FileSizeLimit limit(CachedObject::map_end + 5 * block_size);
    cached->carrier().expect_reads("packs/a", 0, bytes.size());
    EXPECT_EQ(allocated(), counted());
    const std::uint64_t fetched = remote_->part_bytes;
    cached->carrier().expect_reads("packs/a", 0, bytes.size());
    EXPECT_EQ(remote_->part_bytes, fetched) << "it cannot be kept";
    EXPECT_EQ(read(*cached, "packs/a", 0, bytes.size()), bytes);
  }
  EXPECT_EQ(allocated(), counted());
  EXPECT_EQ(read(*open(), "packs/a", 0, bytes.size()), bytes);
}

TEST_F(CachingBackendTest, ReadsThroughACacheThatCannotMakeRoom) {
  std::string bytes = make_object("packs/a", 40 * block_size);
  auto cached = open(12 * block_size);
  // A folder where the lock file for making room should be.
  fs::create_directories(folder_ / "cache/usage.eviction");
  cached->carrier().expect_reads("packs/a", 0, bytes.size());
  EXPECT_EQ(read(*cached, "packs/a", 0, bytes.size()), bytes);
}

TEST_F(CachingBackendTest, KeepsWithinItsLimit) {
  const std::uint64_t limit = 8 << 20;
  auto cached = open(limit);
  for (int i = 0; i < 10; ++i) {
    std::string key = "packs/" + std::to_string(i);
    std::string bytes = make_object(key, 10 * block_size + static_cast<std::size_t>(i));
    EXPECT_EQ(read(*cached, key, 0, bytes.size()), bytes);
    EXPECT_LE(allocated(), limit);
  }
  cached.reset();
  EXPECT_GT(counted(), limit / 2);
}

TEST_F(CachingBackendTest, ReadsThroughACacheThatHasNoRoom) {
  std::string bytes = make_object("packs/a", 10 * block_size);
  EXPECT_EQ(read(*open(4096), "packs/a", 0, bytes.size()), bytes);
}

TEST_F(CachingBackendTest, ReadersAreRightWhileBlocksComeAndGo) {
  std::string bytes = make_object("packs/a", 32 * block_size);
  auto cached = open(12 * block_size);
  std::vector<std::jthread> readers;
  for (unsigned i = 0; i < 4; ++i)
    readers.emplace_back([&, i] {
      std::uint64_t at = i * 999983;
      for (int round = 0; round < 300; ++round) {
        at = (at * 6364136223846793005u + 1442695040888963407u) % (bytes.size() - 300'000);
        ASSERT_EQ(read(*cached, "packs/a", at, 300'000), bytes.substr(at, 300'000));
      }
    });
}

TEST_F(CachingBackendTest, FetchesDroppedBlocksAgain) {
  std::string bytes = make_object("packs/a", 3 * block_size);
  auto cached = open();
  EXPECT_FALSE(cached->carrier().drop_copy("packs/a", 0, 10));
  read(*cached, "packs/a", 0, bytes.size());
  {
    // A disk that lost what was written.
    FileDescriptor fd = open_file(folder_ / "cache/store/packs/a", O_RDWR);
    ASSERT_EQ(::pwrite(fd.get(), "wrong", 5, CachedObject::map_end + block_size + 10), 5);
  }
  EXPECT_EQ(read(*cached, "packs/a", block_size + 10, 5), "wrong");
  EXPECT_TRUE(cached->carrier().drop_copy("packs/a", block_size, 100));
  EXPECT_EQ(read(*cached, "packs/a", 0, bytes.size()), bytes);
  EXPECT_EQ(DiskCache(folder_ / "cache").statistics().blocks_damaged, 1u);
}

TEST_F(CachingBackendTest, AFileShorterThanItsMapSaysIsFetchedAgain) {
  std::string bytes = make_object("packs/a", 3 * block_size);
  read(*open(), "packs/a", 0, bytes.size());
  fs::resize_file(folder_ / "cache/store/packs/a", CachedObject::map_end + block_size + 100);
  EXPECT_EQ(read(*open(), "packs/a", 0, bytes.size()), bytes);
}

TEST_F(CachingBackendTest, ServesWhatItHasWithoutTheNetwork) {
  std::string bytes = make_object("packs/a", 3 * block_size);
  remote_->create("datastores/cats/versions/1", as_bytes("one"));
  {
    auto cached = open();
    read(*cached, "packs/a", 0, bytes.size());
    EXPECT_TRUE(cached->find("datastores/cats/versions/1"));
    EXPECT_FALSE(cached->find("datastores/cats/deleted/1"));
    EXPECT_EQ(cached->list_names("datastores/cats/versions/").size(), 1u);
  }
  remote_->reachable = false;
  auto cached = open();
  EXPECT_EQ(read(*cached, "packs/a", 0, bytes.size()), bytes);
  EXPECT_EQ(as_text(cached->find("datastores/cats/versions/1").value()), "one");
  EXPECT_FALSE(cached->find("datastores/cats/deleted/1"));
  EXPECT_EQ(cached->list_names("datastores/cats/versions/"), std::vector<std::string>{"1"});
  EXPECT_THROW(cached->find("datastores/cats/versions/2"), Error);
  EXPECT_THROW(cached->list_names("datastores/dogs/versions/"), Error);
}

TEST_F(CachingBackendTest, SeesWhatIsNewWhileTheNetworkIsThere) {
  auto cached = open();
  EXPECT_FALSE(cached->find("datastores/cats/versions/1"));
  EXPECT_TRUE(cached->list_names("datastores/").empty());
  remote_->create("datastores/cats/versions/1", as_bytes("one"));
  EXPECT_TRUE(cached->find("datastores/cats/versions/1"));
  EXPECT_EQ(cached->list_names("datastores/"), std::vector<std::string>{"cats/"});
}

// A portal or a proxy may answer instead of the store.
TEST_F(CachingBackendTest, WhatIsNotUnderstoodIsAskedForAgainAndNotKept) {
  const std::string key = "datastores/cats/versions/1";
  remote_->create(key, as_bytes("{}"));
  CachingOptions options;
  options.answers.is_understood = [](std::string_view, BytesView object) {
    return object.size() == 2;
  };
  auto cached = open(1 << 30, options);
  remote_->portal_answers = 1;
  EXPECT_EQ(as_text(cached->find(key).value()), "{}");
  remote_->portal_answers = 2;
  EXPECT_EQ(as_text(cached->find(key).value()), "{}") << "it is kept";
  remote_->portal_answers = 2;
  const std::string absent = "datastores/cats/deleted/1";
  EXPECT_EQ(as_text(cached->find(absent).value()).substr(0, 6), "<html>");
  EXPECT_FALSE(cached->find(absent));
  EXPECT_FALSE(open(1 << 30, options)->find(absent));
  remote_->reachable = false;
  EXPECT_FALSE(cached->find(absent));
}

// Another process was stopped while it counted, or while it made room.
TEST_F(CachingBackendTest, NoLockOfAnotherProcessIsWaitedForWithoutEnd) {
  const std::string bytes = make_object("packs/a", 4 * block_size);
  read(*open(), "packs/a", 0, 10);
  FileLock counting = FileLock::get(folder_ / "cache/usage", LockKind::flock);
  FileLock evicting = FileLock::get(folder_ / "cache/usage.eviction", LockKind::flock);
  auto cached = open(2 * block_size);
  EXPECT_EQ(read(*cached, "packs/a", 0, bytes.size()), bytes);
}

TEST_F(CachingBackendTest, AFailureReachesTheReaderAndIsNotKept) {
  make_object("packs/a", block_size);
  auto cached = open();
  remote_->reachable = false;
  EXPECT_THROW(read(*cached, "packs/a", 0, 10), Error);
  remote_->reachable = true;
  EXPECT_EQ(read(*cached, "packs/a", 0, 10).size(), 10u);
}

TEST_F(CachingBackendTest, MayBeClearedUnderItsReaders) {
  std::string bytes = make_object("packs/a", 8 * block_size);
  auto cached = open();
  read(*cached, "packs/a", 0, bytes.size());
  EXPECT_GE(DiskCache(folder_ / "cache").clear(), bytes.size());
  EXPECT_LT(counted(), block_size);
  EXPECT_EQ(read(*cached, "packs/a", 0, bytes.size()), bytes);
}

TEST_F(CachingBackendTest, FreesWhatAKilledProcessLeft) {
  std::string bytes = make_object("packs/a", 8 * block_size);
  read(*open(), "packs/a", 0, 100);
  {
    // Written by a process that was killed before it published the blocks.
    FileDescriptor fd = open_file(folder_ / "cache/store/packs/a", O_RDWR);
    for (std::uint64_t block = 1; block < 8; ++block)
      ASSERT_EQ(::pwrite(fd.get(), bytes.data(), block_size,
                         static_cast<off_t>(CachedObject::map_end + block * block_size)),
                static_cast<ssize_t>(block_size));
  }
  EXPECT_GE(counted(), 8 * block_size);
  DiskCache(folder_ / "cache").clear();
  EXPECT_LT(counted(), block_size);
}

TEST_F(CachingBackendTest, ForgedFilesAreNotTrusted) {
  std::string bytes = make_object("packs/a", 100);
  fs::create_directories(folder_ / "cache/store/packs");
  testing::write_file(folder_ / "cache/store/packs/a", "GCOB but not really");
  EXPECT_EQ(read(*open(), "packs/a", 0, 100), bytes);
  EXPECT_EQ(read(*open(), "packs/a", 0, 100), bytes);
}

}  // namespace
}  // namespace grid::cache
