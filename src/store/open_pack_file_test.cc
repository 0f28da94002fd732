#include "store/open_pack_file.h"

#include <gtest/gtest.h>

#include "store/chunk_session.h"
#include "store/layout.h"
#include "tests/support/memory_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"

namespace grid::store {
namespace {

using testing::TemporaryFolder;

class OpenPackFileTest : public ::testing::Test {
 protected:
  // Puts chunks like a process that is then killed.
  void put_and_die(const std::vector<std::string>& chunks) {
    ChunkStore store(backend_, marker_);
    ChunkSession session(store, bytes_stored_, folder_.path());
    ChunkWriter writer(session);
    for (const std::string& chunk : chunks) writer.put(as_bytes(chunk));
  }
  // How many of the first chunks the store has after another session took over; all must be right.
  std::size_t take_over(const std::vector<std::string>& chunks) {
    ChunkStore store(backend_, marker_);
    store.refresh();
    ChunkSession session(store, bytes_stored_, folder_.path());
    session.take_over();
    std::size_t known = 0;
    for (const std::string& chunk : chunks) {
      const Digest digest = digest_of(as_bytes(chunk));
      if (!store.index().find(digest)) break;
      EXPECT_EQ(as_text(store.read_chunk(digest)), chunk);
      ++known;
    }
    return known;
  }
  std::size_t pack_count() const { return backend_->list_names(packs_prefix()).size() / 2; }

  // Some that shrink and some that do not.
  static std::vector<std::string> make_chunks(std::uint64_t seed, std::size_t count) {
    std::vector<std::string> chunks;
    for (std::uint64_t i = 0; i < count; ++i)
      chunks.push_back(i % 30 < 15 ? testing::random_bytes(20, seed + i) + std::string(15'000, 'a')
                                   : testing::random_bytes(20'000, seed + i));
    return chunks;
  }

  TemporaryFolder folder_;
  std::shared_ptr<backend::Backend> backend_ = std::make_shared<testing::MemoryBackend>();
  StoreMarker marker_ = make_store(*backend_);
  std::atomic<std::uint64_t> bytes_stored_ = 0;
  const std::filesystem::path file_ = open_pack_path(folder_.path(), 0);
};

TEST_F(OpenPackFileTest, TakesOverTheOpenPackOfAKilledProcess) {
  const std::vector<std::string> chunks = make_chunks(1, 600);
  put_and_die(chunks);
  EXPECT_EQ(pack_count(), 0u);
  EXPECT_GE(take_over(chunks), 500u) << "all but the last megabyte";
  EXPECT_EQ(pack_count(), 1u);
  EXPECT_TRUE(find_open_packs(folder_.path()).empty());
}

TEST_F(OpenPackFileTest, SeveralKilledProcessesLoseNothing) {
  std::vector<std::string> all;
  for (std::uint64_t attempt = 0; attempt < 4; ++attempt) {
    const std::vector<std::string> more = make_chunks(1000 * attempt, 60);
    all.insert(all.end(), more.begin(), more.end());
    {
      ChunkStore store(backend_, marker_);
      store.refresh();
      ChunkSession session(store, bytes_stored_, folder_.path());
      session.take_over();
      ChunkWriter one(session), other(session);
      for (std::size_t i = 0; i < all.size(); ++i)
        (i / 20 % 2 == 0 ? one : other).put(as_bytes(all[i]));
      one.close_frame();
      other.close_frame();
    }
  }
  EXPECT_EQ(take_over(all), all.size());
}

TEST_F(OpenPackFileTest, TakesOverTheFrontOfATornFile) {
  const std::vector<std::string> chunks = make_chunks(1, 240);
  put_and_die(chunks);
  const std::string whole = testing::read_file(file_);
  std::size_t known_before = 0;
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 97) {
    backend_ = std::make_shared<testing::MemoryBackend>();
    marker_ = make_store(*backend_);
    testing::write_file(file_, whole.substr(0, size));
    const std::size_t known = take_over(chunks);
    EXPECT_GE(known, known_before) << size;
    known_before = known;
  }
  EXPECT_GT(known_before, 100u);
}

TEST_F(OpenPackFileTest, DoesNotTakeOverDamagedFrames) {
  const std::vector<std::string> chunks = make_chunks(1, 240);
  put_and_die(chunks);
  const std::string whole = testing::read_file(file_);
  for (std::size_t at = 0; at < whole.size(); at += at < 400 ? 1 : whole.size() / 97) {
    backend_ = std::make_shared<testing::MemoryBackend>();
    marker_ = make_store(*backend_);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    testing::write_file(file_, damaged);
    EXPECT_LT(take_over(chunks), chunks.size()) << at;
  }
}

TEST_F(OpenPackFileTest, DoesNotStoreADurablePackAgain) {
  std::vector<std::string> chunks;  // a pack of 20 MiB ends with the 20th
  for (std::uint64_t i = 0; i < 30; ++i) chunks.push_back(testing::random_bytes(1 << 20, i));
  put_and_die(chunks);
  EXPECT_EQ(pack_count(), 1u);
  const std::uint64_t before = bytes_stored_;
  const std::string left = testing::read_file(file_);
  EXPECT_EQ(take_over(chunks), 28u);
  EXPECT_LT(bytes_stored_ - before, 8'500'000u);
  testing::write_file(file_, left);  // as if it had been killed before it removed the file
  EXPECT_EQ(take_over(chunks), 28u);
  EXPECT_EQ(pack_count(), 2u);
}

TEST_F(OpenPackFileTest, AFinishedSessionLeavesNoFile) {
  ChunkStore store(backend_, marker_);
  ChunkSession session(store, bytes_stored_, folder_.path());
  std::vector<std::unique_ptr<ChunkWriter>> writers;
  writers.push_back(std::make_unique<ChunkWriter>(session));
  for (const std::string& chunk : make_chunks(1, 240)) writers[0]->put(as_bytes(chunk));
  EXPECT_EQ(find_open_packs(folder_.path()).size(), 1u);
  session.finish(std::move(writers));
  EXPECT_TRUE(find_open_packs(folder_.path()).empty());
}

TEST_F(OpenPackFileTest, WorksWithAFolderThatCannotBeWritten) {
  testing::write_file(folder_ / "file", "");
  ChunkStore store(backend_, marker_);
  ChunkSession session(store, bytes_stored_, folder_ / "file");
  session.take_over();
  std::vector<std::unique_ptr<ChunkWriter>> writers;
  writers.push_back(std::make_unique<ChunkWriter>(session));
  const std::vector<std::string> chunks = make_chunks(1, 240);
  for (const std::string& chunk : chunks) writers[0]->put(as_bytes(chunk));
  session.finish(std::move(writers));
  EXPECT_EQ(take_over(chunks), chunks.size());
}

}  // namespace
}  // namespace grid::store
