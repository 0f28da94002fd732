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

}  // namespace grid::store
