// Problem. Chunks are damaged or gone, here and there, in packs that cannot be changed.
//
// Idea. All packs are checked; the chunk index then knows every sound place. Wanted are the chunks
// of damaged packs that no whole pack has: the good ones, which move, and the bad ones; and the
// chunks that versions need and no pack has. They are put into new packs, from where they can be
// had: from the damaged packs themselves, from what this node keeps of the store, last from the
// sources, which are cut as a create cuts them. A tree or a recipe that is healed may name more
// chunks that are lost, so the search is repeated until it finds nothing new. It ends because each
// round heals a chunk that was lost before, or is the last.
//
// A damaged pack is removed if nothing of it is still wanted. Others stay as they are: what they
// hold may be of use to a later repair.

#include "care/repair.h"

#include <algorithm>
#include <map>
#include <set>
#include <thread>

#include "backend/outage.h"
#include "base/error.h"
#include "base/user.h"
#include "care/kept_trees.h"
#include "care/lost_chunks.h"
#include "create/importer.h"
#include "create/scan_record.h"
#include "source/open_source.h"
#include "store/chunk_session.h"
#include "store/lease_keeper.h"

namespace grid::care {

using store::PackEntry;
using store::PackId;

namespace {

constexpr std::uint64_t batch_size_max = 4 << 20;  // bytes that are copied at a time

class Repair {
 public:
  Repair(const dataset::OpenStore& store, const RepairOptions& options, RepairProgress& progress,
         const store::Lease* lease, std::atomic<std::uint64_t>& bytes_written)
      : node_(store),
        options_(options),
        progress_(progress),
        trees_(std::make_shared<KeptTrees>(store.origin, store.temporary_folder())),
        store_(dataset::open_past_node(store, trees_)),
        chunks_(*store_->chunks),
        lease_(lease),
        damaged_packs_(lease ? lease->excluded() : std::set<PackId>()),
        bytes_written_(bytes_written) {}

  // Empty if there is something to heal, and no lease for it.
  std::optional<RepairReport> run();

 private:
  void heal();
  bool in_whole_pack(const Digest& digest) const;
  std::unique_ptr<source::Source> open_source(const std::string& where) const;
  void want_chunks_of_damaged_packs();
  bool want_lost_chunks();
  void copy_from_damaged_packs();
  void copy(std::span<const PackEntry> entries, store::ChunkWriter& writer);
  void copy_from_node();
  void copy_from_source(const std::string& where);
  template <class Put>
  void write(const Put& put);
  void check_new_packs() const;
  bool is_replaced(const PackFault& fault) const;
  void remove_damaged_packs();
  void check_stop() const {
    if (options_.stop != nullptr && *options_.stop) throw create::Interrupted();
  }

