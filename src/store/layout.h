// The one place that spells keys. docs/format.md lists them.
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

std::string marker_key();
std::string packs_prefix();
std::string pack_data_key(const PackId& pack);
std::string pack_index_key(const PackId& pack);
bool is_pack_data_key(std::string_view key);
// The pack whose index, or data, lies at `key`; nullopt for every other key.
std::optional<PackId> pack_of_index_key(std::string_view key);
std::optional<PackId> pack_of_data_key(std::string_view key);

std::string datastores_prefix();
std::string versions_prefix(std::string_view datastore);
std::string version_key(std::string_view datastore, std::uint32_t version);
std::string tombstones_prefix(std::string_view datastore);
std::string tombstone_key(std::string_view datastore, std::uint32_t version);
// A tombstone that is set before the record that it deletes: it counts only while the record at
// version_key() has this digest. Datastores::adopt() says what for.
std::string advance_tombstone_key(std::string_view datastore, std::uint32_t version,
                                  const Digest& record);
std::string descriptions_prefix(std::string_view datastore);
std::string description_key(std::string_view datastore, std::uint32_t number);

// The number that the last component of a key spells: decimal, no sign, no leading zero, from 1.
std::optional<std::uint32_t> parse_number(std::string_view text);

struct AdvanceTombstone {
  std::uint32_t version = 0;
  Digest record;
};
// What the last component of advance_tombstone_key() spells.
std::optional<AdvanceTombstone> parse_advance_tombstone(std::string_view name);

enum class RecordKind { version, tombstone, description };
struct RecordKey {
  RecordKind kind = RecordKind::version;
  std::string datastore;  // not checked
  std::uint32_t number = 0;
};
// Empty for every other key.
std::optional<RecordKey> parse_record_key(std::string_view key);

}  // namespace grid::store
