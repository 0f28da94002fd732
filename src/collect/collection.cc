#include "collect/collection.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/user.h"
#include "collect/lease_list.h"
#include "collect/mark.h"
#include "collect/rewriting.h"
#include "dataset/records.h"
#include "store/collection_state.h"
#include "store/lease_keeper.h"

namespace grid::collect {

using store::CollectionState;
using store::LeaseId;
using store::LeaseSlotState;
using store::PackId;

namespace {

class Collection {
 public:
  Collection(const dataset::OpenStore& store, const CollectOptions& options)
      : store_(store),
        options_(options),
        backend_(*store.origin),
        datastores_(store.origin),
        progress_(options.progress != nullptr ? *options.progress : own_progress_) {}

  CollectReport run();

 private:
  struct Pack {
    bool has_index = false, has_data = false;
    std::uint64_t size = 0;  // bytes of both
  };

  bool older_leases_have_ended(std::uint32_t collection);
  bool has_ended(const LeaseId& lease, std::uint32_t slot_listed,
                 std::optional<LeaseState>& state) const;
  bool close(LeaseState& state) const;
  void finish(const store::Publication& publication) const;
  std::vector<PackId> judge(const CollectionState& collection);
  void remove(const std::vector<PackId>& packs);
  std::vector<PackId> look_for_garbage();
  std::map<PackId, Pack> list_packs() const;
  std::vector<dataset::VersionNumber> counting_numbers(const std::string& name) const;
  template <class Visit>
  void visit_tree(const std::string& name, dataset::VersionNumber number, const Visit& visit) const;
  template <class Visit>
  void visit_trees(const Visit& visit) const;
  std::map<PackId, std::uint64_t> needed_packs(Packs avoided, Summaries summaries);
  std::map<PackId, std::uint64_t> sparse_packs(const std::map<PackId, std::uint64_t>& needed,
                                               const std::set<LeaseId>& kept);
  Packs rewrite(std::map<PackId, std::uint64_t> candidates);
  void copy_live(const Rewriting& rewriting, const Packs& packs);
  void check_stop() const {
    if (options_.stop != nullptr && *options_.stop) throw Stopped();
  }

