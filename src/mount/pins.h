// Which version each datastore's folder shows as its own, besides the versions by number.
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
  // Both must outlive this object. Starts with the pins kept in `slots`.
  Pins(Slots& slots, OpenVersions& versions);

  // Has the datastore's folder show the version, unless the datastore has a pin already. False if
  // the folder shows another version, or none because the version's top contains a name that a
  // version or `latest` may have. Throws what reading the version throws.
  bool pin(const Slot& version);

  // The slot of the pinned version, shown or not; null if there is none.
  const Slot* find(const std::string& datastore) const;

  // The slot of the version that a datastore's folder shows as its own; null if there is none.
  const Slot* shown_in(const Slot& datastore) const;

 private:
  Slots& slots_;
  OpenVersions& versions_;
  mutable std::mutex mutex_;
  // By datastore, including pins that are not shown.
  std::map<std::string, const Slot*, std::less<>> pins_;  // guarded by mutex_
};

}  // namespace grid::mount
