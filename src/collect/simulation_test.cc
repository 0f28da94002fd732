// Writers, collectors and one who deletes share a store. Each is a thread, but one runs at a time:
// at each call to the store the seed decides who goes on. So calls interleave in every way, one who
// is not chosen for long has slept, and one who is killed is never chosen again. Requests are lost,
// or arrive when their senders have given them up; a listing comes in two pages.
#include <gtest/gtest.h>

#include <condition_variable>
#include <random>
#include <thread>

#include "collect/collection.h"
#include "dataset/datastore.h"
#include "dataset/publish.h"
#include "store/lease.h"
#include "tests/support/faulty_backend.h"
#include "tests/support/memory_backend.h"
#include "tests/support/small_tree.h"

namespace grid::collect {
namespace {

constexpr std::chrono::milliseconds no_pause{0};

struct Killed {};  // no Error, so that nothing handles it

// Lets its actors run in turns.
class Stage {
 public:
  explicit Stage(unsigned seed) : random_(seed) {}

  unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
  bool chance(unsigned per_mille) { return pick(1000) < per_mille; }

  void add(std::function<void()> act) { acts_.push_back(std::move(act)); }

  // Returns when all have ended.
  void run() {
    asleep_until_.assign(acts_.size(), 0);
    for (unsigned i = 0; i < acts_.size(); ++i) alive_.push_back(i);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < acts_.size(); ++i)
      threads.emplace_back([this, i] {
        wait_for_turn(i);
        try {
          acts_[i]();
        } catch (const Killed&) {
        }
        end(i);
      });
    {
      std::lock_guard lock(mutex_);
      choose();
    }
    changed_.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  // The actor who runs lets the seed choose who goes on.
  void turn() {
    if (alive_.empty()) return;  // before and after the play
    const unsigned self = current_;
    if (chance(20)) asleep_until_[self] = steps_ + pick(400);
    {
      std::lock_guard lock(mutex_);
      choose();
      if (current_ == self) return;
    }
    changed_.notify_all();
    wait_for_turn(self);
  }

 private:
  void choose() {  // mutex_ is held
    ++steps_;
    if (alive_.empty()) return;
    current_ = alive_[pick(static_cast<unsigned>(alive_.size()))];
    for (unsigned tries = 0; asleep_until_[current_] > steps_ && tries < 8; ++tries)
      current_ = alive_[pick(static_cast<unsigned>(alive_.size()))];
  }
  void wait_for_turn(unsigned i) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return started_by(i); });
  }
  bool started_by(unsigned i) const { return steps_ > 0 && current_ == i; }
  void end(unsigned i) {
    {
      std::lock_guard lock(mutex_);
      std::erase(alive_, i);
      choose();
    }
    changed_.notify_all();
  }

  std::mt19937 random_;  // of the one who runs, as is all below
  std::vector<std::function<void()>> acts_;
  std::vector<unsigned> alive_;
  std::vector<std::uint64_t> asleep_until_;
  std::uint64_t steps_ = 0;
  unsigned current_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
};

// The store itself, which sees at once if a ready version lacks a chunk.
class World : public testing::MemoryBackend {
 public:
  // What a version with this root needs; to be said before it is published.
  void note_tree(const Digest& root, std::set<Digest> chunks) { trees_[root] = std::move(chunks); }

  bool create(std::string_view key, BytesView data) override {
    if (!MemoryBackend::create(key, data)) return false;
    if (const auto pack = store::pack_of_index_key(key)) {
      std::set<Digest>& chunks = packs_[*pack];
      for (const store::PackEntry& entry : store::decode_pack_index(data, key).entries)
        chunks.insert(entry.digest);
    }
    if (const auto at = store::parse_record_key(key)) {
      if (at->kind == store::RecordKind::version)
        ready_[at->number] = dataset::decode_version_record(data, "cats", at->number);
      else
        ready_.erase(at->number);
      check();
    }
    return true;
  }
  bool remove(std::string_view key) override {
    const bool removed = MemoryBackend::remove(key);
    auto pack = store::pack_of_index_key(key);
    if (!pack) pack = store::pack_of_data_key(key);
    if (pack && packs_.erase(*pack) > 0) check();
    return removed;
  }

  // Empty if every ready version has all chunks.
  std::string first_hole() const {
    for (const auto& [number, record] : ready_)
      for (const Digest& chunk : trees_.at(record.root)) {
        const bool found = std::any_of(packs_.begin(), packs_.end(), [&](const auto& pack) {
          return pack.second.contains(chunk);
        });
        if (!found) return fmt::format("cats:{} lacks chunk {}", number, chunk.short_hex());
      }
    return {};
  }
  void check() const { EXPECT_EQ(first_hole(), ""); }

