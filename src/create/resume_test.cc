// Creates that are broken off, and their repeats with the same checkpoint.
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "create/checkpoint_log.h"
#include "create/create.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"

namespace grid::create {
namespace {

using testing::random_bytes;
using testing::TemporaryFolder;
using testing::write_file;

class ResumeTest : public ::testing::Test {
 protected:
  // Lets the source's time stamps grow old enough to be trusted.
  static void settle() { ::usleep(150'000); }

  TemporaryFolder folder_;
  const std::filesystem::path source_ = folder_ / "cats";
};

// Files of every kind that a checkpoint treats differently: small, of several chunks, of several
// slices.
void write_sizes(const std::filesystem::path& folder) {
  for (int i = 0; i < 30; ++i) write_file(folder / std::to_string(i), random_bytes(5000, i));
  write_file(folder / "larger", random_bytes(9'000'000, 100));
  write_file(folder / "sliced", random_bytes((32u << 20) + 9'000'000, 101));
}

// Fails the first call of the backend, the second, …; each failure is followed by a try with the
// checkpoint of the one that failed.
TEST_F(ResumeTest, TheNextTryContinuesWhicheverCallFails) {
  write_sizes(source_);
  settle();
  const Digest root = testing::create_version(*testing::open_test_store(), source_).record.root;
  std::uint64_t failing = 1, failed = 0;
  for (; failing < 1000; ++failing) {
    bool succeeded = false;
    auto memory = std::make_shared<testing::MemoryBackend>();
    auto faulty = std::make_shared<testing::FaultyBackend>(memory);
    const std::filesystem::path log = folder_ / ("checkpoint" + std::to_string(failing));
    faulty->fail_call(failing);
    try {
      CheckpointLog checkpoint(log);
      auto store = testing::open_test_store(faulty);
      try {
        testing::create_version(*store, source_, {.storing = {.checkpoint = &checkpoint}});
        succeeded = true;
      } catch (const Error&) {
        checkpoint.flush();
        throw;
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
      ++failed;
    }
    if (faulty->calls() < failing) break;
    if (succeeded) continue;  // what a lease asks for, and the record, is asked for again
    auto store = testing::open_test_store(memory);
    CheckpointLog checkpoint(log);
    CreateResult result =
        testing::create_version(*store, source_, {.storing = {.checkpoint = &checkpoint}});
    EXPECT_EQ(result.record.root, root) << failing;
    EXPECT_EQ(result.bytes_read + result.bytes_resumed, result.record.totals.bytes);
    EXPECT_TRUE(testing::is_readable(*store)) << failing;
  }
  EXPECT_GE(failed, 4u);
}

TEST_F(ResumeTest, AfterPublishingFailedNothingIsReadAgain) {
  write_sizes(source_);
  settle();
  auto memory = std::make_shared<testing::MemoryBackend>();
  auto faulty = std::make_shared<testing::FaultyBackend>(memory);
  faulty->refuse_creates("datastores/");
  {
    CheckpointLog checkpoint(folder_ / "checkpoint");
    auto store = testing::open_test_store(faulty);
    EXPECT_THROW(testing::create_version(*store, source_, {.storing = {.checkpoint = &checkpoint}}),
                 Error);
    checkpoint.flush();
  }
  CheckpointLog checkpoint(folder_ / "checkpoint");
  auto store = testing::open_test_store(memory);
  const CreateResult result =
      testing::create_version(*store, source_, {.storing = {.checkpoint = &checkpoint}});
  EXPECT_EQ(result.bytes_read, 0u);
  EXPECT_EQ(result.bytes_resumed, result.record.totals.bytes);
}

TEST_F(ResumeTest, WhatChangedSinceTheCheckpointIsReadAgain) {
  write_sizes(source_);
  settle();
  CheckpointLog before(folder_ / "checkpoint");
  auto store = testing::open_test_store();
  testing::create_version(*store, source_, {.storing = {.checkpoint = &before}});
  before.flush();

  write_file(source_ / "3", random_bytes(5000, 1000));
  const std::string larger = random_bytes(9'000'000, 100);
  write_file(source_ / "larger", larger.substr(0, 8'999'999) + "x");
  CheckpointLog checkpoint(folder_ / "checkpoint");
  CreateResult result =
      testing::create_version(*store, source_, {.storing = {.checkpoint = &checkpoint}});
  EXPECT_EQ(result.bytes_read, 9'005'000u);
  EXPECT_EQ(result.record.number, 2u);
  auto manifest = store->manifest(result.record);
  EXPECT_EQ(testing::read_from(*store, *manifest, "3"), random_bytes(5000, 1000));
  EXPECT_EQ(testing::read_from(*store, *manifest, "larger"), larger.substr(0, 8'999'999) + "x");
}

// A later write might leave its time stamps as they are.
TEST_F(ResumeTest, AFileThatIsNotSettledIsNotInTheCheckpoint) {
  CheckpointLog before(folder_ / "checkpoint");
  auto store = testing::open_test_store();
  write_file(source_ / "a", random_bytes(5000, 1));
  testing::create_version(*store, source_, {.storing = {.checkpoint = &before}});
  before.flush();
  settle();
  CheckpointLog checkpoint(folder_ / "checkpoint");
  EXPECT_EQ(testing::create_version(*store, source_, {.storing = {.checkpoint = &checkpoint}})
                .bytes_resumed,
            0u);
}

// Stops the create from within, at the first pack.
class StoppingBackend : public testing::FaultyBackend {
 public:
  using FaultyBackend::FaultyBackend;
  bool create(std::string_view key, BytesView data) override {
    if (key.starts_with("packs/")) stop = true;
    return FaultyBackend::create(key, data);
  }
  std::atomic<bool> stop = false;
};

TEST_F(ResumeTest, AStoppedCreateKeepsWhatItHasRead) {
  write_sizes(source_);
  settle();
  auto memory = std::make_shared<testing::MemoryBackend>();
  auto stopping = std::make_shared<StoppingBackend>(memory);
  {
    CheckpointLog checkpoint(folder_ / "checkpoint");
    CreateProgress progress;
    auto store = testing::open_test_store(stopping);
    CreateOptions options{.input = {.sources = {{.where = source_.string()}}},
                          .storing = {.workers = 2},
                          .note = {.name = "cats"}};
    options.storing.checkpoint = &checkpoint;
    options.storing.stop = &stopping->stop;
    EXPECT_THROW(create::create_version(*store, options, progress), Interrupted);
    EXPECT_TRUE(store->datastores->names().empty());
    checkpoint.flush();
  }
  CheckpointLog checkpoint(folder_ / "checkpoint");
  auto store = testing::open_test_store(memory);
  CreateResult result =
      testing::create_version(*store, source_, {.storing = {.checkpoint = &checkpoint}});
  EXPECT_GE(result.bytes_resumed, 20u << 20);  // the first pack, and what was in the others
  EXPECT_EQ(result.record.root,
            testing::create_version(*testing::open_test_store(), source_).record.root);
}

// Accepts nothing any more, like a lost network or a full disk.
class DeadBackend : public testing::FaultyBackend {
 public:
  using FaultyBackend::FaultyBackend;
  bool create(std::string_view key, BytesView data) override {
    if (key.starts_with(store::leases_prefix())) return FaultyBackend::create(key, data);
    fail(ErrorKind::unavailable, "{} cannot be stored", key);
  }
};

TEST_F(ResumeTest, WhatTheStoreDidNotAcceptIsNotReadAgain) {
  write_sizes(source_);
  settle();
  const std::filesystem::path journals = folder_ / "journals";
  std::filesystem::create_directory(journals);
  auto memory = std::make_shared<testing::MemoryBackend>();
  testing::open_test_store(memory);
  {
    CheckpointLog checkpoint(folder_ / "checkpoint");
    auto store = testing::open_test_store(std::make_shared<DeadBackend>(memory));
    CreateOptions options{.storing = {.checkpoint = &checkpoint, .journals = journals}};
    EXPECT_THROW(testing::create_version(*store, source_, options), Error);
    checkpoint.flush();
  }
  CheckpointLog checkpoint(folder_ / "checkpoint");
  auto store = testing::open_test_store(memory);
  CreateResult result = testing::create_version(
      *store, source_, {.storing = {.checkpoint = &checkpoint, .journals = journals}});
  // What was read until the first pack was full: 20 MiB, less one stretch per worker not yet noted.
  EXPECT_GE(result.bytes_resumed, 12u << 20);
  EXPECT_EQ(result.record.root,
            testing::create_version(*testing::open_test_store(), source_).record.root);
  EXPECT_TRUE(testing::is_readable(*store));
}

// The answer was lost, and others have published since.
TEST_F(ResumeTest, AVersionThatAnEarlierAttemptPublishedIsNotPublishedAgain) {
  write_file(source_ / "a", "1");
  write_file(folder_ / "other/a", "2");
  auto store = testing::open_test_store();
  CreateOptions options{.storing = {.force = true, .create_id = std::string(32, 'a')}};
  EXPECT_EQ(testing::create_version(*store, source_, options).record.number, 1u);
  EXPECT_EQ(testing::create_version(*store, folder_ / "other").record.number, 2u);
  options.storing.is_repeat = true;
  const CreateResult repeated = testing::create_version(*store, source_, options);
  EXPECT_EQ(repeated.record.number, 1u);
  EXPECT_FALSE(repeated.same);

  // If the source has changed meanwhile, it is another version.
  write_file(source_ / "b", "3");
  const dataset::VersionRecord third = testing::create_version(*store, source_, options).record;
  EXPECT_EQ(third.number, 3u);
  EXPECT_NE(third.create_id, options.storing.create_id);
}

}  // namespace
}  // namespace grid::create
