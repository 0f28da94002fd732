// What every backend promises, tested on every backend. Those on a server that the test does not
// start itself are named Server/…, and tests/e2e/s3-conformance.sh runs them.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <functional>
#include <thread>

#include "backend/local.h"
#include "backend/open.h"
#include "backend/s3.h"
#include "base/error.h"
#include "base/random.h"
#include "tests/support/decorator_conformance.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/memory_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"

namespace grid::backend {
namespace {

struct Subject {
  std::string name;
  std::function<std::unique_ptr<Backend>(const std::filesystem::path&)> make;
};

class BackendConformance : public ::testing::TestWithParam<Subject> {
 protected:
  testing::TemporaryFolder folder_;
  std::unique_ptr<Backend> backend_ = GetParam().make(folder_ / "store");
};

INSTANTIATE_TEST_SUITE_P(
    All, BackendConformance,
    ::testing::Values(
        Subject{"memory", [](const auto&) { return std::make_unique<testing::MemoryBackend>(); }},
        Subject{"local", [](const auto& path) { return std::make_unique<LocalBackend>(path); }},
        Subject{"held",
                [](const auto& path) {
                  std::filesystem::create_directories(path);
                  return std::make_unique<LocalBackend>(path, LocalBackend::Folder::held);
                }},
        Subject{"decorated",
                [](const auto&) {
                  return std::make_unique<testing::FaultyBackend>(
                      std::make_shared<testing::MemoryBackend>());
                }}),
    [](const auto& subject) { return subject.param.name; });

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// An empty place in the bucket of the server that GRID_TEST_S3 names, for GRID_TEST_S3_KEY.
std::unique_ptr<Backend> make_s3(const S3BackendOptions& options = {}) {
  const net::AwsSettings settings{.access_key_id = variable("GRID_TEST_S3_KEY"),
                                  .secret_access_key = variable("GRID_TEST_S3_SECRET"),
                                  .endpoint_url = variable("GRID_TEST_S3"),
                                  .metadata_disabled = true};
  return std::make_unique<S3Backend>(net::S3Access::open({}, settings), "conformance",
                                     random_hex(16) + "/", options);
}

INSTANTIATE_TEST_SUITE_P(Server, BackendConformance,
                         ::testing::Values(Subject{"s3", [](const auto&) { return make_s3(); }},
                                           Subject{"s3_in_parts",
                                                   [](const auto&) {
                                                     return make_s3({.single_put_size_max = 5 << 19,
                                                                     .part_size = 5 << 20});
                                                   }}),
                         [](const auto& subject) { return subject.param.name; });

TEST_P(BackendConformance, FindsWhatWasCreated) {
  EXPECT_TRUE(backend_->create("a/b", as_bytes("text")));
  EXPECT_EQ(as_text(backend_->find("a/b").value()), "text");
  EXPECT_FALSE(backend_->find("a/c"));
  EXPECT_FALSE(backend_->find("a/b/c"));
}

TEST_P(BackendConformance, NeverOverwrites) {
  EXPECT_TRUE(backend_->create("key", as_bytes("first")));
  EXPECT_FALSE(backend_->create("key", as_bytes("second")));
  EXPECT_EQ(as_text(backend_->find("key").value()), "first");
}

TEST_P(BackendConformance, KeepsEmptyAndLargeObjects) {
  std::string large = testing::random_bytes((11 << 20) + 1, 1);
  EXPECT_TRUE(backend_->create("empty", {}));
  EXPECT_TRUE(backend_->create("large", as_bytes(large)));
  EXPECT_EQ(backend_->find("empty").value().size(), 0u);
  EXPECT_EQ(as_text(backend_->find("large").value()), large);
}

TEST_P(BackendConformance, ReadsRanges) {
  backend_->create("key", as_bytes("0123456789"));
  Bytes out(3);
  EXPECT_TRUE(backend_->find_range("key", 4, out));
  EXPECT_EQ(as_text(out), "456");
  EXPECT_FALSE(backend_->find_range("none", 4, out));
  Bytes nothing;
  EXPECT_TRUE(backend_->find_range("key", 10, nothing));
}

TEST_P(BackendConformance, APartEndsWithTheObject) {
  backend_->create("key", as_bytes("0123456789"));
  Bytes out(6);
  EXPECT_EQ(backend_->find_part("key", 2, out), 6u);
  EXPECT_EQ(as_text(out), "234567");
  EXPECT_EQ(backend_->find_part("key", 7, out), 3u);
  EXPECT_EQ(as_text(out).substr(0, 3), "789");
  EXPECT_EQ(backend_->find_part("key", 10, out), 0u);
  EXPECT_EQ(backend_->find_part("key", 1000, out), 0u);
  EXPECT_EQ(backend_->find_part("none", 0, out), std::nullopt);
}

TEST_P(BackendConformance, APartComesPieceByPiece) {
  const std::string bytes = testing::random_bytes(3 << 20, 1);
  backend_->create("key", as_bytes(bytes));
  auto copy = [&](std::string_view key, std::uint64_t offset, std::uint64_t size) {
    std::string taken;
    const auto got =
        backend_->carrier().copy_part(key, offset, size, [&](std::uint64_t at, BytesView piece) {
          taken.resize(std::max<std::size_t>(taken.size(), at + piece.size()));
          std::copy(piece.begin(), piece.end(), reinterpret_cast<std::byte*>(taken.data() + at));
        });
    if (!got) return std::string("nothing");
    EXPECT_EQ(*got, taken.size());
    return taken;
  };
  EXPECT_EQ(copy("key", 0, bytes.size()), bytes);
  EXPECT_EQ(copy("key", 1'000'001, 1'500'000), bytes.substr(1'000'001, 1'500'000));
  EXPECT_EQ(copy("key", bytes.size() - 5, 100), bytes.substr(bytes.size() - 5));
  EXPECT_EQ(copy("key", bytes.size(), 100), "");
  EXPECT_EQ(copy("none", 0, 100), "nothing");
}

// Hints do not change what is read, even if they name bytes that do not exist.
TEST_P(BackendConformance, HintsDoNotChangeWhatIsRead) {
  backend_->create("key", as_bytes("0123456789"));
  const Carrier& carrier = backend_->carrier();
  for (const char* key : {"key", "none"}) {
    carrier.expect_reads(key, 3, 100);
    carrier.expect_reads(key, 100, 1);
    carrier.drop_copy(key, 0, 10);
  }
  Bytes out(3);
  EXPECT_TRUE(backend_->find_range("key", 4, out));
  EXPECT_EQ(as_text(out), "456");
  EXPECT_FALSE(backend_->find("none"));
}

TEST_P(BackendConformance, TheHastyBackendIsTheSameStore) {
  backend_->create("key", as_bytes("text"));
  const std::shared_ptr<Backend> hasty = backend_->carrier().hasty();
  if (!hasty) return;  // this one never takes long to fail
  EXPECT_EQ(hasty->name(), backend_->name());
  EXPECT_EQ(hasty->location(), backend_->location());
  EXPECT_EQ(as_text(hasty->find("key").value()), "text");
}

TEST_P(BackendConformance, ARangeBeyondTheEndIsCorrupt) {
  backend_->create("key", as_bytes("0123456789"));
  Bytes out(3);
  for (std::uint64_t offset : {8, 11, 1000}) {
    try {
      backend_->find_range("key", offset, out);
      FAIL() << offset;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    }
  }
}

TEST_P(BackendConformance, ListsSortedBelowAPrefix) {
  for (const char* key : {"b", "a/2", "a/10", "a/b/c", "ab"}) backend_->create(key, as_bytes(key));
  EXPECT_EQ(backend_->list("a/"), (std::vector<ObjectEntry>{{"a/10", 4}, {"a/2", 3}}));
  EXPECT_EQ(backend_->list(""), (std::vector<ObjectEntry>{{"ab", 2}, {"b", 1}}));
  EXPECT_TRUE(backend_->list("none/").empty());
  EXPECT_EQ(backend_->list_names("a/"), (std::vector<std::string>{"10", "2", "b/"}));
  EXPECT_EQ(backend_->list_names(""), (std::vector<std::string>{"a/", "ab", "b"}));
  EXPECT_TRUE(backend_->list_names("none/").empty());
}

TEST_P(BackendConformance, ListsMoreThanOnePage) {
  std::vector<ObjectEntry> all;
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i)
      writers.emplace_back([this, i] {
        for (int j = i; j < 1100; j += 4) backend_->create(fmt::format("many/{:04}", j), {});
      });
  }
  for (int j = 0; j < 1100; ++j) all.push_back({fmt::format("many/{:04}", j), 0});
  EXPECT_EQ(backend_->list("many/"), all);
  EXPECT_EQ(backend_->list_names("many/").size(), 1100u);
}

