// The records and manifests of the versions that a mount has been asked about.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/lru.h"
#include "dataset/open_store.h"
#include "mount/slots.h"

namespace grid::mount {

using CounterOf = decltype(FilesystemOptions::counter_of);

// Thread-safe. A summary once found is kept, so that what is open stays readable when the version
// is deleted. Manifests are kept while few are open; the one used least recently goes first.
class OpenVersions {
 public:
  // `slots` outlives this object.
  OpenVersions(std::shared_ptr<const dataset::OpenStore> store, Slots& slots)
      : store_(std::move(store)), slots_(slots) {}

  // Empty if there is no such ready version, and it was not found before either.
  std::optional<VersionSummary> find(const Slot& slot);

  // Throws `not_found` where find() is empty.
  std::shared_ptr<const tree::Manifest> manifest(const Slot& slot);

  // Notes that a version was looked into; true the first time, which is when `counter_of`, if
  // there is one, is called.
  bool touch(const Slot& slot, const CounterOf& counter_of);
  // Adds to the counter of a version that was touched.
  void count_read(const Slot& slot, std::size_t size);
  std::vector<VersionName> touched() const;  // sorted

  // Of the versions that were touched.
  Totals touched_totals() const;

 private:
  struct Known {
    VersionName version;
    VersionSummary summary;
    bool touched = false;
    std::atomic<std::uint64_t>* bytes_read = nullptr;
  };
  std::optional<VersionSummary> find_in_store(const Slot& slot) const;

  const std::shared_ptr<const dataset::OpenStore> store_;
  Slots& slots_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Known> known_;  // by Slot::files; guarded by mutex_
  // By Slot::files; guarded by mutex_. An open manifest is about 100 bytes for each 10,000 entries,
  // and more where many files are hard-linked: 64 of them are a few MB, and opening one again is
  // one read.
  Lru<std::uint64_t, std::shared_ptr<const tree::Manifest>> manifests_{64};
};

}  // namespace grid::mount
