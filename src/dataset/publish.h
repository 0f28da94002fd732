// Makes the next version exist, once, whatever is lost on the way.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "dataset/records.h"
#include "store/lease.h"

namespace grid::dataset {

// So many numbers in a row may turn out to be taken by others before a writer gives up.
inline constexpr unsigned races_max = 256;

// What a listing has shown, and how to ask.
struct PublishAt {
  VersionNumber highest_taken = 0;
  std::vector<VersionNumber> deleted;  // that have a tombstone, ascending
  // Before a key is asked again; doubles each time. All pauses together are below 2 s.
  std::chrono::milliseconds pause_first{50};
  // A version above this number that others have published meanwhile, with the same tree, is
  // returned in place of a new one; empty: a new one is made in any case.
  std::optional<VersionNumber> same_serves_above{};
  // Of the writer of the chunks, not settled meanwhile; null in tests, where nobody collects. Each
  // record is announced in it first: then LeaseClosed may be thrown too, and nothing is published.
  store::Lease* lease = nullptr;
};

// Creates the record at the lowest number above `highest_taken` that no other create has; returns
// it as it is stored. Throws `unsupported` if no number is left; and Error of any kind if it could
// not be published, or if that is not known: the message then says so, and how to look.
VersionRecord publish(backend::Backend& backend, VersionRecord record, const PublishAt& at);

}  // namespace grid::dataset
