#include "collect/lease_list.h"

#include <algorithm>

#include "store/layout.h"

namespace grid::collect {

using store::LeaseId;
using store::LeaseSlot;

std::map<LeaseId, std::uint32_t> list_leases(const backend::Backend& backend) {
  std::map<LeaseId, std::uint32_t> leases;
  for (const std::string& name : backend.list_names(store::leases_prefix()))
    if (const auto at = store::parse_lease_slot_key(store::leases_prefix() + name))
      leases[at->lease] = std::max(leases[at->lease], at->slot);
  return leases;
}

static std::optional<LeaseSlot> find_slot(const backend::Backend& backend, const LeaseId& lease,
                                          std::uint32_t number) {
  const std::optional<Bytes> object = backend.find(store::lease_slot_key(lease, number));
  if (!object) return std::nullopt;
  return store::decode_lease_slot(*object, lease, number);
}

// The listing may be older than the last slot: a writer does not remove slots while its lease
// lasts, so they follow each other without a gap.
std::optional<LeaseState> find_lease(const backend::Backend& backend, const LeaseId& lease,
                                     std::uint32_t slot_listed) {
  std::optional<LeaseSlot> last = find_slot(backend, lease, slot_listed);
  if (!last) return std::nullopt;
  while (std::optional<LeaseSlot> next = find_slot(backend, lease, last->number + 1))
    last = std::move(next);
  LeaseState state{.last = std::move(*last)};
  if (const std::optional<LeaseSlot> first = find_slot(backend, lease, 1)) {
    state.collection = first->collection.value_or(0);
    state.holder = first->holder;
  }
  return state;
}

bool LeaseWatch::is_still(const LeaseId& lease, std::uint32_t slot) {
  const std::chrono::steady_clock::time_point now = now_();
  Seen& seen = seen_.try_emplace(lease, Seen{0, now}).first->second;
  if (seen.slot != slot) seen = {slot, now};
  return now - seen.since >= patience_;
}

}  // namespace grid::collect
