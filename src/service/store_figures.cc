#include "service/store_figures.h"

#include <algorithm>

#include "service/datastores.h"
#include "store/layout.h"

namespace grid::service {

StoreFigures read_store_figures(const dataset::OpenStore& store, std::string location) {
  StoreFigures figures{.store = std::move(location)};
  std::vector<care::Damage> unreadable;
  for (const std::string& name : store.datastores->names()) {
    std::uint64_t ready = 0;
    for (dataset::Version& version : readable_versions(*store.datastores, name, unreadable)) {
      if (version.state == dataset::VersionState::ready) {
        ++ready;
        figures.bytes += version.record.totals.bytes;
        figures.bytes_in_place += version.record.totals.bytes_in_place;
      } else {
        ++figures.deleted;
      }
      figures.growth.push_back({name, std::move(version)});
    }
    figures.ready += ready;
    if (ready > 0) ++figures.datastores;
  }
  std::stable_sort(figures.growth.begin(), figures.growth.end(), [](const auto& a, const auto& b) {
    return a.version.record.created < b.version.record.created;
  });
  for (const backend::ObjectEntry& object : store.backend->list(store::packs_prefix())) {
    if (!store::is_pack_data_key(object.key)) continue;
    ++figures.packs;
    figures.pack_bytes += object.size;
  }
  figures.unreadable = unreadable.size();
  return figures;
}

void write_document(JsonWriter& json, const StoreFigures& figures) {
  json.begin_object().name_member("store", figures.store);
  json.member("datastores", figures.datastores).member("versions", figures.ready);
  json.member("deleted_versions", figures.deleted).member("unreadable", figures.unreadable);
  json.member("bytes", figures.bytes).member("bytes_in_place", figures.bytes_in_place);
  json.member("packs", figures.packs).member("pack_bytes", figures.pack_bytes);
  json.key("growth").begin_array();
  for (const StoreFigures::Growth& growth : figures.growth) {
    const dataset::VersionRecord& record = growth.version.record;
    json.begin_object().member("name", growth.name).member("version", record.number);
    json.member("status", dataset::name_of(growth.version.state));
    json.member("created", record.created).member("files", record.totals.files);
    json.member("bytes", record.totals.bytes).member("stored_bytes", record.stored_bytes);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace grid::service