  std::size_t unneeded_packs() const {
    std::set<Digest> needed;
    for (const auto& [number, record] : ready_)
      needed.insert(trees_.at(record.root).begin(), trees_.at(record.root).end());
    return static_cast<std::size_t>(
        std::count_if(packs_.begin(), packs_.end(), [&](const auto& pack) {
          return std::none_of(pack.second.begin(), pack.second.end(),
                              [&](const Digest& chunk) { return needed.contains(chunk); });
        }));
  }
  bool has_published(const std::string& create_id) const {
    for (const std::string& name : list_names(store::versions_prefix("cats"))) {
      const auto number = store::parse_number(name).value();
      const Bytes record = *find(store::version_key("cats", number));
      if (dataset::decode_version_record(record, "cats", number).create_id == create_id)
        return true;
    }
    return false;
  }

 private:
  std::map<Digest, std::set<Digest>> trees_;
  std::map<store::PackId, std::set<Digest>> packs_;
  std::map<dataset::VersionNumber, dataset::VersionRecord> ready_;
};

// One actor's way to the store.
class Wire : public testing::FaultyBackend {
 public:
  Wire(std::shared_ptr<World> world, Stage& stage, std::vector<std::pair<std::string, Bytes>>& late)
      : FaultyBackend(world), world_(std::move(world)), stage_(stage), late_(late) {}

  bool create(std::string_view key, BytesView data) override {
    begin();
    switch (stage_.pick(60)) {
      case 0:  // the request is lost
        lose(key);
      case 1:  // the answer is lost
        world_->create(key, data);
        lose(key);
      case 2:  // given up before it arrives
        late_.emplace_back(std::string(key), Bytes(data.begin(), data.end()));
        lose(key);
      case 3:
        if (key.starts_with(store::datastores_prefix()))
          fail(ErrorKind::permission_denied, "the test refuses {}", key);
        break;
    }
    return world_->create(key, data);
  }
  std::optional<Bytes> find(std::string_view key) const override {
    begin();
    return world_->find(key);
  }
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override {
    begin();
    return world_->find_part(key, offset, out);
  }
  std::vector<backend::ObjectEntry> list(std::string_view prefix) const override {
    return in_two_pages<backend::ObjectEntry>([&] { return world_->list(prefix); },
                                              [](const auto& object) { return object.key; });
  }
  std::vector<std::string> list_names(std::string_view prefix) const override {
    return in_two_pages<std::string>([&] { return world_->list_names(prefix); },
                                     [](const std::string& name) { return name; });
  }
  bool remove(std::string_view key) override {
    begin();
    if (stage_.chance(20)) lose(key);
    return world_->remove(key);
  }

 private:
  void begin() const {
    stage_.turn();
    std::erase_if(late_, [&](const auto& put) {
      if (!stage_.chance(30)) return false;
      world_->create(put.first, put.second);
      return true;
    });
    if (stage_.chance(4)) throw Killed();
  }
  template <class Item, class List, class Key>
  std::vector<Item> in_two_pages(const List& list, const Key& key_of) const {
    begin();
    std::vector<Item> found = list();
    if (found.empty() || stage_.chance(500)) return found;
    const std::size_t end = stage_.pick(static_cast<unsigned>(found.size())) + 1;
    const std::string last = key_of(found[end - 1]);
    found.resize(end);
    begin();
    for (Item& item : list())
      if (key_of(item) > last) found.push_back(std::move(item));
    return found;
  }
  [[noreturn]] static void lose(std::string_view key) {
    fail(ErrorKind::unavailable, "the test lost the answer for {}", key);
  }

  const std::shared_ptr<World> world_;
  Stage& stage_;
  std::vector<std::pair<std::string, Bytes>>& late_;
};

class Simulation {
 public:
  explicit Simulation(unsigned seed) : stage_(seed) {}

  void run() {
    dataset::open_store(world_, {.make_if_absent = true});
    {
      const auto store = dataset::open_store(world_, {});
      for (int i = 0; i < 2; ++i) create(world_, *store);
    }
    for (int i = 0; i < 3; ++i) stage_.add([this] { write(); });
    for (int i = 0; i < 2; ++i) stage_.add([this] { collect_some(); });
    stage_.add([this] { delete_some(); });
    stage_.run();
    for (const auto& [key, object] : late_) world_->create(key, object);
    world_->check();
    // All have died now. What is garbage is freed by two runs.
    const auto store = dataset::open_store(world_, {});
    for (int i = 0; i < 2; ++i)
      collect(*store, {.is_still = [](const auto&, auto) { return true; }});
    world_->check();
    EXPECT_EQ(world_->unneeded_packs(), 0u);
    for (const std::string& id : refused_) EXPECT_FALSE(world_->has_published(id));
  }

  std::uint64_t published() const { return published_; }
  std::uint64_t removed() const { return removed_; }
  std::uint64_t rewritten() const { return rewritten_; }
  std::uint64_t closed() const { return closed_; }

 private:
  std::shared_ptr<Wire> wire() { return std::make_shared<Wire>(world_, stage_, late_); }

