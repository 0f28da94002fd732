// Versions in place, from the listing to the bytes.

#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "care/verify.h"
#include "create/create.h"
#include "tests/support/bucket_server.h"
#include "tests/support/memory_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tree/diff.h"

namespace grid::care {
namespace {

class InPlaceTest : public ::testing::Test {
 protected:
  std::shared_ptr<dataset::OpenStore> open(bool cached = true, ReadAhead read_ahead = {}) {
    return dataset::open_store(
        backend_, {.make_if_absent = true,
                   .servers = {.aws = server_.settings(), .retries = server_.retries()},
                   .cache_folder = cached ? folder_ / "cache" : std::filesystem::path(),
                   .read_ahead = read_ahead});
  }
  create::CreateResult create(dataset::OpenStore& store, create::CreateInput input,
                              bool allow_partial = false) {
    input.servers = {.aws = server_.settings(), .retries = server_.retries()};
    create::CreateProgress progress;
    return create::create_version(store,
                                  {.input = std::move(input),
                                   .storing = {.allow_partial = allow_partial, .workers = 2},
                                   .note = {.name = "cats"}},
                                  progress);
  }
  create::CreateResult create_in_place(dataset::OpenStore& store,
                                       const std::string& url = "s3://bucket/p/") {
    create::CreateInput input{.in_place = true};
    input.sources = {{.where = url}};
    return create(store, std::move(input));
  }
  create::CreateResult copy(dataset::OpenStore& store, dataset::VersionNumber number,
                            bool allow_partial = false) {
    return create(store, {.version = dataset::Reference{.name = "cats", .version = number}},
                  allow_partial);
  }
  static std::shared_ptr<const tree::Manifest> manifest(const dataset::OpenStore& store,
                                                        dataset::VersionNumber number) {
    return store.manifest(store.datastores->resolve({.name = "cats", .version = number}).record);
  }
  static std::string read(const dataset::OpenStore& store, const tree::Manifest& version,
                          const std::string& path, std::uint64_t offset = 0,
                          std::size_t size = SIZE_MAX) {
    const tree::EntryRef file = version.find_path(path).value();
    Bytes scratch;
    return std::string(as_text(store.files->read_file_part(
        version, file, offset, std::min<std::uint64_t>(size, file.size()), scratch)));
  }
  template <class Body>
  static ErrorKind kind_of(Body body) {
    try {
      body();
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::invalid_argument;
  }

  testing::TemporaryFolder folder_;
  testing::BucketServer server_;
  std::shared_ptr<testing::MemoryBackend> backend_ = std::make_shared<testing::MemoryBackend>();
};

TEST_F(InPlaceTest, MakesAVersionFromTheListingAlone) {
  server_.set({{"p/a", "one"}, {"p/b/c", "three"}, {"p/b/d", ""}, {"q", "other"}});
  auto store = open();
  const create::CreateResult result = create_in_place(*store);
  EXPECT_EQ(server_.gets, 0);
  EXPECT_EQ(result.record.totals.files_in_place, 3u);
  EXPECT_EQ(result.record.totals.bytes_in_place, 8u);
  EXPECT_TRUE(create_in_place(*store).same);
  EXPECT_EQ(server_.gets, 0);
  auto version = manifest(*store, 1);
  EXPECT_EQ(read(*store, *version, "a"), "one");
  EXPECT_EQ(read(*store, *version, "b/c", 2, 2), "re");
  EXPECT_EQ(read(*store, *version, "b/d"), "");
}

TEST_F(InPlaceTest, FetchesBytesOnceForAllProcessesAndVersions) {
  const std::string large = testing::random_bytes(3'000'000, 1);
  server_.set({{"p/large", large}, {"p/small", "small"}});
  auto store = open();
  create_in_place(*store);
  auto version = manifest(*store, 1);
  EXPECT_EQ(read(*store, *version, "large"), large);
  EXPECT_EQ(read(*store, *version, "small"), "small");
  const int gets = server_.gets;
  server_.put("p/more", "more");
  create_in_place(*store);
  auto again = open();
  auto second = manifest(*again, 2);
  EXPECT_EQ(read(*again, *second, "large", 1'000'000, 1'000'001),
            large.substr(1'000'000, 1'000'001));
  EXPECT_EQ(read(*again, *second, "small"), "small");
  EXPECT_EQ(server_.gets, gets);
}

TEST_F(InPlaceTest, ManyReadersFetchABlockOnce) {
  const std::string bytes = testing::random_bytes(200'000, 2);
  server_.set({{"p/a", bytes}});
  auto store = open();
  create_in_place(*store);
  auto version = manifest(*store, 1);
  std::vector<std::jthread> readers;
  for (int i = 0; i < 8; ++i)
    readers.emplace_back([&] { EXPECT_EQ(read(*store, *version, "a"), bytes); });
  readers.clear();
  EXPECT_EQ(server_.gets, 1);
}

// Read block by block, a file costs a request a block if nothing reads ahead, and fewer if it does.
TEST_F(InPlaceTest, TheSwitchOfBlocksTurnsReadingAheadOff) {
  constexpr std::size_t blocks = 16;
  const std::string bytes = testing::random_bytes(blocks * cache::block_size, 3);
  auto gets_of_a_scan = [&](const std::string& key, ReadAhead read_ahead) {
    server_.set({{key, bytes}});
    auto store = open(/*cached=*/true, read_ahead);
    create_in_place(*store);
    auto version = manifest(*store, store->datastores->resolve_number({.name = "cats"}));
    const int before = server_.gets;
    for (std::size_t at = 0; at < bytes.size(); at += cache::block_size)
      EXPECT_EQ(read(*store, *version, key.substr(2), at, cache::block_size),
                bytes.substr(at, cache::block_size));
    return server_.gets - before;
  };
  EXPECT_EQ(gets_of_a_scan("p/alone", {.blocks = false}), static_cast<int>(blocks));
  EXPECT_LT(gets_of_a_scan("p/ahead", {}), static_cast<int>(blocks));
}

TEST_F(InPlaceTest, WithoutACacheEachReadGoesToTheBucket) {
  server_.set({{"p/a", "text"}});
  auto store = open(/*cached=*/false);
  create_in_place(*store);
  auto version = manifest(*store, 1);
  EXPECT_EQ(read(*store, *version, "a"), "text");
  EXPECT_EQ(read(*store, *version, "a"), "text");
  EXPECT_EQ(server_.gets, 2);
}

// With a server that honours If-Match and one that ignores it.
TEST_F(InPlaceTest, AChangedOrMissingObjectIsAnErrorAndIsRemembered) {
  for (bool honours : {true, false}) {
    server_.honours_if_match = honours;
    server_.set({{"p/a", "aaaa"}, {"p/b", "bbbb"}, {"p/c", "cccc"}, {"p/d", "dddd"}});
    auto store = open(/*cached=*/true);
    create_in_place(*store);
    auto version = manifest(*store, 1);
    EXPECT_EQ(read(*store, *version, "a"), "aaaa");
    server_.put("p/a", "AAAA");
    server_.put("p/b", "BBBB");
    server_.put("p/c", "longer");
    server_.remove("p/d");
    EXPECT_EQ(read(*store, *version, "a"), "aaaa");  // from the cached copy of the old state
    for (const char* path : {"b", "c", "d"})
      EXPECT_EQ(kind_of([&] { read(*store, *version, path); }), ErrorKind::changed) << path;
    const dataset::DriftKnowledge known = store->drift->find(version->root_digest());
    EXPECT_EQ(known.reasons.size(), 3u);
    EXPECT_TRUE(known.compared.empty());
    EXPECT_NE(known.reasons.at("d").find("s3://bucket/p/d is gone"), std::string::npos);
    std::filesystem::remove_all(folder_ / "cache");
    backend_ = std::make_shared<testing::MemoryBackend>();
  }
}

TEST_F(InPlaceTest, VerifyListsAllDriftAndReadsNothing) {
  std::map<std::string, std::string> objects;
  for (int i = 0; i < 50; ++i) objects["p/" + std::to_string(i)] = "x" + std::to_string(i);
  for (int i = 0; i < 200; ++i) objects["p/3/other-" + std::to_string(i)] = "";
  server_.set(objects);
  auto store = open();
  create::CreateInput input{.in_place = true};
  input.sources = {{.where = "s3://bucket/p/"}};
  input.patterns = source::IgnorePatterns({"/3", "other-*"});
  create(*store, std::move(input));
  server_.page_size = 10;  // all keys would be 25 pages
  server_.lists = 0;
  VerifyProgress progress;
  VerifyReport report = verify(*store, {}, progress);
  EXPECT_EQ(report.files_in_place, 49u);
  EXPECT_TRUE(report.drifts.empty() && report.damages.empty());
  EXPECT_LT(server_.lists, 15);

  server_.put("p/7", "y7");
  server_.put("p/8", "longer");
  server_.remove("p/9");
  server_.put("p/new", "is no drift");
  report = verify(*store, {}, progress);
  std::map<std::string, std::string> found;
  for (const Damage& drift : report.drifts) found[drift.path] = drift.reason;
  ASSERT_EQ(found.size(), 3u);
  EXPECT_NE(found.at("7").find("has the ETag"), std::string::npos);
  EXPECT_EQ(found.at("8"), "s3://bucket/p/8 has 6 bytes now, not 2");
  EXPECT_EQ(found.at("9"), "s3://bucket/p/9 is gone");
  EXPECT_EQ(server_.gets, 0);
  const dataset::DriftKnowledge known = store->drift->find(manifest(*store, 1)->root_digest());
  EXPECT_EQ(known.reasons, found);
  EXPECT_FALSE(known.compared.empty());
}

TEST_F(InPlaceTest, ABucketThatCannotBeListedIsNotDrift) {
  server_.set({{"p/a", "aaaa"}});
  auto store = open();
  create_in_place(*store);
  server_.refuses = true;
  VerifyProgress progress;
  const VerifyReport report = verify(*store, {}, progress);
  EXPECT_TRUE(report.drifts.empty());
  EXPECT_TRUE(report.damages.empty());  // it may be as it should be
  ASSERT_EQ(report.unseen.size(), 1u);
  EXPECT_TRUE(report.unseen[0].reason.starts_with("its files in place could not be compared"));
  EXPECT_EQ(kind_of([&] { read(*store, *manifest(*store, 1), "a"); }),
            ErrorKind::permission_denied);
  EXPECT_TRUE(store->drift->find(manifest(*store, 1)->root_digest()).reasons.empty());
}

TEST_F(InPlaceTest, OtherBytesUnderTheSameETagAreRefused) {
  server_.has_one_etag = true;
  server_.set({{"p/a", "what it was"}});
  auto store = open();
  create_in_place(*store);
  auto version = manifest(*store, 1);
  EXPECT_EQ(read(*store, *version, "a"), "what it was");
  cache::DiskCache cache(dataset::node_cache_folder(folder_ / "cache"));
  cache.set_size_max(1);  // evicts everything; known digests stay
  cache.set_size_max(1 << 30);
  server_.put("p/a", "what it is ");
  EXPECT_EQ(kind_of([&] { read(*store, *version, "a"); }), ErrorKind::corrupt);
  server_.put("p/a", "what it was");
  EXPECT_EQ(read(*store, *version, "a"), "what it was");
}

TEST_F(InPlaceTest, DiffComparesETagAndSizeAndReadsNothing) {
  server_.set({{"p/gone", "1"}, {"p/kept", "2"}, {"p/old", "3"}, {"p/written", "4"}});
  auto store = open();
  create_in_place(*store);
  server_.set({{"p/kept", "2"}, {"p/new", "5"}, {"p/renamed", "3"}, {"p/written", "44"}});
  create_in_place(*store);
  std::map<std::string, tree::ChangeKind> found;
  for (const tree::Change& change : tree::diff(manifest(*store, 1), manifest(*store, 2)))
    found[change.path] = change.kind;
  EXPECT_EQ(found,
            (std::map<std::string, tree::ChangeKind>{{"gone", tree::ChangeKind::removed},
                                                     {"new", tree::ChangeKind::added},
                                                     {"renamed", tree::ChangeKind::renamed},
                                                     {"written", tree::ChangeKind::changed}}));
  EXPECT_EQ(server_.gets, 0);
}

TEST_F(InPlaceTest, ACopyDoesNotNeedTheBucketAndEqualsACreatedVersion) {
  const std::string large = testing::random_bytes(40'000'000, 3);
  server_.set({{"p/a/large", large}, {"p/b", "text"}, {"p/c/", ""}, {"p/d", ""}});
  auto store = open();
  create_in_place(*store);
  const create::CreateResult copied = copy(*store, 1);
  EXPECT_EQ(copied.record.number, 2u);
  EXPECT_EQ(copied.record.totals.files_in_place, 0u);
  EXPECT_TRUE(copy(*store, 2).same);
  create::CreateInput input;
  input.sources = {{.where = "s3://bucket/p/"}};
  EXPECT_EQ(create(*store, std::move(input)).record.root, copied.record.root);
  EXPECT_TRUE(tree::diff(manifest(*store, 1), manifest(*store, 2)).empty());
  server_.set({});
  auto version = manifest(*store, 2);
  EXPECT_EQ(read(*store, *version, "a/large", 39'000'000, 100), large.substr(39'000'000, 100));
  EXPECT_EQ(read(*store, *version, "b"), "text");
}

TEST_F(InPlaceTest, ACopyNamesDriftedFilesAndIsNotPublished) {
  for (bool honours : {true, false}) {
    server_.honours_if_match = honours;
    server_.set({{"p/a", "aaaa"}, {"p/b", "bbbb"}, {"p/c", "cccc"}});
    backend_ = std::make_shared<testing::MemoryBackend>();
    auto store = open(/*cached=*/false);
    create_in_place(*store);
    server_.put("p/a", "AAAA");
    server_.remove("p/b");
    try {
      copy(*store, 1);
      FAIL();
    } catch (const create::IncompleteSource& error) {
      EXPECT_EQ(error.problems().size(), 2u);
    }
    EXPECT_EQ(store->datastores->ready_numbers("cats").size(), 1u);
    const create::CreateResult partial = copy(*store, 1, /*allow_partial=*/true);
    EXPECT_EQ(partial.record.totals.files, 1u);
    EXPECT_EQ(partial.problems.size(), 2u);
  }
}

TEST_F(InPlaceTest, AVersionMayMixFilesInPlaceAndStoredFiles) {
  server_.set({{"p/a", "in place"}});
  testing::write_file(folder_ / "cats/owned", "owned");
  auto store = open();
  create::CreateInput first;
  first.sources = {{.where = (folder_ / "cats").string()}};
  create(*store, std::move(first));
  create::CreateInput second{.in_place = true};
  second.sources = {{.where = "s3://bucket/p/", .place = "more"}};
  second.base = create::CreateBase{.reference = {.name = "cats", .version = 1}};
  const create::CreateResult mixed = create(*store, std::move(second));
  EXPECT_EQ(mixed.record.totals.files, 2u);
  EXPECT_EQ(mixed.record.totals.files_in_place, 1u);
  auto version = manifest(*store, 2);
  EXPECT_EQ(read(*store, *version, "owned") + read(*store, *version, "more/a"), "ownedin place");
  create::CreateInput third;
  third.base =
      create::CreateBase{.reference = {.name = "cats", .version = 2}, .removed = {"more/a"}};
  EXPECT_EQ(create(*store, std::move(third)).record.totals.files_in_place, 0u);
}

}  // namespace
}  // namespace grid::care
