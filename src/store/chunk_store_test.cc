#include "store/chunk_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <semaphore>
#include <thread>

#include "backend/local.h"
#include "base/error.h"
#include "store/chunk_session.h"
#include "store/layout.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/memory_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"

namespace grid::store {
namespace {

class ChunkStoreTest : public ::testing::Test {
 protected:
  // Stores the texts in one session with one writer.
  std::vector<ChunkRef> put(ChunkStore& store, const std::vector<std::string>& texts) {
    ChunkSession session(store, bytes_stored_);
    std::vector<std::unique_ptr<ChunkWriter>> writers;
    writers.push_back(std::make_unique<ChunkWriter>(session));
    std::vector<ChunkRef> refs;
    for (const std::string& text : texts) refs.push_back(writers[0]->put(as_bytes(text)));
    session.finish(std::move(writers));
    return refs;
  }
  std::string read(const ChunkStore& store, std::span<const ChunkRef> refs) {
    std::size_t size = 0;
    for (const ChunkRef& ref : refs) size += ref.size;
    Bytes out(size);
    store.read_chunks(refs, out);
    return std::string(as_text(out));
  }
  std::size_t pack_count() const { return backend_->list_names(packs_prefix()).size() / 2; }

  std::vector<std::string> texts_ = {std::string(50000, 'a'), testing::random_bytes(30000, 1),
                                     testing::random_bytes(30000, 2), "small",
                                     testing::random_bytes(5, 3)};
  std::shared_ptr<backend::Backend> backend_ = std::make_shared<testing::MemoryBackend>();
  StoreMarker marker_ = make_store(*backend_);
  std::atomic<std::uint64_t> bytes_stored_ = 0;
};

TEST_F(ChunkStoreTest, ReadsWhatWasPutInAnyOrder) {
  ChunkStore store(backend_, marker_);
  std::vector<ChunkRef> refs = put(store, texts_);
  EXPECT_EQ(read(store, refs), texts_[0] + texts_[1] + texts_[2] + texts_[3] + texts_[4]);
  std::vector<ChunkRef> other = {refs[2], refs[4], refs[0], refs[2]};
  EXPECT_EQ(read(store, other), texts_[2] + texts_[4] + texts_[0] + texts_[2]);
  EXPECT_EQ(as_text(store.read_chunk(refs[1].digest)), texts_[1]);
}

TEST_F(ChunkStoreTest, StoresEachChunkOnce) {
  ChunkStore store(backend_, marker_);
  put(store, texts_);
  std::uint64_t stored = bytes_stored_;
  put(store, texts_);
  EXPECT_EQ(bytes_stored_, stored);
  EXPECT_EQ(pack_count(), 1u);
}

TEST_F(ChunkStoreTest, AnotherOpenStoreFindsTheChunksByItself) {
  ChunkStore one(backend_, marker_), other(backend_, marker_);
  std::vector<ChunkRef> refs = put(one, texts_);
  EXPECT_EQ(read(other, refs), read(one, refs));
}

// Answers the first two reads of pack indexes only when both have been requested.
class DistantBackend : public testing::MemoryBackend {
 public:
  bool remote() const override { return true; }
  std::optional<Bytes> find(std::string_view key) const override {
    if (key.ends_with(".index")) both_.arrive_and_wait();
    return MemoryBackend::find(key);
  }