  void write() {
    for (int i = 0; i < 3; ++i) try {
        const std::shared_ptr<Wire> way = wire();
        const auto store = dataset::open_store(way, {});
        create(way, *store);
      } catch (const store::LeaseClosed&) {
        ++closed_;
      } catch (const Error& error) {
        EXPECT_TRUE(error.kind() == ErrorKind::unavailable ||
                    error.kind() == ErrorKind::permission_denied)
            << error.what();
      }
  }

  void create(const std::shared_ptr<backend::Backend>& backend, dataset::OpenStore& store) {
    store::Lease lease(*backend, "writer", no_pause);
    store.chunks->refresh_for_writing(lease.excluded());
    const dataset::DatastoreKeys listed = dataset::list_datastore_keys(*backend, "cats");
    std::optional<Digest> root;
    // As with a scan record: all of the parent, unread.
    if (stage_.chance(250) && store.chunks->short_packs()->empty())
      if (const auto newest = store.datastores->find_newest("cats", listed))
        root = newest->record.root;
    if (!root) root = lease.run([&] { return write_tree(store, lease); });
    if (stage_.chance(300)) lease.beat();
    if (stage_.chance(50)) return;  // interrupted
    publish(*backend, lease, *root, listed);
  }

  // A few of the chunks that there can be.
  Digest write_tree(dataset::OpenStore& store, const store::Lease& lease) {
    std::set<std::string> contents = {"chunk 0"};
    for (unsigned i = 1; i < 7; ++i)
      if (stage_.chance(400)) contents.insert("chunk " + std::to_string(i));
    testing::SmallTree tree = testing::write_small_tree(store, contents, lease.id());
    world_->note_tree(tree.root, std::move(tree.chunks));
    return tree.root;
  }

  void publish(backend::Backend& backend, store::Lease& lease, const Digest& root,
               const dataset::DatastoreKeys& listed) {
    dataset::VersionRecord record{.root = root, .created = "2026-11-22T21:54:45Z"};
    record.datastore = "cats";
    record.create_id = std::to_string(10'000'000 + ids_++);
    record.create_id.resize(dataset::create_id_size, '0');
    try {
      dataset::publish(backend, record,
                       {.highest_taken = listed.highest_taken,
                        .deleted = listed.tombstones,
                        .pause_first = no_pause,
                        .lease = &lease});
      ++published_;
      lease.end();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::permission_denied &&
          std::string_view(error.what()).find("it is not known") == std::string_view::npos)
        refused_.push_back(record.create_id);
      throw;
    }
  }

  void collect_some() {
    for (int i = 0; i < 4; ++i) try {
        const auto store = dataset::open_store(wire(), {});
        const unsigned impatience = stage_.pick(600);
        const CollectReport report = collect(
            *store, {.is_still = [&](const auto&, auto) { return stage_.chance(impatience); },
                     .rewrite_percent_max = stage_.chance(700) ? 90u : 0u,
                     .holder = "gc",
                     .pause_first = no_pause});
        removed_ += report.packs_removed;
        rewritten_ += report.packs_rewritten;
      } catch (const Error& error) {
        EXPECT_TRUE(error.kind() == ErrorKind::unavailable ||
                    error.kind() == ErrorKind::permission_denied)
            << error.what();
      }
  }

  void delete_some() {
    for (int i = 0; i < 5; ++i) try {
        const std::shared_ptr<Wire> way = wire();
        dataset::Datastores datastores(way, no_pause);
        const auto ready = datastores.ready_numbers("cats");
        if (ready.empty()) continue;
        datastores.remove("cats", ready[stage_.pick(static_cast<unsigned>(ready.size()))]);
      } catch (const Error&) {
      }
  }

  Stage stage_;
  const std::shared_ptr<World> world_ = std::make_shared<World>();
  std::vector<std::pair<std::string, Bytes>> late_;
  std::vector<std::string> refused_;
  std::uint64_t published_ = 0, removed_ = 0, rewritten_ = 0, closed_ = 0, ids_ = 0;
};

void simulate(unsigned seed_first, unsigned seed_end) {
  std::uint64_t published = 0, removed = 0, rewritten = 0, closed = 0;
  for (unsigned seed = seed_first; seed < seed_end; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation simulation(seed);
    simulation.run();
    published += simulation.published();
    removed += simulation.removed();
    rewritten += simulation.rewritten();
    closed += simulation.closed();
    if (::testing::Test::HasFailure()) return;
  }
  // Or nothing of interest has happened.
  EXPECT_GT(published, seed_end - seed_first);
  EXPECT_GT(removed, (seed_end - seed_first) / 4);
  EXPECT_GT(rewritten, (seed_end - seed_first) / 20);
  EXPECT_GT(closed, (seed_end - seed_first) / 20);
}

TEST(CollectionSimulation, LosesNothingWhileOthersWrite) { simulate(0, 200); }

// tests/CMakeLists.txt runs it with the slow tests.
TEST(CollectionSimulation, DISABLED_LosesNothingIn10000Seeds) { simulate(1'000, 11'000); }

}  // namespace
}  // namespace grid::collect
