#include "store/layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hex.h"
#include "base/text.h"

namespace grid::store {

static constexpr std::string_view index_suffix = ".index";
static constexpr std::string_view data_suffix = ".data";

std::string PackId::hex() const { return to_hex(BytesView(bytes)); }

std::string LeaseId::hex() const { return to_hex(BytesView(bytes)); }

LeaseId lease_of(const PackId& pack) {
  LeaseId lease;
  std::copy_n(pack.bytes.begin(), lease.bytes.size(), lease.bytes.begin());
  return lease;
}

std::string marker_key() { return "store.json"; }
std::string next_marker_key() { return "store.2.json"; }
std::string packs_prefix() { return "packs/"; }
std::string pack_data_key(const PackId& pack) {
  return packs_prefix() + pack.hex() + std::string(data_suffix);
}

bool is_pack_data_key(std::string_view key) {
  return key.starts_with(packs_prefix()) && key.ends_with(data_suffix);
}

std::string pack_index_key(const PackId& pack) {
  return packs_prefix() + pack.hex() + std::string(index_suffix);
}

static std::optional<PackId> pack_of_key(std::string_view key, std::string_view suffix) {
  if (!key.starts_with(packs_prefix()) || !key.ends_with(suffix)) return std::nullopt;
  key.remove_prefix(packs_prefix().size());
  if (key.size() < suffix.size()) return std::nullopt;
  key.remove_suffix(suffix.size());
  PackId pack;
  if (!from_hex(key, pack.bytes)) return std::nullopt;
  return pack;
}

std::optional<PackId> pack_of_index_key(std::string_view key) {
  return pack_of_key(key, index_suffix);
}
std::optional<PackId> pack_of_data_key(std::string_view key) {
  return pack_of_key(key, data_suffix);
}

std::string leases_prefix() { return "leases/"; }

std::string lease_slot_key(const LeaseId& lease, std::uint32_t slot) {
  return leases_prefix() + lease.hex() + "-" + std::to_string(slot);
}

std::optional<LeaseSlotKey> parse_lease_slot_key(std::string_view key) {
  if (!key.starts_with(leases_prefix())) return std::nullopt;
  key.remove_prefix(leases_prefix().size());
  LeaseSlotKey found;
  if (!from_hex(take_until(key, '-'), found.lease.bytes)) return std::nullopt;
  const std::optional<std::uint32_t> slot = parse_number(key);
  if (!slot) return std::nullopt;
  found.slot = *slot;
  return found;
}

static constexpr std::string_view condemnation_suffix = "-condemned";

std::string collections_prefix() { return "collections/"; }

std::string condemnation_key(std::uint32_t collection) {
  return collections_prefix() + std::to_string(collection) + std::string(condemnation_suffix);
}

std::string verdict_key(std::uint32_t collection) {
  return collections_prefix() + std::to_string(collection) + "-verdict";
}

std::optional<std::uint32_t> collection_of_condemnation_key(std::string_view key) {
  if (!key.starts_with(collections_prefix()) || !key.ends_with(condemnation_suffix))
    return std::nullopt;
  key.remove_prefix(collections_prefix().size());
  if (key.size() < condemnation_suffix.size()) return std::nullopt;
  key.remove_suffix(condemnation_suffix.size());
  return parse_number(key);
}

std::string summaries_prefix() { return "summaries/"; }
std::string summary_key(const Digest& root) { return summaries_prefix() + root.hex(); }

std::string datastores_prefix() { return "datastores/"; }

std::string datastore_prefix(std::string_view datastore) {
  return datastores_prefix() + std::string(datastore) + "/";
}

std::string versions_prefix(std::string_view datastore) {
  return datastore_prefix(datastore) + "versions/";
}
std::string version_key(std::string_view datastore, std::uint32_t version) {
  return versions_prefix(datastore) + std::to_string(version);
}
std::string tombstones_prefix(std::string_view datastore) {
  return datastore_prefix(datastore) + "deleted/";
}
std::string tombstone_key(std::string_view datastore, std::uint32_t version, std::uint32_t again) {
  const std::string key = tombstones_prefix(datastore) + std::to_string(version);
  return again == 0 ? key : key + "." + std::to_string(again);
}
std::string restorations_prefix(std::string_view datastore) {
  return datastore_prefix(datastore) + "restored/";
}
std::string restoration_key(std::string_view datastore, std::uint32_t version,
                            std::uint32_t again) {
  return fmt::format("{}{}-{}", restorations_prefix(datastore), version, again);
}
std::string advance_tombstone_key(std::string_view datastore, std::uint32_t version,
                                  const Digest& record) {
  return tombstone_key(datastore, version) + "-" + record.hex();
}
std::string descriptions_prefix(std::string_view datastore) {
  return datastore_prefix(datastore) + "descriptions/";
}
std::string description_key(std::string_view datastore, std::uint32_t number) {
  return descriptions_prefix(datastore) + std::to_string(number);
}
std::string tags_prefix(std::string_view datastore) {
  return datastore_prefix(datastore) + "tags/";
}
std::string tag_prefix(std::string_view datastore, std::string_view tag) {
  return tags_prefix(datastore) + std::string(tag) + "/";
}
std::string tag_key(std::string_view datastore, std::string_view tag, std::uint32_t number) {
  return tag_prefix(datastore, tag) + std::to_string(number);
}
std::string retentions_prefix(std::string_view datastore) {
  return datastore_prefix(datastore) + "retention/";
}
std::string retention_key(std::string_view datastore, std::uint32_t number) {
  return retentions_prefix(datastore) + std::to_string(number);
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  if (text.empty() || text.front() == '0') return std::nullopt;
  return grid::parse_number<std::uint32_t>(text);
}

std::optional<AdvanceTombstone> parse_advance_tombstone(std::string_view name) {
  const std::optional<std::uint32_t> version = parse_number(take_until(name, '-'));
  const std::optional<Digest> record = parse_digest(name);
  if (!version || !record) return std::nullopt;
  return AdvanceTombstone{.version = *version, .record = *record};
}

static std::optional<Turn> parse_turn(std::string_view name, char mark) {
  const std::optional<std::uint32_t> version = parse_number(take_until(name, mark));
  const std::optional<std::uint32_t> again = parse_number(name);
  if (!version || !again) return std::nullopt;
  return Turn{.version = *version, .again = *again};
}

std::optional<Turn> parse_tombstone(std::string_view name) {
  if (const std::optional<std::uint32_t> version = parse_number(name)) return Turn{*version, 0};
  return parse_turn(name, '.');
}
std::optional<Turn> parse_restoration(std::string_view name) { return parse_turn(name, '-'); }

// The kind of record that lies below a folder of a datastore, each under its number alone.
static std::optional<RecordKind> numbered_kind(std::string_view folder) {
  if (folder == "versions") return RecordKind::version;
  if (folder == "descriptions") return RecordKind::description;
  if (folder == "retention") return RecordKind::retention;
  if (folder == "tags") return RecordKind::tag;
  return std::nullopt;
}

std::optional<RecordKey> parse_record_key(std::string_view key) {
  if (!key.starts_with(datastores_prefix())) return std::nullopt;
  key.remove_prefix(datastores_prefix().size());
  RecordKey found{.kind = {}, .datastore = std::string(take_until(key, '/'))};
  const std::string_view kind = take_until(key, '/');
  if (kind == "tags") found.tag = take_until(key, '/');
  std::optional<Turn> turn;
  if (kind == "deleted") {
    found.kind = RecordKind::tombstone;
    turn = parse_tombstone(key);
    if (!turn)
      if (const std::optional<AdvanceTombstone> advance = parse_advance_tombstone(key))
        turn = Turn{advance->version, 0};
  } else if (kind == "restored") {
    found.kind = RecordKind::restoration;
    turn = parse_restoration(key);
  } else if (const std::optional<RecordKind> numbered = numbered_kind(kind)) {
    found.kind = *numbered;
    if (const std::optional<std::uint32_t> number = parse_number(key)) turn = Turn{*number, 0};
  }
  if (!turn) return std::nullopt;
  found.number = turn->version;
  found.again = turn->again;
  return found;
}

}  // namespace grid::store