TEST_P(BackendConformance, ProvesWhatCreatePromises) {
  backend_->prove_creates();
  EXPECT_TRUE(backend_->list("").empty());
  EXPECT_TRUE(backend_->list_names("").empty());
}

TEST_P(BackendConformance, Removes) {
  backend_->create("a/b", as_bytes("text"));
  Bytes out(4);
  backend_->find_range("a/b", 0, out);
  EXPECT_TRUE(backend_->remove("a/b"));
  EXPECT_FALSE(backend_->remove("a/b"));
  EXPECT_FALSE(backend_->find("a/b"));
  EXPECT_FALSE(backend_->find_range("a/b", 0, out));
  EXPECT_TRUE(backend_->create("a/b", as_bytes("new")));
}

TEST_P(BackendConformance, RefusesKeysThatAreNotKeys) {
  for (const char* key : {"", "/", "/a", "a/", "a//b", "..", "a/../b", ".", "a b", "a\n"}) {
    EXPECT_THROW(backend_->create(key, {}), Error) << key;
    EXPECT_THROW(backend_->find(key), Error) << key;
  }
}

TEST_P(BackendConformance, OneOfManyWritersWins) {
  for (int round = 0; round < 20; ++round) {
    std::string key = "race/" + std::to_string(round);
    std::atomic<int> winners = 0;
    std::string winner;
    {
      std::vector<std::jthread> writers;
      for (int i = 0; i < 8; ++i)
        writers.emplace_back([&, text = std::to_string(i)] {
          if (!backend_->create(key, as_bytes(text))) return;
          ++winners;
          winner = text;
        });
    }
    EXPECT_EQ(winners, 1);
    EXPECT_EQ(as_text(backend_->find(key).value()), winner);
  }
}

