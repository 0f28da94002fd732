// The records and manifests of the versions that a mount was asked about.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/lru.h"
#include "dataset/open_store.h"
#include "mount/slots.h"
#include "mount/store_identity.h"

namespace grid::mount {

using CounterOf = decltype(FilesystemOptions::counter_of);

// Thread-safe. Keeps each summary it has found, so that open files stay readable when the version
// is deleted. Keeps a limited number of manifests open and closes the least recently used first.
class OpenVersions {
 public:
  // `slots` and `identity` must outlive this object.
  OpenVersions(std::shared_ptr<const dataset::OpenStore> store, Slots& slots,
               StoreIdentity& identity)
      : store_(std::move(store)), slots_(slots), identity_(identity) {}

  // Empty if there is no such ready version and none was found before.
  std::optional<VersionSummary> find(const Slot& slot);
  // Whether another datastore has the version now, to which its old name leads.
  bool is_renamed(const VersionName& version) const;

  // Throws `not_found` if find() is empty.
  std::shared_ptr<const tree::Manifest> manifest(const Slot& slot);

  // Records that a version was looked into. Returns true the first time, and then calls
  // `counter_of` if it is set.
  bool touch(const Slot& slot, const CounterOf& counter_of);
  // Adds to the counter of a version that was touched.
  void count_read(const Slot& slot, std::size_t size);

  // The totals of the touched versions.
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
  StoreIdentity& identity_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Known> known_;  // by Slot::files; guarded by mutex_
  // By Slot::files; guarded by mutex_. An open manifest is about 100 bytes for each 10,000 entries,
  // and more where many files are hard-linked: 64 of them are a few MB, and opening one again is
  // one read.
  Lru<std::uint64_t, std::shared_ptr<const tree::Manifest>> manifests_{64};
};

}  // namespace grid::mount
