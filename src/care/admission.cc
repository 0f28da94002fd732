#include "care/admission.h"

#include "base/error.h"
#include "care/lost_chunks.h"
#include "care/pack_check.h"
#include "dataset/records.h"
#include "store/lease_slot.h"
#include "store/pack.h"
#include "tree/tree_check.h"

namespace grid::care {

static void admit_index(const dataset::OpenStore& store, std::string_view key,
                        const store::PackId& pack, BytesView object) {
  const store::PackIndex index = store::decode_pack_index(object, key);
  if (const std::optional<PackFault> fault = find_fault(*store.origin, pack, index))
    fail(ErrorKind::corrupt, "{} is refused: {}", key, fault->reason);
}

// All that the tree needs must be there.
static void check_content(const dataset::OpenStore& store, std::string_view key,
                          const Digest& root) {
  const std::set<Digest> lost = find_lost_chunks(store, root);
  if (!lost.empty())
    fail(ErrorKind::corrupt,
         "{} is refused: {} chunks that it needs are not in the store, such as {}", key,
         lost.size(), lost.begin()->short_hex());
}

static void admit_version(const dataset::OpenStore& store, std::string_view key,
                          const store::RecordKey& at, BytesView object) {
  const dataset::VersionRecord record =
      dataset::decode_version_record(object, at.datastore, at.number);
  check_content(store, key, record.root);
  const std::shared_ptr<const tree::Manifest> manifest = store.manifest(record);
  tree::TreeCheck check(manifest, [&](const std::string& path, const std::string& reason) {
    fail(ErrorKind::corrupt, "{} is refused: {}{}{}", key, path, path.empty() ? "" : ": ", reason);
  });
  for (std::size_t i = 0; i < manifest->segments().size(); ++i) check.add(manifest->segment(i));
  check.finish();
  if (record.totals != manifest->totals())
    fail(ErrorKind::corrupt, "{} is refused: its counts are not those of its tree", key);
}

static void admit_restoration(const dataset::OpenStore& store, std::string_view key,
                              const store::RecordKey& at, BytesView object) {
  dataset::check_restoration(object, at.datastore, at.number, at.again);
  const auto version = store.datastores->find(at.datastore, at.number);
  if (!version) fail(ErrorKind::corrupt, "{} is refused: there is no such version", key);
  check_content(store, key, version->record.root);
}

void check_admission(const dataset::OpenStore& store, std::string_view key, BytesView object) {
  if (object.empty()) fail(ErrorKind::corrupt, "{} is refused: it is empty", key);
  if (store::pack_of_data_key(key)) return;
  if (const std::optional<store::PackId> pack = store::pack_of_index_key(key))
    return admit_index(store, key, *pack, object);
  if (const std::optional<store::LeaseSlotKey> at = store::parse_lease_slot_key(key))
    return void(store::decode_lease_slot(object, at->lease, at->slot));
  if (const std::optional<store::RecordKey> at = store::parse_record_key(key);
      at && dataset::is_datastore_name(at->datastore)) {
    switch (at->kind) {
      case store::RecordKind::version:
        return admit_version(store, key, *at, object);
      case store::RecordKind::tombstone:
        return void(dataset::decode_tombstone(object, at->datastore, at->number));
      case store::RecordKind::restoration:
        return admit_restoration(store, key, *at, object);
      case store::RecordKind::description:
        return void(dataset::decode_description(object, at->datastore, at->number));
      case store::RecordKind::tag:
        dataset::check_tag(at->tag);
        return void(dataset::decode_tag(object, at->datastore, at->tag, at->number));
      case store::RecordKind::retention:
        return void(dataset::decode_retention(object, at->datastore, at->number));
    }
  }
  fail(ErrorKind::invalid_argument, "{} is refused: no client adds an object with such a key", key);
}

}  // namespace grid::care