 private:
  mutable std::barrier<> both_{2};
};

TEST_F(ChunkStoreTest, ReadsIndexesFromAServerSideBySide) {
  backend_ = std::make_shared<DistantBackend>();
  marker_ = make_store(*backend_);
  ChunkStore one(backend_, marker_), other(backend_, marker_);
  std::vector<ChunkRef> refs = put(one, {texts_[0]});
  refs.push_back(put(one, {texts_[1]})[0]);
  EXPECT_TRUE(other.refresh());
  EXPECT_EQ(read(other, refs), texts_[0] + texts_[1]);
  EXPECT_FALSE(other.refresh());
}

TEST_F(ChunkStoreTest, ManyWritersStoreAChunkOnceAndFewPacks) {
  ChunkStore store(backend_, marker_);
  ChunkSession session(store, bytes_stored_);
  std::vector<std::unique_ptr<ChunkWriter>> writers;
  for (int i = 0; i < 4; ++i) writers.push_back(std::make_unique<ChunkWriter>(session));
  {
    std::vector<std::jthread> threads;
    for (auto& writer : writers)
      threads.emplace_back([&writer = *writer] {
        for (std::uint64_t i = 0; i < 500; ++i)
          writer.put(as_bytes(testing::random_bytes(2000, i)));
      });
  }
  session.finish(std::move(writers));
  EXPECT_EQ(pack_count(), 1u);
  EXPECT_LT(bytes_stored_, 500u * 2000 + 500 * 60);
  for (std::uint64_t i = 0; i < 500; ++i) {
    std::string text = testing::random_bytes(2000, i);
    EXPECT_EQ(as_text(store.read_chunk(digest_of(as_bytes(text)))), text);
  }
}

// A killed process loses little with its open pack, compared to what it has done.
TEST_F(ChunkStoreTest, TheFirstPacksOfAWriterAreSmall) {
  ChunkStore store(backend_, marker_);
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < 90; ++i) texts.push_back(testing::random_bytes(1 << 20, i));
  std::vector<ChunkRef> refs = put(store, texts);
  EXPECT_GE(pack_count(), 90u / 24 + 1);
  EXPECT_EQ(read(store, std::span(refs).subspan(30, 4)),
            texts[30] + texts[31] + texts[32] + texts[33]);
}

TEST_F(ChunkStoreTest, LaterPacksEndAtTheirTargetSize) {
  ChunkStore store(backend_, marker_);
  std::vector<std::string> texts(1100, testing::random_bytes(1 << 20, 0));
  for (std::uint64_t i = 1; i <= 70; ++i) texts.push_back(testing::random_bytes(1 << 20, i));
  std::vector<ChunkRef> refs = put(store, texts);
  std::uint64_t largest = 0;
  for (const backend::ObjectEntry& object : backend_->list(packs_prefix()))
    largest = std::max(largest, object.size);
  EXPECT_GE(largest, pack_size_target);
  EXPECT_LT(largest, pack_size_target + (2 << 20));
}

// A store that was restored from a copy is older than a machine's tables of it.
TEST_F(ChunkStoreTest, DropsTablesThatKnowMoreThanTheStore) {
  testing::TemporaryFolder cache;
  ChunkStoreOptions options{.cache_folder = cache.path()};
  std::vector<ChunkRef> refs;
  {
    ChunkStore store(backend_, marker_, options);
    put(store, {texts_[0]});
    refs = put(store, {texts_[1]});
  }
  std::string lost;
  {
    ChunkStore store(backend_, marker_, options);
    lost = store.index().find(refs[0].digest).value().pack.hex();
  }
  backend_->remove(packs_prefix() + lost + ".data");
  backend_->remove(packs_prefix() + lost + ".index");

  ChunkStore store(backend_, marker_, options);
  EXPECT_THROW(read(store, refs), Error);
  store.refresh();
  EXPECT_EQ(read(store, put(store, {texts_[0], texts_[1]})), texts_[0] + texts_[1]);
  EXPECT_EQ(read(ChunkStore(backend_, marker_), refs), texts_[1]);
}

// Flips a byte in the middle of an object.
void damage(backend::Backend& backend, const std::string& key) {
  Bytes bytes = backend.find(key).value();
  bytes[bytes.size() / 2] ^= std::byte{1};
  backend.remove(key);
  backend.create(key, bytes);
}

// Two writers that did not know of each other have both stored the chunks.
TEST_F(ChunkStoreTest, ReadsAChunkFromAnotherPackIfOneIsDamaged) {
  std::vector<ChunkRef> refs;
  {
    ChunkStore one(backend_, marker_), other(backend_, marker_);
    refs = put(one, {texts_[1], texts_[2]});
    put(other, {texts_[2], texts_[1]});
  }
  ASSERT_EQ(pack_count(), 2u);
  const auto objects = backend_->list(packs_prefix());
  const std::string first = objects[0].key, second = objects[2].key;
  const Bytes whole = backend_->find(first).value();
  testing::TemporaryFolder cache;
  const auto expect_readable = [&] {
    for (const ChunkStoreOptions& options :
         {ChunkStoreOptions{}, ChunkStoreOptions{.cache_folder = cache.path()},
          ChunkStoreOptions{.cache_folder = cache.path()}}) {
      ChunkStore store(backend_, marker_, options);
      EXPECT_EQ(read(store, refs), texts_[1] + texts_[2]);
      EXPECT_EQ(as_text(store.read_chunk(refs[0].digest)), texts_[1]);
      EXPECT_EQ(read(store, refs), texts_[1] + texts_[2]);
    }
  };
  damage(*backend_, first);
  expect_readable();
  backend_->remove(first);
  expect_readable();
  backend_->create(first, whole);
  damage(*backend_, second);
  expect_readable();
  backend_->remove(first);
  ChunkStore store(backend_, marker_);
  EXPECT_THROW(read(store, refs), Error);
}

// As after a power cut: the tables were never synced.
TEST_F(ChunkStoreTest, MakesDamagedTablesAgainBeforeItCallsAnythingDamaged) {
  testing::TemporaryFolder cache;
  const ChunkStoreOptions options{.cache_folder = cache.path()};
  std::vector<ChunkRef> refs;
  {
    ChunkStore store(backend_, marker_, options);
    refs = put(store, texts_);
  }
  const auto tables = [&] {
    std::vector<std::filesystem::path> found;
    for (const auto& file : std::filesystem::recursive_directory_iterator(cache.path()))
      if (file.path().extension() == ".table") found.push_back(file.path());
    return found;
  };
  const std::string all = texts_[0] + texts_[1] + texts_[2] + texts_[3] + texts_[4];
  ASSERT_EQ(tables().size(), 1u);
  const std::string whole = testing::read_file(tables()[0]);
  for (std::size_t begin : {std::size_t{0}, sizeof(TableLayout::Header), whole.size() / 2})
    for (char filling : {'\0', 'x'}) {
      std::string bytes = whole;
      std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(begin), bytes.end(), filling);
      testing::write_file(tables()[0], bytes);
      EXPECT_EQ(read(ChunkStore(backend_, marker_, options), refs), all) << begin;
      EXPECT_EQ(as_text(ChunkStore(backend_, marker_, options).read_chunk(refs[0].digest)),
                texts_[0]);
      ASSERT_EQ(tables().size(), 1u) << begin;
    }
  testing::write_file(tables()[0], whole.substr(0, whole.size() / 2));
  EXPECT_EQ(read(ChunkStore(backend_, marker_, options), refs), all);
  const std::filesystem::path table = tables()[0];
  std::filesystem::remove(table);
  std::filesystem::create_directories(table / "below");
  EXPECT_EQ(read(ChunkStore(backend_, marker_, options), refs), all);
}

