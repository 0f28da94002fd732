// What this machine knows of drift, to warn when a version in place is shown: what the last
// comparison found, and what readers have met since. Kept in the cache folder; losing it costs
// only the warning.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "base/digest.h"

namespace grid::dataset {

struct DriftKnowledge {
  std::string compared;                        // when, RFC 3339; empty: never, as far as is known
  std::map<std::string, std::string> reasons;  // by path
};

// Thread-safe. Failures to read or write are ignored.
class KnownDrift {
 public:
  // Keeps nothing if `folder` is empty.
  explicit KnownDrift(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Of the version whose tree has this root.
  DriftKnowledge find(const Digest& root) const;
  // Notes what a reader has met.
  void note(const Digest& root, const std::string& path, const std::string& reason);
  // Replaces what was known before, after all of the version was compared.
  void replace(const Digest& root, const DriftKnowledge& knowledge);

 private:
  std::filesystem::path path_of(const Digest& root) const { return folder_ / root.hex(); }

  const std::filesystem::path folder_;
  std::mutex mutex_;
  std::set<std::pair<Digest, std::string>> noted_;  // guarded by mutex_
};

}  // namespace grid::dataset
