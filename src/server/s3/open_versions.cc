#include "server/s3/open_versions.h"

#include "base/text.h"

namespace grid::server::s3 {

static std::optional<dataset::Version> find_record(const dataset::OpenStore& store,
                                                   const std::string& name,
                                                   std::string_view version) {
  if (version == "latest") return store.datastores->find_newest(name);
  const auto number = parse_number<dataset::VersionNumber>(version);
  if (!number || *number == 0 || std::to_string(*number) != version) return std::nullopt;
  return store.datastores->find(name, *number);
}

std::optional<service::OpenVersion> OpenVersions::find(const dataset::OpenStore& store,
                                                       const std::string& name,
                                                       std::string_view version) {
  const std::string key = fmt::format("{}:{}", name, version);
  const auto now = std::chrono::steady_clock::now();
  std::shared_ptr<const tree::Manifest> manifest;
  {
    std::lock_guard lock(mutex_);
    if (const Known* known = known_.find(key)) {
      if (now - known->checked < lasts_) return known->version;
      manifest = known->version.manifest;
    }
  }
  std::optional<dataset::Version> found = find_record(store, name, version);
  if (!found || found->state != dataset::VersionState::ready) {
    std::lock_guard lock(mutex_);
    known_.remove(key);
    return std::nullopt;
  }
  if (manifest == nullptr || manifest->root_digest() != found->record.root)
    manifest = store.manifest(found->record);
  service::OpenVersion opened{name, std::move(found->record), manifest};
  const std::size_t size =
      1000 + manifest->segments().size() * sizeof(tree::Manifest::SegmentEntry) * 2;
  std::lock_guard lock(mutex_);
  known_.remove(key);
  known_.add(key, {opened, now}, size);
  return opened;
}

}  // namespace grid::server::s3
