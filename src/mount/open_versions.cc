#include "mount/open_versions.h"

#include <utility>

#include "base/error.h"
#include "base/timestamp.h"
#include "base/utc.h"

namespace grid::mount {

std::optional<VersionSummary> OpenVersions::find(const Slot& slot) {
  {
    std::lock_guard lock(mutex_);
    auto known = known_.find(slot.files);
    if (known != known_.end()) return known->second.summary;
  }
  std::optional<VersionSummary> summary = slots_.find_summary(slot);
  if (!summary) {
    summary = find_in_store(slot);
    if (!summary) return std::nullopt;
    slots_.keep_summary(slot, *summary);
  }
  std::lock_guard lock(mutex_);
  known_.try_emplace(slot.files, Known{.version = slot.version, .summary = *summary});
  return summary;
}

// 0 for a text that is no such time: that is no reason to hide a version.
static std::int64_t parse_rfc3339_ns(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? timestamp_of(*time) : 0;
}

std::optional<VersionSummary> OpenVersions::find_in_store(const Slot& slot) const {
  auto found = store_->datastores->find(slot.version.name, slot.version.number);
  // An old name leads on.
  if (found && !found->renamed_to.empty())
    found =
        store_->datastores->resolve({.name = slot.version.name, .version = slot.version.number});
  if (identity_.is_cheap()) identity_.check();
  if (!found || found->state != dataset::VersionState::ready) return std::nullopt;
  const std::int64_t created_ns = parse_rfc3339_ns(found->record.created);
  return VersionSummary{.root = found->record.root,
                        .created_ns = created_ns,
                        .mtime_ns = found->record.top_mtime_ns.value_or(created_ns),
                        .totals = found->record.totals};
}

bool OpenVersions::is_renamed(const VersionName& version) const {
  return !store_->datastores->renamed_to({.name = version.name, .version = version.number}).empty();
}

std::shared_ptr<const tree::Manifest> OpenVersions::manifest(const Slot& slot) {
  {
    std::lock_guard lock(mutex_);
    if (const auto* manifest = manifests_.find(slot.files)) return *manifest;
  }
  const auto summary = find(slot);
  if (!summary) fail(ErrorKind::not_found, "there is no such version");
  auto manifest = tree::Manifest::open(store_->chunks, store_->segments, summary->root);

  std::lock_guard lock(mutex_);
  return manifests_.add(slot.files, std::move(manifest));
}

bool OpenVersions::touch(const Slot& slot, const CounterOf& counter_of) {
  std::lock_guard lock(mutex_);
  Known& known = known_.at(slot.files);
  if (std::exchange(known.touched, true)) return false;
  if (counter_of) known.bytes_read = counter_of(known.version, known.summary.root);
  return true;
}

void OpenVersions::count_read(const Slot& slot, std::size_t size) {
  std::atomic<std::uint64_t>* counter;
  {
    std::lock_guard lock(mutex_);
    counter = known_.at(slot.files).bytes_read;
  }
  if (counter) counter->fetch_add(size, std::memory_order_relaxed);
}

Totals OpenVersions::touched_totals() const {
  Totals totals;
  std::lock_guard lock(mutex_);
  for (const auto& [index, known] : known_) {
    if (!known.touched) continue;
    totals.bytes += known.summary.totals.bytes;
    totals.entries += known.summary.totals.entries;
  }
  return totals;
}

}  // namespace grid::mount