TEST(FaultyBackend, PassesCallsOn) {
  testing::expect_passes_calls_on([](std::shared_ptr<Backend> inner) {
    return std::make_unique<testing::FaultyBackend>(std::move(inner));
  });
}

TEST(LocalBackend, LeavesNothingButObjectsBehind) {
  testing::TemporaryFolder folder;
  LocalBackend backend(folder / "store");
  backend.create("a/b", as_bytes("text"));
  backend.create("a/b", as_bytes("text"));
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
    if (entry.is_regular_file()) files.push_back(entry.path().filename());
  EXPECT_EQ(files, std::vector<std::string>{"b"});
}

TEST(LocalBackend, KnowsWhatTheKernelHasInMemory) {
  testing::TemporaryFolder folder;
  LocalBackend backend(folder / "store");
  backend.create("key", as_bytes("text"));
  const Carrier& carrier = backend.carrier();
  EXPECT_FALSE(carrier.is_in_memory("key", 0, 4));  // to open it may take a disk
  Bytes part(4);
  ASSERT_EQ(backend.find_part("key", 0, part), 4u);
  EXPECT_TRUE(carrier.is_in_memory("key", 0, 4));
  EXPECT_TRUE(carrier.is_in_memory("key", 2, 0));
  EXPECT_FALSE(carrier.is_in_memory("key", 0, 5));
  EXPECT_FALSE(carrier.is_in_memory("other", 0, 1));
}

TEST(LocalBackend, TwoBackendsOnOneFolderSeeEachOther) {
  testing::TemporaryFolder folder;
  LocalBackend one(folder / "store"), other(folder / "store");
  EXPECT_TRUE(one.create("key", as_bytes("text")));
  EXPECT_FALSE(other.create("key", as_bytes("other")));
  EXPECT_EQ(as_text(other.find("key").value()), "text");
}

// A file of a terabyte costs nothing, and the memory to read it much.
TEST(LocalBackend, RefusesToReadAHugeObjectAsAWhole) {
  testing::TemporaryFolder folder;
  LocalBackend backend(folder.path());
  backend.create("key", as_bytes("text"));
  std::filesystem::permissions(folder / "key", std::filesystem::perms::owner_all);
  std::filesystem::resize_file(folder / "key", std::uintmax_t{1} << 40);
  EXPECT_THROW(backend.find("key"), Error);
  Bytes part(4);
  EXPECT_EQ(backend.find_part("key", 0, part), std::size_t{4});
}

