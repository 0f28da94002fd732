#include "store/lease.h"

#include <algorithm>
#include <cassert>
#include <thread>

#include "base/random.h"
#include "base/user.h"
#include "store/collection_state.h"

namespace grid::store {

static constexpr unsigned tries_max = 5;

Lease::Lease(backend::Backend& backend, std::string holder, std::chrono::milliseconds pause_first)
    : backend_(backend), pause_first_(pause_first) {
  fill_random(id_.bytes);
  LeaseSlot first = slot_of(LeaseSlotState::open);
  first.collection = find_newest_collection(backend_);
  first.holder = std::move(holder);
  add(first);
  // Once more: a collection that began in between has not seen the lease, and one that begins from
  // now on will.
  excluded_ = read_collection(backend_, find_newest_collection(backend_)).excluded();
}

LeaseSlot Lease::slot_of(LeaseSlotState state) const {
  return {.lease = id_, .number = slot_count_ + 1, .state = state, .created = utc_now()};
}

// True if the object is there with these bytes, false if with others. An answer may be lost, so the
// object itself decides; if there is none, the request may still be under way, and is repeated.
bool Lease::try_to_create(const std::string& key, std::string_view text) {
  std::chrono::milliseconds pause = pause_first_;
  for (unsigned tries = 1;; ++tries) {
    std::exception_ptr failure;
    try {
      if (backend_.create(key, as_bytes(text))) return true;
    } catch (const Error&) {
      failure = std::current_exception();
    }
    try {
      if (const std::optional<Bytes> there = backend_.find(key)) return as_text(*there) == text;
    } catch (const Error&) {  // the first says more
      if (!failure) failure = std::current_exception();
    }
    if (tries == tries_max) {
      if (failure) std::rethrow_exception(failure);
      fail(ErrorKind::unavailable, "{}: {} can be neither made nor read", backend_.name(), key);
    }
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

// Whether the slot that is there was made by this writer. It may have given up the request.
static bool is_own(const backend::Backend& backend, const LeaseSlot& slot) {
  const std::optional<Bytes> there = backend.find(lease_slot_key(slot.lease, slot.number));
  if (!there) return false;
  return decode_lease_slot(*there, slot.lease, slot.number).state != LeaseSlotState::closed;
}

void Lease::add(LeaseSlot slot) {
  for (;; ++slot.number) {
    const std::string key = lease_slot_key(slot.lease, slot.number);
    if (try_to_create(key, encode_lease_slot(slot))) break;
    if (is_own(backend_, slot)) continue;
    throw LeaseClosed(
        fmt::format("{}: this create has stood still for so long that a collection no longer waits "
                    "for it ({}): nothing was published; run it again, what it has stored is used",
                    backend_.name(), key));
  }
  slot_count_ = slot.number;
}

void Lease::beat() {
  assert(!unsettled_);
  add(slot_of(LeaseSlotState::open));
}

void Lease::announce(std::string_view key, std::string_view object) {
  assert(!unsettled_ && !withdrawn_);
  LeaseSlot slot = slot_of(LeaseSlotState::publishing);
  slot.publication = {.key = std::string(key), .object = std::string(object)};
  unsettled_ = true;  // also if the answer is lost
  try {
    add(slot);
  } catch (const LeaseClosed&) {
    unsettled_ = false;
    withdrawn_ = true;  // the closing stays
    throw;
  }
}

bool Lease::withdraw() {
  try {
    add(slot_of(LeaseSlotState::closed));
  } catch (const LeaseClosed&) {
    return false;
  }
  unsettled_ = false;
  withdrawn_ = true;
  return true;
}

void Lease::abandon(bool nothing) {
  if (nothing) return end();
  if (unsettled_ || withdrawn_) return;
  try {
    withdraw();
  } catch (const Error&) {  // the collector closes it
  }
}

// Ascending: what is left of a lease whose writer dies here has the slot that says its state.
void Lease::end() {
  if (unsettled_ || withdrawn_) return;
  try {
    for (std::uint32_t slot = 1; slot <= slot_count_; ++slot)
      backend_.discard(lease_slot_key(id_, slot));
    slot_count_ = 0;
  } catch (const Error&) {  // the collector closes what is left
  }
}

}  // namespace grid::store