// What the damaged table has must not get into a sound one.
TEST_F(ChunkStoreTest, DoesNotMergeADamagedTable) {
  testing::TemporaryFolder cache;
  const ChunkStoreOptions options{.cache_folder = cache.path()};
  std::vector<ChunkRef> refs;
  {
    ChunkStore store(backend_, marker_, options);
    refs = put(store, {texts_[0], texts_[1]});
  }
  for (const auto& file : std::filesystem::recursive_directory_iterator(cache.path()))
    if (file.path().extension() == ".table") {
      std::string bytes = testing::read_file(file.path());
      std::fill(bytes.end() - 56, bytes.end(), '\0');
      testing::write_file(file.path(), bytes);
    }
  {
    ChunkStore store(backend_, marker_, options);
    refs.push_back(put(store, {texts_[2]})[0]);
  }
  EXPECT_EQ(read(ChunkStore(backend_, marker_, options), refs), texts_[0] + texts_[1] + texts_[2]);
}

TEST(ChunkStore, AFolderInAnIndexsPlaceIsNoPack) {
  testing::TemporaryFolder folder;
  auto backend = std::make_shared<backend::LocalBackend>(folder / "store");
  const StoreMarker marker = make_store(*backend);
  std::filesystem::create_directories(folder / "store/packs" / (std::string(32, 'a') + ".index"));
  testing::write_file(folder / "store/packs" / (std::string(32, 'b') + ".index") / "c", "d");
  testing::write_file(folder / "store/packs/notes", "mine");
  ChunkStore store(backend, marker);
  std::atomic<std::uint64_t> stored = 0;
  ChunkSession session(store, stored);
  std::vector<std::unique_ptr<ChunkWriter>> writers;
  writers.push_back(std::make_unique<ChunkWriter>(session));
  const ChunkRef ref = writers[0]->put(as_bytes("text"));
  session.finish(std::move(writers));
  EXPECT_EQ(as_text(ChunkStore(backend, marker).read_chunk(ref.digest)), "text");
}

