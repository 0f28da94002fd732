// What a writer holds from before it looks at what the store has until it has published: as long as
// it does, no collection removes a pack on which it may rely. docs/collection.md says why.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "backend/backend.h"
#include "base/error.h"
#include "store/lease_slot.h"

namespace grid::store {

// Thrown when a collector has closed the lease: the writer begins again, with a new one. What it
// has stored is still there, unless the new lease excludes it.
class LeaseClosed : public Error {
 public:
  explicit LeaseClosed(const std::string& message) : Error(ErrorKind::changed, message) {}
};

// Not thread-safe: who beats in a thread ends that before publishing. If a lease is dropped without
// end(), it looks as if its writer had died; the collector closes it after the patience, and keeps
// for a while what it has stored.
class Lease {
 public:
  // Makes a lease. `backend` keeps no copies, and outlives it. `holder` says to people whose it is.
  // `pause_first`: before a request whose answer was lost is repeated; doubles each time.
  Lease(backend::Backend& backend, std::string holder,
        std::chrono::milliseconds pause_first = std::chrono::milliseconds(50));

  const LeaseId& id() const { return id_; }
  // On these the writer may not rely. It may rely on every other pack that it lists from now on.
  const std::set<PackId>& excluded() const { return excluded_; }

  // Shows that the writer lives. Throws LeaseClosed.
  void beat();

  // Does the writer's work. If that meets what is damaged or gone, it may be because the lease was
  // closed, and packs were removed: throws LeaseClosed then.
  template <class Work>
  auto run(const Work& work) {
    try {
      return work();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::corrupt && !unsettled_ && !withdrawn_) beat();
      throw;
    }
  }

  // To be called before each attempt to create the object of a version: announces it, so that it
  // can be created by whoever closes the lease. Nobody but the caller creates it before it does.
  // Throws LeaseClosed, and then it must not be created. The one before must be settled.
  void announce(std::string_view key, std::string_view object);
  // There is an object at the key that was announced last, whosever it is.
  void settle() { unsettled_ = false; }
  // No request for what was announced last has had an effect, nor will have one. False if the lease
  // was closed: then it is created, or was, by the collector.
  bool withdraw();

  // Ends the lease of a writer that publishes nothing: no collection waits for it. What it has
  // stored is kept for a while, for its next attempt, unless that is `nothing`. Does no more than
  // end().
  void abandon(bool nothing);

  // Removes the lease: what its writer did not publish is free to go. Does nothing, so that it is
  // left to the collector, if what was announced last is not settled. No Error: what cannot be
  // removed is closed later.
  void end();

 private:
  LeaseSlot slot_of(LeaseSlotState state) const;
  void add(LeaseSlot slot);
  bool try_to_create(const std::string& key, std::string_view text);

  backend::Backend& backend_;
  const std::chrono::milliseconds pause_first_;
  LeaseId id_;
  std::set<PackId> excluded_;
  std::uint32_t slot_count_ = 0;
  bool unsettled_ = false;  // what was announced last may be created at any time
  bool withdrawn_ = false;
};

// Does a writer's whole work, `work(lease)`, under a lease of its own. `bytes_stored`: by the work,
// so far. Throws what the work throws, and as Lease does.
template <class Work>
auto under_lease(backend::Backend& backend, std::string holder,
                 const std::atomic<std::uint64_t>& bytes_stored, const Work& work) {
  Lease lease(backend, std::move(holder));
  try {
    auto result = lease.run([&] { return work(lease); });
    lease.end();
    return result;
  } catch (...) {
    lease.abandon(bytes_stored == 0);
    throw;
  }
}

}  // namespace grid::store
