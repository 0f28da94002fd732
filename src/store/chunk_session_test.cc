#include "store/chunk_session.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "store/layout.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/memory_backend.h"
#include "tests/support/random_bytes.h"

namespace grid::store {
namespace {

// A session with some writers, which a test may drop unfinished.
struct Session {
  Session(ChunkStore& store, std::atomic<std::uint64_t>& bytes_stored, int writer_count = 1)
      : session(store, bytes_stored) {
    for (int i = 0; i < writer_count; ++i)
      writers.push_back(std::make_unique<ChunkWriter>(session));
  }
  ChunkRef put(const std::string& text) { return writers.front()->put(as_bytes(text)); }
  void finish() { session.finish(std::move(writers)); }

  ChunkSession session;
  std::vector<std::unique_ptr<ChunkWriter>> writers;
};

class ChunkSessionTest : public ::testing::Test {
 protected:
  // Reads like another process, without what this one has in memory.
  std::string read_elsewhere(const ChunkRef& chunk) {
    return std::string(as_text(ChunkStore(backend_, marker_).read_chunk(chunk.digest)));
  }
  PackId pack_of(const ChunkRef& chunk) { return store_.index().find(chunk.digest).value().pack; }
  std::size_t pack_count() const { return backend_->list_names(packs_prefix()).size() / 2; }

  const std::string text_ = testing::random_bytes(30'000, 1);
  const std::string other_text_ = testing::random_bytes(30'000, 2);
  std::shared_ptr<testing::FaultyBackend> backend_ =
      std::make_shared<testing::FaultyBackend>(std::make_shared<testing::MemoryBackend>());
  StoreMarker marker_ = make_store(*backend_);
  ChunkStore store_{backend_, marker_};
  std::atomic<std::uint64_t> bytes_stored_ = 0;
};

TEST_F(ChunkSessionTest, TheNextSessionStoresWhatADroppedOneDidNot) {
  Session(store_, bytes_stored_).put(text_);
  EXPECT_EQ(pack_count(), 0u);
  Session next(store_, bytes_stored_);
  const ChunkRef chunk = next.put(text_);
  next.finish();
  EXPECT_EQ(read_elsewhere(chunk), text_);
}

TEST_F(ChunkSessionTest, TheNextSessionStoresWhatAFailedOneDidNot) {
  for (std::uint64_t failing = 1; failing <= 2; ++failing) {  // the pack's data, its index
    const std::string text = testing::random_bytes(1000, 10 + failing);
    {
      Session failed(store_, bytes_stored_);
      failed.put(text);
      backend_->fail_call(failing);
      EXPECT_THROW(failed.finish(), Error);
    }
    backend_->fail_call(0);
    Session next(store_, bytes_stored_);
    const ChunkRef chunk = next.put(text);
    next.finish();
    EXPECT_EQ(read_elsewhere(chunk), text);
  }
}

TEST_F(ChunkSessionTest, TwoLiveSessionsBothStoreTheSameChunk) {
  Session first(store_, bytes_stored_);
  const ChunkRef chunk = first.put(text_);
  Session second(store_, bytes_stored_);
  second.put(text_);
  second.finish();
  EXPECT_EQ(read_elsewhere(chunk), text_) << "the second could publish before the first is durable";
  first.finish();
  EXPECT_EQ(read_elsewhere(chunk), text_);
  EXPECT_EQ(as_text(store_.read_chunk(chunk.digest)), text_);
  EXPECT_EQ(pack_count(), 2u);
}

TEST_F(ChunkSessionTest, ThreadsOfOneSessionStoreAChunkOnce) {
  Session session(store_, bytes_stored_, 4);
  {
    std::vector<std::jthread> threads;
    for (auto& writer : session.writers)
      threads.emplace_back([&writer = *writer] {
        for (std::uint64_t i = 0; i < 2000; ++i)
          writer.put(as_bytes(testing::random_bytes(200, i)));
      });
  }
  std::uint64_t bytes_new = 0;
  for (const auto& writer : session.writers) bytes_new += writer->bytes_new();
  EXPECT_EQ(bytes_new, 2000u * 200);
  session.finish();
}

TEST_F(ChunkSessionTest, KnowsThePacksThatItReliesOn) {
  Session before(store_, bytes_stored_);
  const ChunkRef known = before.put(text_);
  EXPECT_TRUE(before.session.packs_relied_on().empty());
  before.finish();
  EXPECT_EQ(before.session.packs_relied_on(), std::set{pack_of(known)});

  Session session(store_, bytes_stored_);
  session.put(text_);
  EXPECT_EQ(session.session.packs_relied_on(), std::set{pack_of(known)});
  const ChunkRef added = session.put(other_text_);
  session.finish();
  EXPECT_EQ(session.session.packs_relied_on(), (std::set{pack_of(known), pack_of(added)}));
}

TEST_F(ChunkSessionTest, ReliesOnThePacksOfChunksThatItOnlyNames) {
  Session before(store_, bytes_stored_);
  const ChunkRef known = before.put(text_);
  before.finish();
  Session session(store_, bytes_stored_);
  session.session.rely_on(std::span(&known, 1));
  EXPECT_EQ(session.session.packs_relied_on(), std::set{pack_of(known)});
}

// A repair stores what the index takes for sound, and nothing else.
TEST_F(ChunkSessionTest, StoresOnlyWhatIsWantedIfItIsToldWhatThatIs) {
  Session before(store_, bytes_stored_);
  const ChunkRef known = before.put(text_);
  before.finish();
  WantedChunks wanted;
  wanted.add(known.digest);
  ChunkSession session(store_, bytes_stored_, {}, &wanted);
  std::vector<std::unique_ptr<ChunkWriter>> writers;
  for (int i = 0; i < 2; ++i) {
    writers.push_back(std::make_unique<ChunkWriter>(session));
    writers.back()->put(as_bytes(text_));
    writers.back()->put(as_bytes(other_text_));
  }
  session.finish(std::move(writers));
  EXPECT_EQ(wanted.count(), 0u);
  EXPECT_EQ(pack_count(), 2u);
  EXPECT_EQ(store_.index().find_all(known.digest).size(), 2u);
  EXPECT_TRUE(store_.index().find_all(digest_of(as_bytes(other_text_))).empty());
}

}  // namespace
}  // namespace grid::store
