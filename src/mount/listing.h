// Which datastores and ready versions exist: lists them again when the last answer is too old.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/datastore.h"
#include "mount/store_identity.h"

namespace grid::mount {

enum class Freshness {
  recent,  // an answer no older than the interval
  now,     // ask again
};

template <class T>
struct Listed {
  std::vector<T> values;        // ascending
  std::int64_t changed_ns = 0;  // when this state was first seen, since 1970-01-01 UTC

  bool contains(const auto& value) const {
    return std::binary_search(values.begin(), values.end(), value);
  }
};

// Thread-safe. While the store is unavailable the last answer stands: versions never change, so it
// lacks only what has come or gone since. Nothing of another store is ever listed: throws as
// StoreIdentity::check() does.
class Listing {
 public:
  using Names = std::shared_ptr<const Listed<std::string>>;
  using Numbers = std::shared_ptr<const Listed<dataset::VersionNumber>>;

  // `identity` must outlive this object.
  Listing(std::shared_ptr<const dataset::Datastores> datastores, StoreIdentity& identity,
          std::chrono::milliseconds interval)
      : datastores_(std::move(datastores)), identity_(identity), interval_(interval) {}

  Names names(Freshness freshness);
  Numbers numbers(const std::string& name, Freshness freshness);

  // Whether the last answer about a datastore, however old, contained versions.
  bool had_versions(const std::string& name);

 private:
  using Clock = std::chrono::steady_clock;

  template <class T>
  struct Answer {
    std::shared_ptr<const Listed<T>> listed;  // null: never asked
    Clock::time_point asked;
  };

  template <class T, class Ask>
  std::shared_ptr<const Listed<T>> get(Answer<T>& answer, Freshness freshness, const Ask& ask);

  const std::shared_ptr<const dataset::Datastores> datastores_;
  StoreIdentity& identity_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  Answer<std::string> names_;                                      // guarded by mutex_
  std::map<std::string, Answer<dataset::VersionNumber>> numbers_;  // guarded by mutex_
};

}  // namespace grid::mount
