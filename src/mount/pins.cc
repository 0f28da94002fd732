#include "mount/pins.h"

#include "mount/version_names.h"

namespace grid::mount {

// Whether the top of a version contains a name that a version may have. Names are sorted, so all
// names that begin with a digit are adjacent.
static bool hides_versions(const std::shared_ptr<const tree::Manifest>& manifest) {
  if (manifest->find("", latest_name)) return true;
  const tree::EntryRange top = manifest->children("");
  std::uint64_t low = top.first, high = top.first + top.count;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (manifest->at(middle).name() < "0") {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  tree::EntryCursor cursor(manifest, {low, top.first + top.count - low});
  for (auto entry = cursor.next(); entry && entry->name().front() <= '9'; entry = cursor.next()) {
    if (is_all_digits(entry->name())) return true;
  }
  return false;
}

Pins::Pins(Slots& slots, OpenVersions& versions) : slots_(slots), versions_(versions) {
  for (const Slot* slot : slots_.all_pinned()) pins_.emplace(slot->version.name, slot);
}

bool Pins::pin(const Slot& version) {
  const std::string& datastore = version.version.name;
  const Slot* pinned = find(datastore);
  if (!pinned) {
    const bool hides = hides_versions(versions_.manifest(version));
    std::lock_guard lock(mutex_);
    auto known = pins_.find(datastore);
    if (known == pins_.end())
      known = pins_.emplace(datastore, &slots_.pinned(version.version, !hides)).first;
    pinned = known->second;
  }
  return pinned->shown && pinned->version == version.version;
}

const Slot* Pins::find(const std::string& datastore) const {
  std::lock_guard lock(mutex_);
  const auto pin = pins_.find(datastore);
  return pin == pins_.end() ? nullptr : pin->second;
}

const Slot* Pins::shown_in(const Slot& datastore) const {
  const Slot* pin = find(datastore.version.name);
  return pin && pin->shown ? pin : nullptr;
}

}  // namespace grid::mount
