// The one place that spells keys. docs/format.md and docs/collection.md list them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/digest.h"

namespace grid::store {

// Names a pack: 16 random bytes.
struct PackId {
  std::array<std::byte, 16> bytes{};

  auto operator<=>(const PackId&) const = default;
  std::string hex() const;
};

// Names a lease: 8 random bytes. The ids of the packs that its writer makes begin with them.
struct LeaseId {
  std::array<std::byte, 8> bytes{};

  auto operator<=>(const LeaseId&) const = default;
  std::string hex() const;
};
LeaseId lease_of(const PackId& pack);

std::string marker_key();
// Stands for the marker while an upgrade replaces it.
std::string next_marker_key();
std::string packs_prefix();
std::string pack_data_key(const PackId& pack);
std::string pack_index_key(const PackId& pack);
bool is_pack_data_key(std::string_view key);
// The pack whose index, or data, lies at `key`; nullopt for every other key.
std::optional<PackId> pack_of_index_key(std::string_view key);
std::optional<PackId> pack_of_data_key(std::string_view key);

// Of docs/collection.md. Slots and collections are numbered from 1.
std::string leases_prefix();
std::string lease_slot_key(const LeaseId& lease, std::uint32_t slot);
struct LeaseSlotKey {
  LeaseId lease;
  std::uint32_t slot = 0;
};
std::optional<LeaseSlotKey> parse_lease_slot_key(std::string_view key);
std::string collections_prefix();
std::string condemnation_key(std::uint32_t collection);
std::string verdict_key(std::uint32_t collection);
// The collection whose condemnation lies at `key`; nullopt for every other key.
std::optional<std::uint32_t> collection_of_condemnation_key(std::string_view key);
std::string summaries_prefix();
std::string summary_key(const Digest& root);

std::string datastores_prefix();
std::string datastore_prefix(std::string_view datastore);
std::string versions_prefix(std::string_view datastore);
std::string version_key(std::string_view datastore, std::uint32_t version);
std::string tombstones_prefix(std::string_view datastore);
// `again`: how often the version was taken back before.
std::string tombstone_key(std::string_view datastore, std::uint32_t version,
                          std::uint32_t again = 0);
// A tombstone that is set before the record that it deletes: it counts only while the record at
// version_key() has this digest. Datastores::adopt() says what for.
std::string advance_tombstone_key(std::string_view datastore, std::uint32_t version,
                                  const Digest& record);
// What takes a version back for the `again`-th time, from 1: it is deleted if it was deleted so
// often after it was taken back for the last time.
std::string restorations_prefix(std::string_view datastore);
std::string restoration_key(std::string_view datastore, std::uint32_t version, std::uint32_t again);
std::string descriptions_prefix(std::string_view datastore);
std::string description_key(std::string_view datastore, std::uint32_t number);
// A tag has a folder of its own, with an object for each time that it was set or removed.
std::string tags_prefix(std::string_view datastore);
std::string tag_prefix(std::string_view datastore, std::string_view tag);
std::string tag_key(std::string_view datastore, std::string_view tag, std::uint32_t number);
std::string retentions_prefix(std::string_view datastore);
std::string retention_key(std::string_view datastore, std::uint32_t number);

// The number that the last component of a key spells: decimal, no sign, no leading zero, from 1.
std::optional<std::uint32_t> parse_number(std::string_view text);

struct AdvanceTombstone {
  std::uint32_t version = 0;
  Digest record;
};
// What the last component of advance_tombstone_key() spells.
std::optional<AdvanceTombstone> parse_advance_tombstone(std::string_view name);

// A version and, of a tombstone or a restoration, which one of it.
struct Turn {
  std::uint32_t version = 0, again = 0;
};
// What the last component of tombstone_key() and of restoration_key() spells.
std::optional<Turn> parse_tombstone(std::string_view name);
std::optional<Turn> parse_restoration(std::string_view name);

enum class RecordKind { version, tombstone, restoration, description, tag, retention };
struct RecordKey {
  RecordKind kind = RecordKind::version;
  std::string datastore;  // not checked
  std::uint32_t number = 0;
  std::uint32_t again = 0;  // of a tombstone or a restoration
  std::string tag = {};     // whose object it is; not checked
};
// Empty for every other key.
std::optional<RecordKey> parse_record_key(std::string_view key);

}  // namespace grid::store
