// The leases of a store as a collector sees them. docs/collection.md, section 3.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "backend/backend.h"
#include "store/lease_slot.h"

namespace grid::collect {

struct LeaseState {
  store::LeaseSlot last;  // the slot that says its state
  std::uint32_t collection =
      0;  // the newest one that its writer had seen; 0 if slot 1 is not there
  std::string holder{};

  const store::LeaseId& id() const { return last.lease; }
};

// Their ids, each with the highest slot that the listing shows.
std::map<store::LeaseId, std::uint32_t> list_leases(const backend::Backend& backend);

// Empty if the lease is gone, or is being removed by its writer. Throws if what it says cannot be
// read: then nothing may be concluded from it.
std::optional<LeaseState> find_lease(const backend::Backend& backend, const store::LeaseId& lease,
                                     std::uint32_t slot_listed);

// Whether a lease has not moved for the patience, as far as this process has seen. Not thread-safe.
class LeaseWatch {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;
  explicit LeaseWatch(std::chrono::steady_clock::duration patience,
                      Now now = std::chrono::steady_clock::now)
      : patience_(patience), now_(std::move(now)) {}

  struct Seen {
    std::uint32_t slot = 0;
    std::chrono::steady_clock::time_point since{};
  };
  using AllSeen = std::map<store::LeaseId, Seen>;

  // Notes what is seen now.
  bool is_still(const store::LeaseId& lease, std::uint32_t slot);

  // For another process of this machine, since it was started, that goes on watching.
  const AllSeen& seen() const { return seen_; }
  void take_over(AllSeen seen) { seen_ = std::move(seen); }

 private:
  const std::chrono::steady_clock::duration patience_;
  const Now now_;
  AllSeen seen_;
};

}  // namespace grid::collect