TEST_F(ChunkStoreTest, AMissingChunkIsCorruptAndNamed) {
  ChunkStore store(backend_, marker_);
  ChunkRef ref{digest_of(as_bytes("never stored")), 12};
  try {
    read(store, std::span(&ref, 1));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    EXPECT_NE(std::string(error.what()).find(ref.digest.short_hex()), std::string::npos);
  }
}

TEST_F(ChunkStoreTest, AWrongSizeIsCorrupt) {
  ChunkStore store(backend_, marker_);
  ChunkRef ref = put(store, {"12345"})[0];
  ref.size = 4;
  EXPECT_THROW(read(store, std::span(&ref, 1)), Error);
}

// Tells when expect_reads() is called.
class ExpectingBackend : public testing::MemoryBackend {
 public:
  void expect_reads(std::string_view, std::uint64_t, std::uint64_t) const override {
    expected_.release();
  }
  bool was_told() const { return expected_.try_acquire_for(std::chrono::seconds(10)); }

 private:
  mutable std::counting_semaphore<> expected_{0};
};

TEST(ChunkStore, ReadingMuchOfAPackReadsItAhead) {
  auto backend = std::make_shared<ExpectingBackend>();
  StoreMarker marker = make_store(*backend);
  ChunkStore store(backend, marker, {.read_ahead = ReadAhead{}});
  std::atomic<std::uint64_t> stored = 0;
  ChunkSession session(store, stored);
  std::vector<std::unique_ptr<ChunkWriter>> writers;
  writers.push_back(std::make_unique<ChunkWriter>(session));
  ChunkRef ref = writers[0]->put(as_bytes(testing::random_bytes(60'000, 1)));
  session.finish(std::move(writers));
  Bytes out(ref.size);
  for (int i = 0; i < 100; ++i) store.read_chunks(std::span(&ref, 1), out);
  EXPECT_TRUE(backend->was_told());
}

TEST(ChunkStore, ADamagedByteNeverComesBackAsData) {
  testing::TemporaryFolder folder;
  auto backend = std::make_shared<backend::LocalBackend>(folder / "store");
  StoreMarker marker = make_store(*backend);
  std::atomic<std::uint64_t> stored = 0;
  std::string text = std::string(20000, 'a') + testing::random_bytes(100, 1);
  std::string noise = testing::random_bytes(20000, 2);
  std::vector<ChunkRef> refs;
  {
    ChunkStore store(backend, marker);
    ChunkSession session(store, stored);
    std::vector<std::unique_ptr<ChunkWriter>> writers;
    writers.push_back(std::make_unique<ChunkWriter>(session));
    refs.push_back(writers[0]->put(as_bytes(text)));
    writers[0]->close_frame();
    refs.push_back(writers[0]->put(as_bytes(noise)));
    session.finish(std::move(writers));
  }
  std::filesystem::path pack;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "store" / "packs"))
    if (entry.path().extension() == ".data") pack = entry.path();
  std::string bytes = testing::read_file(pack);
  for (std::size_t i = 0; i < bytes.size(); i += 13) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x04);
    std::filesystem::remove(pack);
    testing::write_file(pack, damaged);
    ChunkStore store(std::make_shared<backend::LocalBackend>(folder / "store"), marker);
    std::size_t failures = 0;
    for (const ChunkRef& ref : refs) {
      Bytes out(ref.size);
      try {
        store.read_chunks(std::span(&ref, 1), out);
        EXPECT_EQ(digest_of(out), ref.digest) << i;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupt);
        ++failures;
      }
    }
    EXPECT_LE(failures, 1u) << i;
  }
}