  const dataset::OpenStore& store_;
  const CollectOptions& options_;
  backend::Backend& backend_;
  const dataset::Datastores datastores_;
  CollectProgress own_progress_;
  CollectProgress& progress_;
  CollectReport report_;
};

std::map<PackId, Collection::Pack> Collection::list_packs() const {
  std::map<PackId, Pack> packs;
  for (const backend::ObjectEntry& object : backend_.list(store::packs_prefix())) {
    const std::optional<PackId> of_index = store::pack_of_index_key(object.key);
    const std::optional<PackId> id = of_index ? of_index : store::pack_of_data_key(object.key);
    if (!id) continue;
    Pack& pack = packs[*id];
    (of_index ? pack.has_index : pack.has_data) = true;
    pack.size += object.size;
  }
  return packs;
}

// Creates what a closed lease has left to create, or finds that its key is taken: then no request
// of its writer for that key can have an effect any more.
void Collection::finish(const store::Publication& publication) const {
  const std::optional<store::RecordKey> at = store::parse_record_key(publication.key);
  dataset::check_datastore_name(at->datastore);
  const BytesView object = as_bytes(publication.object);
  if (at->kind == store::RecordKind::version)
    dataset::decode_version_record(object, at->datastore, at->number);
  else
    dataset::check_restoration(object, at->datastore, at->number, at->again);
  if (!backend_.create(publication.key, object) && !backend_.find(publication.key))
    fail(ErrorKind::unavailable, "{}: {} can be neither made nor read", backend_.name(),
         publication.key);
}

// False if the lease has moved.
bool Collection::close(LeaseState& state) const {
  store::LeaseSlot closing{.lease = state.id(),
                           .number = state.last.number + 1,
                           .state = LeaseSlotState::closed,
                           .created = utc_now(),
                           .publication = state.last.publication};
  if (!backend_.create(store::lease_slot_key(closing.lease, closing.number),
                       as_bytes(store::encode_lease_slot(closing))))
    return false;
  state.last = std::move(closing);
  return true;
}

// Whether its writer can have no effect any more, and all that it has published is there. Closes it
// if it has stood still for long. `state`: what it was found in; empty if it is gone.
bool Collection::has_ended(const LeaseId& lease, std::uint32_t slot_listed,
                           std::optional<LeaseState>& state) const {
  state = find_lease(backend_, lease, slot_listed);
  // Its writer removes it. It has ended when no slot is left: another listing says so.
  if (!state) return !list_leases(backend_).contains(lease);
  if (state->last.state != LeaseSlotState::closed &&
      (options_.is_dry || !options_.is_still(lease, state->last.number) || !close(*state)))
    return false;
  // Also if another collector has closed it, and may not have come to this yet.
  if (state->last.publication && !options_.is_dry) finish(*state->last.publication);
  return true;
}

bool Collection::older_leases_have_ended(std::uint32_t collection) {
  for (const auto& [lease, slot] : list_leases(backend_)) {
    std::optional<LeaseState> state;
    const auto names_older = [&] { return !state || state->collection < collection; };
    if (!has_ended(lease, slot, state) && names_older())
      report_.waits_for.push_back(state && !state->holder.empty() ? state->holder : lease.hex());
  }
  return report_.waits_for.empty();
}

// The ready versions, and those that can still be taken back. Past this node's copies of listings;
// tombstones never change.
std::vector<dataset::VersionNumber> Collection::counting_numbers(const std::string& name) const {
  const dataset::DatastoreKeys listed = dataset::list_datastore_keys(backend_, name);
  std::vector<dataset::VersionNumber> counting = datastores_.ready_numbers(name, listed);
  for (const dataset::VersionNumber number : listed.tombstones) {
    if (!dataset::is_among(listed.versions, number)) continue;
    const auto tombstone = store_.datastores->find_tombstone(name, number);
    if (tombstone && !tombstone->until.empty() && tombstone->until > utc_now())
      counting.push_back(number);
  }
  std::sort(counting.begin(), counting.end());
  return counting;
}

// Calls for the root of a version that counts.
template <class Visit>
void Collection::visit_tree(const std::string& name, dataset::VersionNumber number,
                            const Visit& visit) const {
  const std::optional<Bytes> record = store_.datastores->find_record(name, number);
  if (!record)
    fail(ErrorKind::corrupt, "{}:{}: the store {} has lost its record", name, number,
         backend_.name());
  try {
    visit(dataset::decode_version_record(*record, name, number).root);
  } catch (const Error& error) {  // it may have been deleted, and collected, meanwhile
    if (error.kind() == ErrorKind::corrupt && !dataset::is_among(counting_numbers(name), number))
      return;
    throw error.within(fmt::format("{}:{}", name, number));
  }
}

template <class Visit>
void Collection::visit_trees(const Visit& visit) const {
  std::vector<std::pair<std::string, dataset::VersionNumber>> versions;
  for (const std::string& name : datastores_.names())
    for (const dataset::VersionNumber number : counting_numbers(name))
      versions.emplace_back(name, number);
  progress_.trees_total += versions.size();
  for (const auto& [name, number] : versions) {
    check_stop();
    visit_tree(name, number, visit);
    ++progress_.trees_done;
  }
}

std::map<PackId, std::uint64_t> Collection::needed_packs(Packs avoided, Summaries summaries) {
  store_.chunks->replace_damaged_tables();
  store_.chunks->refresh_for_writing();
  Mark mark(store_, std::move(avoided), options_.is_dry ? Summaries::only_read : summaries);
  visit_trees([&](const Digest& root) { mark.add(root); });
  report_.trees_walked += mark.trees_walked();
  return mark.needed();
}

// Needed packs of which no tree needs much: the emptiest, as many as a run may copy. Several trees
// may need different parts of one: rewrite() counts.
std::map<PackId, std::uint64_t> Collection::sparse_packs(
    const std::map<PackId, std::uint64_t>& needed, const std::set<LeaseId>& kept) {
  const std::map<PackId, std::uint64_t> sizes = store_.chunks->index().packs();
  std::vector<std::tuple<double, std::uint64_t, PackId>> sparse;
  for (const auto& [pack, bytes] : needed) {
    const auto size = sizes.find(pack);
    if (size == sizes.end() || size->second == 0 || kept.contains(store::lease_of(pack))) continue;
    const double share = static_cast<double>(bytes) / static_cast<double>(size->second);
    if (share * 100 <= options_.rewrite_percent_max) sparse.emplace_back(share, bytes, pack);
  }
  std::sort(sparse.begin(), sparse.end());
  std::map<PackId, std::uint64_t> candidates;
  std::uint64_t live = 0;
  for (const auto& [share, bytes, pack] : sparse) {
    report_.rewriting_goes_on = live + bytes > options_.rewrite_bytes_max;
    if (report_.rewriting_goes_on) break;
    live += bytes;
    candidates.emplace(pack, sizes.at(pack));
  }
  return candidates;
}

// Copies what is live of them to new packs, and returns those of which that was done. It is a
// writer with a lease, which ends before the look that prefers the copies.
Packs Collection::rewrite(std::map<PackId, std::uint64_t> candidates) {
  if (candidates.empty()) return {};
  const std::set<PackId> names = [&] {
    std::set<PackId> packs;
    for (const auto& [pack, size] : candidates) packs.insert(pack);
    return packs;
  }();
  Rewriting rewriting(store_, std::move(candidates));
  visit_trees([&](const Digest& root) {
    if (may_need(*store_.origin, root, names)) rewriting.add(root);
  });
  Rewriting::Choice choice =
      rewriting.choose(options_.rewrite_percent_max, options_.rewrite_bytes_max);
  report_.rewriting_goes_on |= choice.is_bounded;
  if (choice.packs.empty()) return {};
  try {
    if (options_.is_dry)
      report_.bytes_rewritten = choice.bytes_live;
    else
      copy_live(rewriting, choice.packs);
  } catch (const store::LeaseClosed&) {  // this machine has slept: the next run does it
    return {};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    report_.rewriting_problem = error.what();
    return {};
  }
  return std::move(choice.packs);
}

void Collection::copy_live(const Rewriting& rewriting, const Packs& packs) {
  store::Lease lease(backend_, options_.holder, options_.pause_first);
  try {
    {
      const store::LeaseKeeper keeper(lease);
      report_.bytes_rewritten = rewriting.copy(packs, lease.id(), [&] { check_stop(); });
    }
    lease.beat();  // if it was closed, the copies may be condemned by now
  } catch (...) {
    lease.abandon(true);  // what was copied is in its old packs too
    throw;
  }
  lease.end();
}

// The last look. What another collector has decided in the meantime holds.
std::vector<PackId> Collection::judge(const CollectionState& collection) {
  // With packs avoided, others may be taken in their place that are worse for good: no summaries.
  const std::map<PackId, std::uint64_t> needed = needed_packs(
      {collection.condemned.begin(), collection.condemned.end()}, Summaries::only_read);
  std::vector<PackId> removed;
  std::copy_if(collection.condemned.begin(), collection.condemned.end(),
               std::back_inserter(removed),
               [&](const PackId& pack) { return !needed.contains(pack); });
  backend_.create(store::verdict_key(collection.number),
                  store::encode_verdict(collection.number, removed));
  const CollectionState decided = store::read_collection(backend_, collection.number);
  if (!decided.removed)
    fail(ErrorKind::unavailable, "{}: {} can be neither made nor read", backend_.name(),
         store::verdict_key(collection.number));
  report_.packs_condemned += decided.condemned.size();
  report_.packs_rescued += decided.condemned.size() - decided.removed->size();
  return *decided.removed;
}

// The index first: a pack without its data must not seem to be one. When this has returned, all of
// the packs are gone.
void Collection::remove(const std::vector<PackId>& packs) {
  if (packs.empty()) return;
  const std::map<PackId, Pack> there = list_packs();
  for (const PackId& pack : packs) {
    check_stop();
    const auto found = there.find(pack);
    if (found == there.end()) continue;
    if (found->second.has_index) backend_.discard(store::pack_index_key(pack));
    if (found->second.has_data) backend_.discard(store::pack_data_key(pack));
    progress_.packs_removed = ++report_.packs_removed;
    progress_.bytes_removed = report_.bytes_removed += found->second.size;
    report_.bytes_left -= std::min(report_.bytes_left, found->second.size);
  }
}

// The first look. The order matters for what is found, not for what is lost: the last look decides.
std::vector<PackId> Collection::look_for_garbage() {
  const std::map<PackId, Pack> there = list_packs();
  std::set<LeaseId> kept;
  for (const auto& [lease, slot] : list_leases(backend_)) {
    std::optional<LeaseState> state;
    const bool ended = has_ended(lease, slot, state);
    if (!ended || (state && options_.is_kept && options_.is_kept(state->last.created)))
      kept.insert(lease);
  }
  std::map<PackId, std::uint64_t> needed = needed_packs({}, Summaries::leave);
  const Packs rewritten = rewrite(sparse_packs(needed, kept));
  if (options_.is_dry)
    for (const PackId& pack : rewritten) needed.erase(pack);
  else if (!rewritten.empty())
    needed = needed_packs(rewritten, Summaries::leave);
  std::vector<PackId> garbage;
  report_.bytes_left = report_.bytes_rewritten;
  for (const auto& [pack, objects] : there) {
    report_.bytes_left += objects.size;
    if (needed.contains(pack)) continue;
    if (kept.contains(store::lease_of(pack))) {
      ++report_.packs_kept;
      report_.bytes_kept += objects.size;
    } else if (garbage.size() < options_.condemned_count_max) {
      garbage.push_back(pack);
      if (rewritten.contains(pack)) ++report_.packs_rewritten;
      if (options_.is_dry) {
        ++report_.packs_removed;
        report_.bytes_removed += objects.size;
      }
    }
  }
  return garbage;
}

CollectReport Collection::run() {
  if (options_.is_dry) {
    look_for_garbage();
    report_.bytes_left -= report_.bytes_removed;
    return std::move(report_);
  }
  CollectionState newest =
      store::read_collection(backend_, store::find_newest_collection(backend_));
  for (bool is_new = false;; is_new = true) {
    if (newest.number > 0 && !newest.removed) {
      if (!older_leases_have_ended(newest.number)) {
        report_.bytes_left = 0;
        for (const auto& [pack, objects] : list_packs()) report_.bytes_left += objects.size;
        return std::move(report_);
      }
      newest.removed = judge(newest);
    }
    // Before the next collection begins: nobody looks at this one's verdict after that.
    if (newest.removed) remove(*newest.removed);
    if (is_new) return std::move(report_);
    const std::vector<PackId> garbage = look_for_garbage();
    if (garbage.empty()) return std::move(report_);
    const std::uint32_t next = newest.number + 1;
    backend_.create(store::condemnation_key(next), store::encode_condemnation(next, garbage));
    newest = store::read_collection(backend_, next);
  }
}

}  // namespace

CollectReport collect(const dataset::OpenStore& store, const CollectOptions& options) {
  return Collection(store, options).run();
}

}  // namespace grid::collect
