#include "dataset/prefetch.h"

#include <gtest/gtest.h>

#include <mutex>
#include <random>

#include "base/file.h"
#include "tests/support/created_store.h"
#include "tests/support/temporary_folder.h"

namespace grid::dataset {
namespace {

using testing::CreatedStore;
using testing::TemporaryFolder;
using testing::write_file;

// Counts the reads of parts and their bytes.
class MeteredBackend : public testing::MemoryBackend {
 public:
  mutable std::atomic<std::uint64_t> bytes_read = 0, reads = 0;

  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override {
    ++reads;
    bytes_read += out.size();
    return MemoryBackend::find_part(key, offset, out);
  }
  std::string name() const override { return "metered"; }
};

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, ' ');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

class PrefetchTest : public ::testing::Test {
 protected:
  PrefetchTest() {
    for (unsigned i = 0; i < 20; ++i)
      write_file(source / fmt::format("{:02}", i), noise(100'000, i));
    write_file(source / "large", noise(3 * Piece::size, 99));
    created.create("cats", source.path());
    manifest = store().manifest(store().datastores->resolve({"cats", 1, false}).record);
    backend->bytes_read = backend->reads = 0;
  }
  const OpenStore& store() const { return *created.store(); }

  TemporaryFolder source, folder;
  std::shared_ptr<MeteredBackend> backend = std::make_shared<MeteredBackend>();
  CreatedStore created{backend};
  std::shared_ptr<const tree::Manifest> manifest;
  const Digest root = digest_of(as_bytes("root"));
};

TEST_F(PrefetchTest, ReadsWhatTheTraceNamesAndLittleElse) {
  const std::uint64_t size = prefetch(store(), *manifest, {{3, 0}, {7, 0}}, {.size_max = 1 << 30});
  EXPECT_LE(backend->bytes_read, size + 10'000);  // and the recipes of the files
  EXPECT_GE(size, 200'000u);
  EXPECT_LT(size, 320'000u);
}

TEST_F(PrefetchTest, ReadsOnlyThePiecesOfALargeFile) {
  const std::uint64_t size = prefetch(store(), *manifest, {{20, 2}}, {.size_max = 1 << 30});
  EXPECT_GE(size, Piece::size - (256 << 10));
  EXPECT_LE(size, Piece::size + (256 << 10));
}

TEST_F(PrefetchTest, ReadsNeighboursTogether) {
  ReadTrace trace;
  for (std::uint64_t i = 20; i > 0; --i) trace.push_back({i - 1, 0});
  EXPECT_GE(prefetch(store(), *manifest, trace, {.size_max = 1 << 30}), 2'000'000u);
  EXPECT_LE(backend->reads, 20u + 4u);  // a recipe for each file, and the files' content
}

TEST_F(PrefetchTest, ReadsTheWholeVersion) {
  EXPECT_GE(prefetch_all(store(), *manifest, {.size_max = 1 << 30}), 2'000'000 + 3 * Piece::size);
}

TEST_F(PrefetchTest, StopsAtItsLimit) {
  EXPECT_LE(prefetch_all(store(), *manifest, {.size_max = 5 << 20}), 5u << 20);
  EXPECT_LE(backend->bytes_read, 5u << 20);
}

// A file of 128 TiB may be made of a few chunks.
TEST_F(PrefetchTest, AFileThatRepeatsAChunkForEverEnds) {
  const std::uint64_t size = std::uint64_t{1} << 40;
  ::truncate((source / "large").c_str(), static_cast<off_t>(size));
  created.create("cats", source.path());
  const auto sparse = store().manifest(store().datastores->resolve({"cats", 2, false}).record);
  EXPECT_LE(prefetch_all(store(), *sparse, {.size_max = 32 << 20}), 32u << 20);
}

TEST_F(PrefetchTest, SkipsWhatIsNotThere) {
  EXPECT_EQ(prefetch(store(), *manifest, {{1'000'000, 0}, {3, 77}}, {.size_max = 1 << 30}), 0u);
}

TEST_F(PrefetchTest, KeepsTheOrderOfTheFirstReads) {
  TraceRecorder recorder;
  recorder.note_read(root, 7, 0, 100);
  recorder.note_read(root, 3, 0, 100);
  recorder.note_read(root, 7, 100, 100);
  recorder.note_read(root, 5, Piece::size - 1, 2);
  recorder.note_read(root, 9, 0, 0);
  const ReadTrace expected = {{7, 0}, {3, 0}, {5, 0}, {5, 1}};
  EXPECT_EQ(recorder.traces().at(root), expected);
  save_trace(folder.path(), root, expected);
  EXPECT_EQ(find_trace(folder.path(), root), expected);
}

TEST_F(PrefetchTest, RecordsNoMoreThanItsLimit) {
  TraceRecorder recorder;
  for (std::uint64_t i = 0; i < 2 * TraceRecorder::pieces_max; ++i)
    recorder.note_read(root, i, 0, 1);
  EXPECT_EQ(recorder.traces().at(root).size(), TraceRecorder::pieces_max);
}

TEST_F(PrefetchTest, DoesNotReplaceALongTraceWithAShortOne) {
  const ReadTrace longer = {{1, 0}, {2, 0}, {3, 0}}, shorter = {{9, 0}}, similar = {{5, 0}, {4, 0}};
  save_trace(folder.path(), root, longer);
  save_trace(folder.path(), root, shorter);
  EXPECT_EQ(find_trace(folder.path(), root), longer);
  save_trace(folder.path(), root, similar);
  EXPECT_EQ(find_trace(folder.path(), root), similar);
}

TEST_F(PrefetchTest, KeepsSixtyFourTracesAndIgnoresOtherFiles) {
  for (int i = 0; i < 70; ++i)
    save_trace(folder.path(), digest_of(as_bytes(std::to_string(i))), {{1, 0}});
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 64);
  write_file(folder / root.hex(), "no trace at all");
  EXPECT_TRUE(find_trace(folder.path(), root).empty());
  save_trace("/proc/no/such/folder", root, {{1, 0}});
}

}  // namespace
}  // namespace grid::dataset
