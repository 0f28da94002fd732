#include "care/rename.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/user.h"
#include "care/annotations.h"
#include "create/lost_content.h"
#include "store/lease_keeper.h"

namespace grid::care {

namespace {

using dataset::VersionNumber;

class Rename {
 public:
  Rename(dataset::OpenStore& store, const std::string& from, const std::string& to,
         store::Lease& lease, std::atomic<std::uint64_t>& bytes_stored)
      : store_(store), from_(from), to_(to), lease_(lease), bytes_stored_(bytes_stored) {}

  std::vector<VersionNumber> run();

 private:
  void make_records();
  void refuse_other_versions() const;
  void publish(VersionNumber number, bool ready);

  dataset::OpenStore& store_;
  const std::string& from_;
  const std::string& to_;
  store::Lease& lease_;
  std::atomic<std::uint64_t>& bytes_stored_;
  std::map<VersionNumber, std::string> records_;  // as they are stored under the new name
};

// Each record vouches for the one before.
void Rename::make_records() {
  const std::vector<VersionNumber> deleted = store_.datastores->deleted_numbers(from_);
  std::optional<Digest> previous;
  for (VersionNumber number : store_.datastores->published_numbers(from_)) {
    const std::optional<Bytes> stored = store_.datastores->find_record(from_, number);
    if (!stored) fail(ErrorKind::corrupt, "{}:{}: its record is lost", from_, number);
    dataset::VersionRecord record = dataset::decode_version_record(*stored, from_, number);
    record.datastore = to_;
    if (record.previous) record.previous = previous;
    // Versions that were taken back have no tombstone under the new name.
    std::erase_if(record.deleted, [&](VersionNumber other) {
      return !std::binary_search(deleted.begin(), deleted.end(), other);
    });
    std::string text = dataset::encode_version_record(record);
    previous = digest_of(as_bytes(text));
    records_.emplace(number, std::move(text));
  }
}

// What is there under the new name must come from an earlier attempt, or have been renamed from it.
void Rename::refuse_other_versions() const {
  for (VersionNumber number : store_.datastores->published_numbers(to_)) {
    const std::optional<Bytes> there = store_.datastores->find_record(to_, number);
    const auto wanted = records_.find(number);
    if (wanted != records_.end() && there && as_text(*there) == wanted->second) continue;
    fail(ErrorKind::already_exists,
         "there is a datastore {0} already, or there was: {0}:{1} is another version; nothing was "
         "renamed",
         to_, number);
  }
}

void Rename::publish(VersionNumber number, bool ready) {
  const std::string& text = records_.at(number);
  if (ready) {
    const store::LeaseKeeper keeper(lease_);
    create::secure_content(store_, dataset::decode_version_record(as_bytes(text), to_, number).root,
                           lease_.id(), bytes_stored_);
  }
  const auto state = ready ? dataset::VersionState::ready : dataset::VersionState::deleted;
  if (store_.datastores->adopt(to_, number, as_bytes(text), state, &lease_) || !ready) return;
  const auto tombstone = store_.datastores->find_tombstone(to_, number);
  if (tombstone && !tombstone->renamed_to.empty())
    store_.datastores->restore(to_, number, lease_, dataset::Restorable::gone_elsewhere);
}

std::vector<VersionNumber> Rename::run() {
  store_.chunks->refresh_for_writing(lease_.excluded());
  const std::vector<VersionNumber> ready = store_.datastores->ready_numbers(from_);
  make_records();
  refuse_other_versions();
  store_.datastores->finish_adoptions(to_);
  for (const auto& [number, text] : records_)
    publish(number, std::binary_search(ready.begin(), ready.end(), number));
  copy_annotations(store_, from_, store_, to_);
  for (VersionNumber number : ready) {
    store_.datastores->resolve_number({.name = to_, .version = number});  // it must be ready there
    store_.datastores->remove(from_, number, {.renamed_to = to_});
  }
  remove_tags(store_, from_);  // those of the new name are meant from now on
  return store_.datastores->ready_numbers(to_);
}

// Lets the next create under the new name skip reading what is known to be unchanged.
void hand_on_scan_record(const dataset::OpenStore& store, const std::string& from,
                         const std::string& to) {
  if (store.cache_folder.empty()) return;
  std::error_code ignored;  // the record only saves time
  std::filesystem::rename(store.scan_record_path(from), store.scan_record_path(to), ignored);
}

}  // namespace

std::vector<VersionNumber> rename_datastore(dataset::OpenStore& store, const std::string& from,
                                            const std::string& to) {
  dataset::check_datastore_name(to);
  if (from == to) fail(ErrorKind::invalid_argument, "{} is its name already", from);
  store.datastores->resolve_number({.name = from});  // fails if there is none
  std::atomic<std::uint64_t> bytes_stored = 0;
  std::vector<VersionNumber> renamed = store::under_lease(
      *store.origin, fmt::format("rename of {} to {} by {}", from, to, user_at_host()),
      bytes_stored,
      [&](store::Lease& lease) { return Rename(store, from, to, lease, bytes_stored).run(); });
  hand_on_scan_record(store, from, to);
  return renamed;
}

}  // namespace grid::care
