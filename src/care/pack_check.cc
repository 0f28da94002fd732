#include "care/pack_check.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <thread>

#include "backend/outage.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "care/kept_trees.h"
#include "create/create.h"
#include "store/codec.h"

namespace grid::care {

using store::PackEntry;
using store::PackId;

namespace {

constexpr std::uint64_t part_size = 4 << 20;  // bytes of a pack that are read at a time
constexpr unsigned local_threads_max = 4, remote_threads = 12;
// Networks cause damage that their checksums miss: what arrives damaged is requested again.
constexpr unsigned remote_tries_max = 4;

struct CheckedPack {
  std::vector<PackEntry> good;
  std::uint64_t chunks = 0, bytes = 0;
  std::optional<PackFault> fault;
};

// A frame is one or more entries side by side; a raw chunk is a frame of its own.
std::size_t frame_length(std::span<const PackEntry> entries) {
  std::size_t count = 1;
  while (count < entries.size() && !entries[0].place.raw() &&
         entries[count].place.frame_offset == entries[0].place.frame_offset)
    ++count;
  return count;
}

std::uint64_t end_of_frame(const PackEntry& entry) {
  return entry.place.frame_offset + std::uint64_t{entry.place.frame_stored_size};
}

// Checks one pack. Its thread has it to itself.
class PackCheck {
 public:
  PackCheck(const backend::Backend& backend, const PackId& pack,
            std::optional<std::uint64_t> data_size, Salvage salvage, KeptTrees* trees,
            VerifyProgress& progress)
      : backend_(backend),
        pack_(pack),
        data_key_(store::pack_data_key(pack)),
        data_size_(data_size),
        salvage_(salvage),
        trees_(trees),
        progress_(progress) {}

  CheckedPack run();
  // The same with an index that is not in the store.
  CheckedPack run_with(const store::PackIndex& index) {
    run(index);
    return std::move(checked_);
  }

 private:
  void run(const store::PackIndex& index);
  std::optional<store::PackIndex> find_index();
  std::string problem_of_length(std::uint64_t size_in_index);
  void check_data(std::span<const PackEntry> entries);
  void check_part(std::span<const PackEntry> entries);
  bool read_part(std::span<const PackEntry> entries);
  // The digests of what lies at these places, as far as something does.
  using Found = std::vector<std::optional<Digest>>;
  void check_bytes(std::span<const PackEntry> entries, BytesView bytes, Found& found);
  unsigned tries_max() const { return backend_.remote() ? remote_tries_max : 1; }

