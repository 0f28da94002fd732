#include "mount/slots.h"

#include "base/error.h"

namespace grid::mount {

Slots::Slots() { slots_.emplace_back(); }  // the top's, which get() never gives

const Slot& Slots::get(SlotKind kind, const VersionName& version, std::uint64_t parent,
                       std::uint64_t files) {
  std::lock_guard lock(mutex_);
  const Slot*& slot = by_meaning_[{kind, version}];
  if (!slot) {
    const std::uint64_t index = slots_.size();
    if (index >= slot_count_max) {
      fail(ErrorKind::no_space, "this mount has shown {} versions: mount again to see more", index);
    }
    slot = &slots_.emplace_back(Slot{.kind = kind,
                                     .index = index,
                                     .version = version,
                                     .parent = parent,
                                     .files = kind == SlotKind::pinned ? files : index});
  }
  return *slot;
}

const Slot& Slots::datastore(std::string_view name) {
  return get(SlotKind::datastore, {.name = std::string(name)}, 0, 0);
}

const Slot& Slots::version(const VersionName& version) {
  return get(SlotKind::version, version, datastore(version.name).index, 0);
}

const Slot& Slots::pinned(const VersionName& version) {
  return get(SlotKind::pinned, version, datastore(version.name).index,
             this->version(version).index);
}

const Slot& Slots::at(std::uint64_t index) const {
  std::lock_guard lock(mutex_);
  if (index == 0 || index >= slots_.size()) {
    fail(ErrorKind::not_found, "no node has a number in slot {}", index);
  }
  return slots_[index];
}

}  // namespace grid::mount
