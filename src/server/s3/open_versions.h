// The versions that are being read, so that each request need not open one again.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/lru.h"
#include "dataset/open_store.h"
#include "service/entries.h"

namespace grid::server::s3 {

// Thread-safe.
class OpenVersions {
 public:
  // A version's record is asked for again after this time: so long a deleted version may still be
  // read, and `latest` mean the one before.
  explicit OpenVersions(std::chrono::milliseconds lasts = std::chrono::seconds(1))
      : lasts_(lasts), known_(memory_max) {}

  // `version` is a number without leading zeros, or "latest"; empty for anything else, and if there
  // is no such ready version.
  std::optional<service::OpenVersion> find(const dataset::OpenStore& store, const std::string& name,
                                           std::string_view version);

 private:
  static constexpr std::size_t memory_max = 32 << 20;  // bytes of manifests' roots, about

  struct Known {
    service::OpenVersion version;
    std::chrono::steady_clock::time_point checked;
  };
  const std::chrono::milliseconds lasts_;
  std::mutex mutex_;
  Lru<std::string, Known> known_;  // by "name:version"; guarded by mutex_
};

}  // namespace grid::server::s3
