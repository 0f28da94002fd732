// The versions that are being read, so that not every request decodes a record and a root again.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/lru.h"
#include "dataset/open_store.h"
#include "service/entries.h"

namespace grid::server {

// For one store. Thread-safe.
class KnownVersions {
 public:
  // As service::open_version(). A record never changes, so that of a numbered version is read once;
  // whether the version was deleted is asked each time.
  service::OpenVersion open(const dataset::OpenStore& store, const dataset::Reference& reference);

 private:
  static constexpr std::size_t memory_max = 32 << 20;  // bytes of manifests' roots, about

  std::shared_ptr<const service::OpenVersion> find(const std::string& text);
  void add(const service::OpenVersion& version);

  std::mutex mutex_;
  Lru<std::string, std::shared_ptr<const service::OpenVersion>, StringHash> known_{
      memory_max};  // by "name:number"; guarded by mutex_
};

}  // namespace grid::server
