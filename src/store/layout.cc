#include "store/layout.h"

#include "base/hex.h"
#include "base/text.h"

namespace grid::store {

static constexpr std::string_view index_suffix = ".index";
static constexpr std::string_view data_suffix = ".data";

std::string PackId::hex() const { return to_hex(BytesView(bytes)); }

std::string marker_key() { return "store.json"; }
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

std::string datastores_prefix() { return "datastores/"; }

static std::string datastore_prefix(std::string_view datastore) {
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
std::string tombstone_key(std::string_view datastore, std::uint32_t version) {
  return tombstones_prefix(datastore) + std::to_string(version);
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

std::optional<RecordKey> parse_record_key(std::string_view key) {
  if (!key.starts_with(datastores_prefix())) return std::nullopt;
  key.remove_prefix(datastores_prefix().size());
  RecordKey found{.kind = {}, .datastore = std::string(take_until(key, '/'))};
  const std::string_view kind = take_until(key, '/');
  if (kind == "versions")
    found.kind = RecordKind::version;
  else if (kind == "deleted")
    found.kind = RecordKind::tombstone;
  else if (kind == "descriptions")
    found.kind = RecordKind::description;
  else
    return std::nullopt;
  std::optional<std::uint32_t> number = parse_number(key);
  if (found.kind == RecordKind::tombstone && !number)
    if (std::optional<AdvanceTombstone> advance = parse_advance_tombstone(key))
      number = advance->version;
  if (!number) return std::nullopt;
  found.number = *number;
  return found;
}

}  // namespace grid::store
