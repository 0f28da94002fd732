#include "server/known_versions.h"

namespace grid::server {

std::shared_ptr<const service::OpenVersion> KnownVersions::find(const std::string& text) {
  std::lock_guard lock(mutex_);
  const auto* known = known_.find(text);
  return known == nullptr ? nullptr : *known;
}

void KnownVersions::add(const service::OpenVersion& version) {
  const std::size_t size =
      1000 + version.manifest->segments().size() * sizeof(tree::Manifest::SegmentEntry) * 2;
  auto kept = std::make_shared<const service::OpenVersion>(version);
  std::lock_guard lock(mutex_);
  known_.remove(version.text());
  known_.add(version.text(), std::move(kept), size);
}

service::OpenVersion KnownVersions::open(const dataset::OpenStore& store,
                                         const dataset::Reference& reference) {
  if (reference.version) {
    const auto known = find(reference.text());
    if (known != nullptr && !store.datastores->find_tombstone(reference.name, *reference.version))
      return *known;
    service::OpenVersion opened = service::open_version(store, reference);
    add(opened);
    return opened;
  }
  service::OpenVersion opened{reference.name, store.datastores->resolve(reference).record, nullptr};
  if (const auto known = find(opened.text()); known && known->record.root == opened.record.root) {
    opened.manifest = known->manifest;
    return opened;
  }
  opened.manifest = store.manifest(opened.record);
  add(opened);
  return opened;
}

}  // namespace grid::server
