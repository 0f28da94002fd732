// Which version each datastore's folder shows as its own, beside the versions by number.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "mount/open_versions.h"
#include "mount/slots.h"

namespace grid::mount {

// Thread-safe. A pin never changes.
class Pins {
 public:
  // Both outlive this. Begins with the pins that the slots have kept.
  Pins(Slots& slots, OpenVersions& versions);

  // Has the version's datastore show it, unless it has a pin already. False if it shows another, or
  // none because the version's top holds a name that a version or `latest` may have. Throws what
  // reading the version throws.
  bool pin(const Slot& version);

  // The slot of the version that is pinned, whether it is shown or not; null for none.
  const Slot* find(const std::string& datastore) const;

  // The slot of the version that a datastore's folder shows as its own; null for none.
  const Slot* shown_in(const Slot& datastore) const;

 private:
  Slots& slots_;
  OpenVersions& versions_;
  mutable std::mutex mutex_;
  // By datastore, also those that are not shown.
  std::map<std::string, const Slot*, std::less<>> pins_;  // guarded by mutex_
};

}  // namespace grid::mount