  const backend::Backend& backend_;
  const PackId pack_;
  const std::string data_key_;
  const std::optional<std::uint64_t> data_size_;  // as listed
  const Salvage salvage_;
  KeptTrees* const trees_;
  VerifyProgress& progress_;
  bool missing_ = false;  // the data object
  CheckedPack checked_;
  std::vector<PackEntry> bad_;
  std::string unreadable_;  // why a part could not be read
  Bytes part_, frame_;
};

std::optional<store::PackIndex> PackCheck::find_index() {
  const std::string key = store::pack_index_key(pack_);
  std::optional<Bytes> object;
  for (unsigned tries = 1;; ++tries) {
    try {
      object = backend_.find(key);
      if (!object) return std::nullopt;  // removed after it was listed
      return store::decode_pack_index(*object, key);
    } catch (const Error& error) {
      if (is_outage(backend_, error)) throw;
      if (error.kind() == ErrorKind::corrupt && tries < tries_max()) continue;
      checked_.fault = PackFault{.pack = pack_, .reason = error.what(), .index_is_readable = false};
      return object && salvage_ == Salvage::yes ? store::salvage_pack_index(*object) : std::nullopt;
    }
  }
}

// Empty if the data object ends where the index says. Where the listing did not show it, asks.
std::string PackCheck::problem_of_length(std::uint64_t size_in_index) {
  std::optional<std::uint64_t> size = data_size_;
  if (!size) {
    std::byte behind;
    const std::optional<std::size_t> got =
        backend_.find_part(data_key_, size_in_index, MutableBytesView(&behind, 1));
    missing_ = !got;
    if (missing_) return data_key_ + " is missing";
    if (*got == 0) return {};
    return fmt::format("{} is longer than the {} bytes that its index says", data_key_,
                       size_in_index);
  }
  if (*size == size_in_index) return {};
  return fmt::format("{} has {} bytes, and its index says {}", data_key_, *size, size_in_index);
}

CheckedPack PackCheck::run() {
  const std::optional<store::PackIndex> index = find_index();
  if (!index) return std::move(checked_);
  run(*index);
  // The pack may have been removed meanwhile.
  if (checked_.fault && !backend_.find(store::pack_index_key(pack_))) return {};
  return std::move(checked_);
}

void PackCheck::run(const store::PackIndex& index) {
  checked_.chunks = index.entries.size();
  checked_.bytes = index.data_size;
  std::string problem;
  try {
    problem = problem_of_length(index.data_size);
  } catch (const Error& error) {
    if (is_outage(backend_, error)) throw;
    problem = error.what();
  }
  if (missing_)
    bad_ = index.entries;
  else
    check_data(index.entries);
  if (problem.empty() && !bad_.empty())
    problem = !unreadable_.empty() ? unreadable_
                                   : fmt::format("{}: {} of {} chunks are damaged", data_key_,
                                                 bad_.size(), index.entries.size());
  if (checked_.fault) {  // the index is damaged
    checked_.fault->good = checked_.good;
    checked_.fault->bad = std::move(bad_);
    return;
  }
  if (problem.empty()) return;
  checked_.fault =
      PackFault{.pack = pack_, .reason = problem, .good = checked_.good, .bad = std::move(bad_)};
}

void PackCheck::check_data(std::span<const PackEntry> entries) {
  while (!entries.empty()) {
    if (progress_.stop != nullptr && *progress_.stop) throw create::Interrupted();
    const std::uint64_t begin = entries[0].place.frame_offset;
    std::size_t count = 0;
    do {
      count += frame_length(entries.subspan(count));
    } while (count < entries.size() && end_of_frame(entries[count]) - begin <= part_size);
    check_part(entries.first(count));
    progress_.bytes_done += end_of_frame(entries[count - 1]) - begin;
    entries = entries.subspan(count);
  }
}

// Reads the frames of these entries into part_, as far as the object goes; false if there is none.
bool PackCheck::read_part(std::span<const PackEntry> entries) {
  const std::uint64_t begin = entries[0].place.frame_offset;
  part_.resize(end_of_frame(entries.back()) - begin);
  const std::optional<std::size_t> got = backend_.find_part(data_key_, begin, part_);
  part_.resize(got.value_or(0));
  return got.has_value();
}

void PackCheck::check_part(std::span<const PackEntry> entries) {
  Found found(entries.size());
  const auto is_sound = [&](std::size_t i) { return found[i] == entries[i].digest; };
  const auto all_sound = [&] {
    for (std::size_t i = 0; i < entries.size(); ++i)
      if (!is_sound(i)) return false;
    return true;
  };
  try {
    for (unsigned tries = 0; tries < tries_max() && !all_sound(); ++tries)
      if (read_part(entries)) check_bytes(entries, part_, found);
  } catch (const Error& error) {
    if (is_outage(backend_, error)) throw;
    // A bad sector, say: what lies around it can be read.
    if (frame_length(entries) < entries.size()) {
      for (std::size_t at = 0, count; at < entries.size(); at += count) {
        count = frame_length(entries.subspan(at));
        check_part(entries.subspan(at, count));
      }
      return;
    }
    unreadable_ = error.what();
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (is_sound(i))
      checked_.good.push_back(entries[i]);
    else if (checked_.fault && found[i])  // a damaged index: the bytes are right by definition
      checked_.good.push_back({*found[i], entries[i].place});
    else
      bad_.push_back(entries[i]);
  }
}

void PackCheck::check_bytes(std::span<const PackEntry> entries, BytesView bytes, Found& found) {
  const std::uint64_t begin = entries[0].place.frame_offset;
  std::vector<BytesView> pieces;
  std::vector<Digest> digests;
  std::vector<std::size_t> places;  // of the pieces, in `entries`
  const auto digest_pieces = [&] {
    digests.resize(pieces.size());
    digest_all(pieces, digests);
    for (std::size_t i = 0; i < pieces.size(); ++i)
      if (found[places[i]] != entries[places[i]].digest) found[places[i]] = digests[i];
    pieces.clear();
    places.clear();
  };
  for (std::size_t at = 0, count; at < entries.size(); at += count) {
    count = frame_length(entries.subspan(at));
    const store::Placement& frame = entries[at].place;
    if (end_of_frame(entries[at]) - begin > bytes.size()) break;  // the object ends before
    const BytesView stored = bytes.subspan(frame.frame_offset - begin, frame.frame_stored_size);
    if (frame.raw()) {
      pieces.push_back(stored);
      places.push_back(at);
      if (trees_ != nullptr && KeptTrees::may_be_tree(stored))
        trees_->keep(data_key_, frame.frame_offset, stored);
      continue;
    }
    digest_pieces();  // frame_ is about to change
    frame_.resize(frame.frame_size);
    if (!store::decompress(stored, frame_)) continue;
    for (std::size_t i = at; i < at + count; ++i) {
      pieces.push_back(
          BytesView(frame_).subspan(entries[i].place.offset_in_frame, entries[i].place.size));
      places.push_back(i);
    }
    if (trees_ != nullptr && std::any_of(pieces.begin(), pieces.end(), KeptTrees::may_be_tree))
      trees_->keep(data_key_, frame.frame_offset, stored);
  }
  digest_pieces();
}

// `key` ends in '/'. A pack without an index does not exist: if it has data, that is a loss.
void name_no_object(std::string key, const ListedPacks& listed, CheckedPacks& packs) {
  key.pop_back();
  const std::string what = key + " is a folder, a pipe or a link to nothing";
  const std::optional<PackId> pack = store::pack_of_index_key(key);
  if (pack && listed.data_size.contains(*pack))
    packs.faults.push_back({.pack = *pack,
                            .reason = what + ", so its pack cannot be read: remove it",
                            .index_is_readable = false,
                            .good = {},
                            .bad = {}});
  else
    packs.foreign.push_back(what + ", which is not part of the store");
}

}  // namespace

ListedPacks list_packs(const backend::Backend& backend, CheckedPacks& packs) {
  ListedPacks listed;
  std::set<std::string> names;
  for (const backend::ObjectEntry& object : backend.list(store::packs_prefix())) {
    names.insert(object.key.substr(store::packs_prefix().size()));
    if (const std::optional<PackId> pack = store::pack_of_index_key(object.key))
      listed.packs.push_back(*pack);
    else if (const std::optional<PackId> of_data = store::pack_of_data_key(object.key))
      listed.data_size[*of_data] = object.size;
    else
      packs.foreign.push_back(object.key + " is not part of the store");
  }
  // A server has no folders but those of objects, and those are none of the store's.
  for (const std::string& name :
       backend.remote() ? std::vector<std::string>() : backend.list_names(store::packs_prefix()))
    if (!names.contains(name)) name_no_object(store::packs_prefix() + name, listed, packs);
  std::set<PackId> indexed(listed.packs.begin(), listed.packs.end());
  for (const auto& [pack, size] : listed.data_size)
    if (!indexed.contains(pack)) {
      ++packs.unindexed_packs;
      packs.unindexed_bytes += size;
    }
  return listed;
}

CheckedPacks check_packs(const dataset::OpenStore& store, Salvage salvage, KeptTrees* trees,
                         VerifyProgress& progress) {
  CheckedPacks checked;
  const ListedPacks listed = list_packs(*store.backend, checked);
  check_some_packs(store, listed, listed.packs, salvage, trees, progress, checked);
  return checked;
}

void check_some_packs(const dataset::OpenStore& store, const ListedPacks& listed,
                      const std::vector<PackId>& packs, Salvage salvage, KeptTrees* trees,
                      VerifyProgress& progress, CheckedPacks& checked) {
  const backend::Backend& backend = *store.backend;
  const auto size_of = [&](const PackId& pack) -> std::optional<std::uint64_t> {
    const auto at = listed.data_size.find(pack);
    return at == listed.data_size.end() ? std::nullopt : std::optional(at->second);
  };
  for (const PackId& pack : packs) progress.bytes_total += size_of(pack).value_or(0);
  const unsigned threads =
      backend.remote() ? remote_threads
                       : std::clamp(std::thread::hardware_concurrency(), 1u, local_threads_max);
  std::deque<std::future<CheckedPack>> coming;
  ThreadPool pool(threads);
  std::size_t begun = 0;
  for (const PackId& pack : packs) {
    for (; begun < packs.size() && coming.size() < 2 * threads; ++begun)
      coming.push_back(pool.submit([&, next = packs[begun]] {
        return PackCheck(backend, next, size_of(next), salvage, trees, progress).run();
      }));
    CheckedPack found = coming.front().get();
    coming.pop_front();
    checked.chunks += found.chunks;
    checked.bytes += found.bytes;
    // A damaged pack is made known too: a reader that misses a chunk need not look at it again.
    store.chunks->index().add_pack(pack, found.good);
    if (!found.fault) continue;
    for (const PackEntry& entry : found.fault->bad)
      checked.damaged.emplace(entry.digest, checked.faults.size());
    checked.faults.push_back(std::move(*found.fault));
  }
  store.chunks->index().flush();
}

std::optional<PackFault> find_fault(const backend::Backend& backend, const PackId& pack) {
  VerifyProgress unseen;
  return PackCheck(backend, pack, std::nullopt, Salvage::no, nullptr, unseen).run().fault;
}

std::optional<PackFault> find_fault(const backend::Backend& backend, const PackId& pack,
                                    const store::PackIndex& index) {
  VerifyProgress unseen;
  return PackCheck(backend, pack, std::nullopt, Salvage::no, nullptr, unseen).run_with(index).fault;
}

std::string problem_of(const store::ChunkRef& chunk, const dataset::OpenStore& store,
                       const CheckedPacks& packs) {
  if (const std::optional<store::Location> at = store.chunks->index().find(chunk.digest))
    return at->place.size == chunk.size
               ? std::string()
               : fmt::format("chunk {} has {} bytes, not {}", chunk.digest.short_hex(),
                             at->place.size, chunk.size);
  const auto at = packs.damaged.find(chunk.digest);
  if (at == packs.damaged.end())
    return fmt::format("chunk {} is not in the store", chunk.digest.short_hex());
  return fmt::format("chunk {} is damaged or lost: {}", chunk.digest.short_hex(),
                     packs.faults[at->second].reason);
}

}  // namespace grid::care