  const dataset::OpenStore& node_;  // the store with what this node keeps of it
  const RepairOptions& options_;
  RepairProgress& progress_;
  const std::shared_ptr<KeptTrees> trees_;
  const std::shared_ptr<dataset::OpenStore> store_;
  store::ChunkStore& chunks_;
  const store::Lease* const lease_;  // null: nothing can be written
  CheckedPacks packs_;
  std::map<PackId, std::uint64_t> packs_before_;
  std::set<PackId> damaged_packs_;  // and those that a collection may remove
  store::WantedChunks wanted_;
  std::set<Digest> lost_;  // of these, those that are damaged or nowhere
  std::atomic<std::uint64_t>& bytes_written_;
  RepairReport report_;
};

// Stores what `put` gives to a writer, as far as it is wanted.
template <class Put>
void Repair::write(const Put& put) {
  store::ChunkSession session(chunks_, bytes_written_, {}, &wanted_, lease_->id());
  std::vector<std::unique_ptr<store::ChunkWriter>> writers;
  writers.push_back(std::make_unique<store::ChunkWriter>(session));
  put(*writers[0]);
  session.finish(std::move(writers));
}

bool Repair::in_whole_pack(const Digest& digest) const {
  const std::vector<store::Location> places = chunks_.index().find_all(digest);
  return std::any_of(places.begin(), places.end(), [&](const store::Location& place) {
    return !damaged_packs_.contains(place.pack);
  });
}

void Repair::want_chunks_of_damaged_packs() {
  std::set<Digest> bad, elsewhere;
  for (const PackFault& fault : packs_.faults) {
    for (const PackEntry& entry : fault.good)
      if (!in_whole_pack(entry.digest)) wanted_.add(entry.digest);
    // The digests of a damaged index may be wrong themselves: what versions need is found later.
    if (!fault.index_is_readable) continue;
    for (const PackEntry& entry : fault.bad) {
      bad.insert(entry.digest);
      if (!in_whole_pack(entry.digest)) wanted_.add(entry.digest);
      if (chunks_.index().find(entry.digest)) elsewhere.insert(entry.digest);
    }
  }
  report_.chunks_lost = bad.size();
  report_.healed_by_packs = elsewhere.size();
  std::set_difference(bad.begin(), bad.end(), elsewhere.begin(), elsewhere.end(),
                      std::inserter(lost_, lost_.end()));
}

// False if there are none that were not wanted before.
bool Repair::want_lost_chunks() {
  bool more = false;
  for (const Digest& digest : find_lost_chunks(*store_)) {
    if (!lost_.insert(digest).second) continue;
    wanted_.add(digest);
    ++report_.chunks_lost;
    more = true;
  }
  return more;
}

void Repair::copy_from_damaged_packs() {
  write([&](store::ChunkWriter& writer) {
    for (const PackFault& fault : packs_.faults) {
      std::span<const PackEntry> rest = fault.good;
      while (!rest.empty()) {
        std::uint64_t size = 0;
        std::size_t count = 0;
        while (count < rest.size() && (count == 0 || size < batch_size_max))
          size += rest[count++].place.size;
        copy(rest.first(count), writer);
        rest = rest.subspan(count);
        check_stop();
      }
    }
  });
}

void Repair::copy(std::span<const PackEntry> entries, store::ChunkWriter& writer) {
  std::vector<store::ChunkRef> refs;
  std::size_t size = 0;
  for (const PackEntry& entry : entries)
    if (wanted_.contains(entry.digest)) {
      refs.push_back({entry.digest, entry.place.size});
      size += entry.place.size;
    }
  Bytes bytes(size);
  chunks_.read_chunks(refs, bytes);
  std::size_t offset = 0;
  for (const store::ChunkRef& ref : refs) {
    writer.put(BytesView(bytes).subspan(offset, ref.size), ref.digest);
    offset += ref.size;
  }
}

// The node's chunk tables may know places that no index names any longer, and its cache may have
// copies of what is damaged in the store.
void Repair::copy_from_node() {
  const std::size_t before = wanted_.count();
  write([&](store::ChunkWriter& writer) {
    for (const Digest& digest : lost_) {
      check_stop();
      if (!wanted_.contains(digest)) continue;
      if (const std::optional<Bytes> chunk = node_.chunks->find_chunk(digest))
        writer.put(*chunk, digest);
    }
  });
  report_.healed_by_node += before - wanted_.count();
}

std::unique_ptr<source::Source> Repair::open_source(const std::string& where) const {
  return source::open_sources({{.where = where}}, {.servers = options_.servers});
}

// A create of the source would store the same chunks, trees and recipes. Only those that are wanted
// are stored.
void Repair::copy_from_source(const std::string& where) {
  if (wanted_.count() == 0) return;
  const std::size_t before = wanted_.count();
  const std::unique_ptr<source::Source> source = open_source(where);
  create::ScanRecordWriter no_record{std::filesystem::path()};
  const std::uint64_t stored_before = progress_.sources.bytes_stored;
  create::Import imported =
      create::import_tree(chunks_,
                          {.workers = std::clamp(std::thread::hardware_concurrency() + 1, 3u, 16u),
                           .temporary_folder = node_.temporary_folder(),
                           .stop = options_.stop,
                           .only = &wanted_,
                           .lease = lease_->id()},
                          *source, {}, no_record, progress_.sources);
  bytes_written_ += progress_.sources.bytes_stored - stored_before;
  report_.healed_by_sources += before - wanted_.count();
  std::move(imported.problems.begin(), imported.problems.end(),
            std::back_inserter(report_.problems));
}

// Throws unless the new packs are in the store as they should be: before that, nothing is removed.
void Repair::check_new_packs() const {
  for (const auto& [pack, size] : chunks_.index().packs())
    if (!packs_before_.contains(pack))
      if (const std::optional<PackFault> fault = find_fault(*store_->backend, pack))
        fail(ErrorKind::corrupt, "{}: a pack that was just written is damaged: {}",
             store_->backend->name(), fault->reason);
}

bool Repair::is_replaced(const PackFault& fault) const {
  const auto wanted = [&](const PackEntry& entry) { return wanted_.contains(entry.digest); };
  if (std::any_of(fault.good.begin(), fault.good.end(), wanted)) return false;
  if (fault.index_is_readable) return std::none_of(fault.bad.begin(), fault.bad.end(), wanted);
  return !fault.good.empty() && fault.bad.empty();
}

void Repair::remove_damaged_packs() {
  check_new_packs();
  backend::Backend& backend = *store_->backend;
  std::erase_if(packs_.faults, [&](PackFault& fault) {
    if (!is_replaced(fault)) return false;
    try {
      backend.remove(store::pack_index_key(fault.pack));
      backend.remove(store::pack_data_key(fault.pack));
    } catch (const Error& error) {
      if (is_outage(backend, error)) throw;
      fault.reason +=
          fmt::format("; all in it was written again, but it cannot be removed: {}", error.what());
      return false;
    }
    ++report_.packs_removed;
    return true;
  });
  packs_.damaged.clear();
  for (std::size_t i = 0; i < packs_.faults.size(); ++i)
    for (const PackEntry& entry : packs_.faults[i].bad) packs_.damaged.emplace(entry.digest, i);
}

std::optional<RepairReport> Repair::run() {
  // A name that is mistyped is found before hours of reading.
  for (const std::string& where : options_.sources)
    if (where != "-" && !source::is_url(where) && !source::is_s3_url(where)) open_source(where);
  packs_ = check_packs(*store_, Salvage::yes, node_.origin->remote() ? trees_.get() : nullptr,
                       progress_.packs);
  packs_before_ = chunks_.index().packs();
  for (const PackFault& fault : packs_.faults) damaged_packs_.insert(fault.pack);
  report_.packs_damaged = packs_.faults.size();
  want_chunks_of_damaged_packs();
  const bool is_well = !want_lost_chunks() && packs_.faults.empty();
  if (lease_ == nullptr && !is_well) return std::nullopt;
  if (!is_well) heal();
  report_.bytes_written = bytes_written_;
  report_.left = verify_versions_of(*store_, packs_, {}, InPlace::left_out);
  return std::move(report_);
}

void Repair::heal() {
  copy_from_damaged_packs();
  want_lost_chunks();
  do {
    copy_from_node();
    for (const std::string& where : options_.sources) copy_from_source(where);
  } while (want_lost_chunks());
  remove_damaged_packs();
}

}  // namespace

RepairReport repair(const dataset::OpenStore& store, const RepairOptions& options,
                    RepairProgress& progress) {
  std::atomic<std::uint64_t> bytes_written = 0;
  const auto run = [&](const store::Lease* lease) {
    return Repair(store, options, progress, lease, bytes_written).run();
  };
  std::optional<store::Lease> lease;
  std::exception_ptr refusal;
  try {
    lease.emplace(*store.origin, "repair by " + user_at_host());
  } catch (const Error&) {  // a store that nobody may write to may be well
    refusal = std::current_exception();
  }
  if (!lease) {
    if (std::optional<RepairReport> report = run(nullptr)) return std::move(*report);
    std::rethrow_exception(refusal);
  }
  try {
    RepairReport report = lease->run([&] {
      const store::LeaseKeeper keeper(*lease);
      return run(&*lease).value();
    });
    lease->end();
    return report;
  } catch (...) {
    lease->abandon(bytes_written == 0);
    throw;
  }
}

}  // namespace grid::care
