#include "store/chunk_session.h"

#include <gtest/gtest.h>

#include <cstring>
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

// Tiny files: the index would grow beyond what is read as a whole.
TEST_F(ChunkSessionTest, APackEndsAtSoManyChunks) {
  Session session(store_, bytes_stored_);
  Digest digest;
  for (std::uint32_t i = 0; i < pack_chunk_count_max + 10; ++i) {
    std::memcpy(digest.bytes.data(), &i, sizeof i);
    session.writers.front()->put(std::as_bytes(std::span(&i, 1)), digest);
  }
  session.finish();
  EXPECT_GE(pack_count(), 2u);
  for (const backend::ObjectEntry& object : backend_->list(packs_prefix()))
    EXPECT_LE(object.size, backend::whole_object_size_max);
}

// A pack that lost bytes, or all of them, is not built on: what it has is stored again.
TEST_F(ChunkSessionTest, ChunksOfAShortPackAreStoredAgain) {
  Session first(store_, bytes_stored_);
  const ChunkRef chunk = first.put(text_);
  first.finish();
  const PackId pack = pack_of(chunk);
  const std::string key = pack_data_key(pack);
  const Bytes data = backend_->find(key).value();
  for (const std::size_t left : {std::size_t{0}, data.size() / 2}) {
    backend_->remove(key);
    if (left > 0) backend_->create(key, BytesView(data).first(left));
    const std::string more = testing::random_bytes(1000, 20 + left);
    ChunkStore other(backend_, marker_);
    other.refresh_for_writing();
    ASSERT_EQ(other.short_packs()->count(pack), 1u);
    EXPECT_EQ(other.short_packs()->at(pack).expected, data.size());
    Session next(other, bytes_stored_);
    EXPECT_FALSE(next.session.has(chunk.digest));
    next.put(text_);
    next.put(text_);
    next.put(more);
    next.finish();
    EXPECT_EQ(read_elsewhere(chunk), text_);
    Session last(other, bytes_stored_);
    EXPECT_TRUE(last.session.has(chunk.digest));
    const std::uint64_t before = bytes_stored_;
    last.put(text_);
    last.finish();
    EXPECT_EQ(bytes_stored_, before) << "the new pack has it";
    for (const auto& [each, size] : other.index().packs())
      if (each != pack) backend_->remove(pack_index_key(each));
  }
}

// A pack that appears while packs are listed: the listing may show its index and not its data.
TEST_F(ChunkSessionTest, APackThatIsBeingWrittenIsNotShort) {
  class TornListing : public testing::MemoryBackend {
   public:
    std::vector<backend::ObjectEntry> list(std::string_view prefix) const override {
      std::vector<backend::ObjectEntry> found = MemoryBackend::list(prefix);
      if (listings_++ == 0)
        std::erase_if(found, [](const auto& each) { return each.key.ends_with(".data"); });
      return found;
    }

   private:
    mutable int listings_ = 0;
  };
  const auto backend = std::make_shared<TornListing>();
  const StoreMarker marker = make_store(*backend);
  ChunkStore store(backend, marker), other(backend, marker);
  Session session(store, bytes_stored_);
  session.put(text_);
  session.finish();
  other.refresh_for_writing();
  EXPECT_TRUE(other.short_packs()->empty());
  EXPECT_EQ(other.index().packs().size(), 1u);
}

TEST_F(ChunkSessionTest, DoesNotRelyOnAPackThatMayBeRemoved) {
  Session first(store_, bytes_stored_);
  const ChunkRef chunk = first.put(text_);
  first.finish();
  const PackId excluded = pack_of(chunk);
  store_.refresh_for_writing({excluded});
  EXPECT_EQ(store_.short_packs()->at(excluded).reason(excluded),
            pack_data_key(excluded) + " is about to be removed by a collection");
  for (int i = 0; i < 2; ++i) {
    Session second(store_, bytes_stored_);
    second.put(text_);
    second.finish();
    EXPECT_EQ(pack_count(), 2u) << "the second has it elsewhere, the third finds that";
    EXPECT_FALSE(second.session.packs_relied_on().contains(excluded));
  }
  // Another writer, whose look may be the older one, does not bring it back. Its end does.
  store_.refresh_for_writing();
  EXPECT_TRUE(store_.short_packs()->contains(excluded));
  backend_->remove(pack_index_key(excluded));
  store_.refresh_for_writing();
  EXPECT_TRUE(store_.short_packs()->empty());
}

TEST_F(ChunkSessionTest, APackTellsTheLeaseOfItsWriter) {
  const LeaseId lease{{std::byte{1}, std::byte{2}, std::byte{3}}};
  ChunkSession session(store_, bytes_stored_, {}, nullptr, lease);
  std::vector<std::unique_ptr<ChunkWriter>> writers;
  writers.push_back(std::make_unique<ChunkWriter>(session));
  const ChunkRef chunk = writers[0]->put(as_bytes(text_));
  session.finish(std::move(writers));
  EXPECT_EQ(lease_of(pack_of(chunk)), lease);
}

}  // namespace
}  // namespace grid::store