TEST(LocalBackend, OnlyARegularFileIsAnObject) {
  testing::TemporaryFolder folder;
  LocalBackend backend(folder / "store");
  backend.create("a/file", as_bytes("text"));
  std::filesystem::create_directories(folder / "store/a/folder");
  ASSERT_EQ(::mkfifo((folder / "store/a/pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("file", folder / "store/a/link");
  std::filesystem::create_symlink("nowhere", folder / "store/a/dangling");
  std::filesystem::create_symlink("loop", folder / "store/a/loop");
  std::filesystem::create_symlink(".", folder / "store/a/self");
  Bytes out(4);
  for (const char* key : {"a/folder", "a/pipe", "a/dangling", "a/loop", "a/self"}) {
    EXPECT_FALSE(backend.find(key)) << key;
    EXPECT_FALSE(backend.find_part(key, 0, out)) << key;
    backend.carrier().expect_reads(key, 0, 4);
    EXPECT_FALSE(backend.create(key, as_bytes("text"))) << key;
  }
  for (const char* key : {"a/folder", "a/pipe", "a/dangling", "a/loop", "a/self"})
    EXPECT_FALSE(backend.remove(key)) << key;
  EXPECT_EQ(as_text(backend.find("a/link").value()), "text");
  EXPECT_EQ(backend.list_names("a/"),
            (std::vector<std::string>{"dangling/", "file", "folder/", "link", "loop/", "pipe/",
                                      "self/"}));
  EXPECT_EQ(backend.list("a/"), (std::vector<ObjectEntry>{{"a/file", 4}, {"a/link", 4}}));
}

// A listing that came out short could hide versions, or tombstones.
TEST(LocalBackend, WhatIsNoFolderIsNoEmptyListing) {
  testing::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "s/versions");
  LocalBackend backend(folder / "s");
  ASSERT_EQ(::mkfifo((folder / "s/pipe").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo((folder / "s/versions/2").c_str(), 0600), 0);
  std::filesystem::create_symlink("nowhere", folder / "s/link");
  std::filesystem::create_symlink("nowhere", folder / "s/versions/3");
  for (const char* prefix : {"pipe/", "link/"}) {
    EXPECT_THROW(backend.list_names(prefix), Error) << prefix;
    EXPECT_THROW(backend.list(prefix), Error) << prefix;
  }
  EXPECT_TRUE(backend.list_names("absent/").empty());
  // A name in use is seen, though no object is there.
  EXPECT_EQ(backend.list_names("versions/"), (std::vector<std::string>{"2/", "3/"}));
  EXPECT_TRUE(backend.list("versions/").empty());
}

TEST(LocalBackend, AFolderHasOneLocationHoweverItIsSpelled) {
  testing::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "real/store");
  std::filesystem::create_directory_symlink(folder / "real", folder / "link");
  const std::string location = LocalBackend(folder / "real/store").location();
  for (const char* spelling : {"real/store/", "real//store", "real/./x/../store", "link/store"})
    EXPECT_EQ(LocalBackend(folder / spelling).location(), location) << spelling;
  EXPECT_NE(LocalBackend(folder / "real/stor").location(), location);
  const LocalBackend later(folder / "link/later/");
  const std::string before = later.location();
  std::filesystem::create_directories(folder / "real/later");
  EXPECT_EQ(later.location(), before);
}

TEST(Open, KnowsWhichStoresLieInAFolder) {
  EXPECT_EQ(local_folder("file:///x/y"), "/x/y");
  EXPECT_EQ(local_folder("x"), std::filesystem::current_path() / "x");
  EXPECT_EQ(local_folder("s3://bucket/x"), std::nullopt);
}

TEST(Open, SaysWhichSchemesItDoesNotKnow) {
  EXPECT_EQ(open("file:///x/y")->name(), "/x/y");
  try {
    open("ftp://host/x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    EXPECT_NE(std::string(error.what()).find("ftp://"), std::string::npos);
  }
}

}  // namespace
}  // namespace grid::backend
