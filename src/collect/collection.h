// Removes the packs that no version needs, while others create, move and read. docs/collection.md
// is the protocol, and says why nothing is lost.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "dataset/open_store.h"
#include "store/pack_list.h"

namespace grid::collect {

// Written by the run, read by a progress bar.
struct CollectProgress {
  std::atomic<std::uint64_t> trees_done = 0, trees_total = 0;  // of both looks
  std::atomic<std::uint64_t> packs_removed = 0, bytes_removed = 0;
};

struct CollectOptions {
  // Whether a lease whose last slot has this number has not moved for the patience. Whatever it
  // says, nothing is lost: a writer whose lease is closed begins again.
  std::function<bool(const store::LeaseId&, std::uint32_t slot)> is_still;
  // Whether packs of a lease that was closed at that time (RFC 3339) are kept for its writer; null:
  // never.
  std::function<bool(std::string_view closed)> is_kept{};
  std::size_t condemned_count_max = store::listed_packs_max;  // packs, of a run
  // Packs of which at most so many per cent are live are rewritten: what is live goes to new packs.
  // 0: none. So many bytes of them at most are copied in a run.
  unsigned rewrite_percent_max = 0;
  std::uint64_t rewrite_bytes_max = 10ull << 30;
  std::string holder{};                       // of the lease that this takes: who, for people
  std::chrono::milliseconds pause_first{50};  // see store::Lease
  bool is_dry = false;                        // only look: nothing is closed, written or removed
  CollectProgress* progress = nullptr;        // outlives the run; null: nobody looks
  const std::atomic<bool>* stop = nullptr;    // once true, the run soon throws Stopped; null: never
};

// Thrown when CollectOptions::stop was set. The next run goes on.
class Stopped : public Error {
 public:
  Stopped() : Error(ErrorKind::unavailable, "interrupted") {}
};

struct CollectReport {
  std::uint64_t packs_condemned = 0;                   // by this run, or another that it has helped
  std::uint64_t packs_rescued = 0;                     // of these, still needed
  std::uint64_t packs_removed = 0, bytes_removed = 0;  // of a dry run: that it would remove
  // That nothing needs yet: of live creates, and of interrupted ones.
  std::uint64_t packs_kept = 0, bytes_kept = 0;
  // Of the removed packs, those whose live chunks were copied, and the bytes of the copies. Of a
  // dry run: that it would copy.
  std::uint64_t packs_rewritten = 0, bytes_rewritten = 0;
  bool rewriting_goes_on =
      false;  // more packs have little that is live: the next run rewrites them
  std::string rewriting_problem{};  // why none was rewritten: what is live of one is damaged
  std::uint64_t bytes_left = 0;     // in all packs that were there, without what was removed
  std::uint64_t trees_walked = 0;
  // Whose leases must end before what is condemned can be removed; a later run goes on then.
  std::vector<std::string> waits_for;
};

// One run. Thread-safe, also with itself, and may be killed at any moment. Throws `corrupt` if what
// a ready version needs cannot be found out, or a lease cannot be read: nothing is removed then.
CollectReport collect(const dataset::OpenStore& store, const CollectOptions& options);

}  // namespace grid::collect