TEST(Marker, AFolderWithOtherThingsIsNotAStore) {
  testing::MemoryBackend backend;
  backend.create("letters/mother", as_bytes("dear"));
  EXPECT_THROW(find_marker(backend), Error);
  EXPECT_THROW(make_store(backend), Error);
}

TEST(Marker, MakingAStoreTwiceKeepsItsIdentity) {
  testing::MemoryBackend backend;
  EXPECT_FALSE(find_marker(backend));
  StoreMarker made = make_store(backend);
  EXPECT_EQ(make_store(backend).store_id, made.store_id);
  EXPECT_EQ(find_marker(backend)->store_id, made.store_id);
}

TEST(Marker, OnlyAStoresIdNamesPaths) {
  for (const char* id : {"/tmp/0123456789abcdef0123456789a", "0123456789ABCDEF0123456789abcdef",
                         "../../../../../../../../../../x", "0123", ""}) {
    testing::MemoryBackend backend;
    backend.create(marker_key(), as_bytes(fmt::format(
                                     R"({{"grid": "store", "format": 1, "store_id": "{}"}})", id)));
    EXPECT_THROW(find_marker(backend), Error) << id;
  }
}

TEST(Marker, OfAnEarlierVersionIsReadAndNoFlippedBitOfANewOnePasses) {
  const std::string id(32, 'a');
  testing::MemoryBackend old, made;
  old.create(marker_key(),
             as_bytes(R"({"format": 1, "grid": "store", "store_id": ")" + id + "\"}\n"));
  EXPECT_EQ(find_marker(old)->store_id, id);
  make_store(made);
  const Bytes marker = *made.find(marker_key());
  for (std::size_t bit = 0; bit < 8 * marker.size(); ++bit) {
    Bytes flipped = marker;
    flipped[bit / 8] ^= std::byte{1} << bit % 8;
    testing::MemoryBackend backend;
    backend.create(marker_key(), flipped);
    EXPECT_THROW(find_marker(backend), Error) << as_text(flipped);
  }
}

TEST(Marker, ACacheKeyIsOfALocationAndAnId) {
  class Place : public testing::MemoryBackend {
   public:
    explicit Place(std::string place) : place_(std::move(place)) {}
    std::string location() const override { return place_; }

   private:
    const std::string place_;
  };
  const StoreMarker a{.store_id = std::string(32, 'a')}, b{.store_id = std::string(32, 'b')};
  const std::string key = cache_key(a, Place("here"));
  EXPECT_TRUE(is_store_id(key));
  EXPECT_EQ(cache_key(a, Place("here")), key);
  EXPECT_NE(cache_key(b, Place("here")), key);
  EXPECT_NE(cache_key(a, Place("there")), key);
}

TEST(Marker, ANewerFormatIsRefusedByName) {
  testing::MemoryBackend backend;
  backend.create(marker_key(), as_bytes("{\"grid\": \"store\", \"format\": 3}"));
  try {
    find_marker(backend);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_NE(std::string(error.what()).find("format 3"), std::string::npos);
  }
}

TEST(Marker, AnUpgradeCanBeBrokenOffAnywhere) {
  const std::string id(32, 'a');
  const std::string old = "{\"grid\": \"store\", \"format\": 1, \"store_id\": \"" + id + "\"}";
  for (unsigned call = 1;; ++call) {
    const auto store = std::make_shared<testing::MemoryBackend>();
    store->create(marker_key(), as_bytes(old));
    EXPECT_EQ(find_marker(*store)->format, 1u);
    testing::FaultyBackend faulty(store);
    faulty.fail_call(call);
    bool is_broken_off = false;
    try {
      upgrade_store(faulty);
    } catch (const Error&) {
      is_broken_off = true;
    }
    EXPECT_EQ(find_marker(*store)->store_id, id) << call;
    EXPECT_EQ(upgrade_store(*store).format, store_format);
    EXPECT_EQ(store->list_names(""), std::vector<std::string>{marker_key()});
    if (!is_broken_off) break;
  }
}

}  // namespace
}  // namespace grid::store
