#include "mount/open_versions.h"

#include <time.h>

#include <algorithm>

#include "base/error.h"

namespace grid::mount {
namespace {

// An open manifest is about 100 bytes for each 10,000 entries, and more where many files are
// hard-linked: this many of them are a few MB, and opening one again is one read.
constexpr std::size_t open_manifest_count_max = 64;

// 0 for a text that is no such time: nobody is to miss a version for that.
std::int64_t parse_rfc3339_ns(const std::string& text) {
  std::tm time{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  return rest == nullptr ? 0 : std::int64_t{::timegm(&time)} * 1'000'000'000;
}

}  // namespace

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

std::optional<VersionSummary> OpenVersions::find_in_store(const Slot& slot) const {
  const auto found = store_->datastores->find(slot.version.name, slot.version.number);
  if (!found || found->state != dataset::VersionState::ready) return std::nullopt;
  return VersionSummary{.root = found->record.root,
                        .created_ns = parse_rfc3339_ns(found->record.created),
                        .totals = found->record.totals};
}

std::shared_ptr<const tree::Manifest> OpenVersions::manifest(const Slot& slot) {
  {
    std::lock_guard lock(mutex_);
    auto known = known_.find(slot.files);
    if (known != known_.end() && known->second.manifest) {
      known->second.last_use = ++use_count_;
      return known->second.manifest;
    }
  }
  const auto summary = find(slot);
  if (!summary) fail(ErrorKind::not_found, "there is no such version");
  auto manifest = tree::Manifest::open(store_->chunks, store_->segments, summary->root);

  std::lock_guard lock(mutex_);
  Known& known = known_.at(slot.files);
  known.last_use = ++use_count_;
  if (!known.manifest) {
    known.manifest = manifest;
    if (++open_count_ > open_manifest_count_max) close_least_used();
  }
  return known.manifest;
}

void OpenVersions::close_least_used() {
  Known* least = nullptr;
  for (auto& [index, known] : known_) {
    if (known.manifest && (!least || known.last_use < least->last_use)) least = &known;
  }
  least->manifest.reset();
  --open_count_;
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

std::vector<VersionName> OpenVersions::touched() const {
  std::vector<VersionName> versions;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [index, known] : known_) {
      if (known.touched) versions.push_back(known.version);
    }
  }
  std::sort(versions.begin(), versions.end());
  return versions;
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
