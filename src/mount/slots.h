// The slots of node numbers: handed out in order, kept while the mount lives, never used again.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "mount/filesystem.h"
#include "mount/node.h"

namespace grid::mount {

enum class SlotKind {
  datastore,  // a datastore's folder
  version,    // NAME/VERSION and what is below
  pinned,     // the same version below NAME: folders have numbers of their own, since the kernel
              // wants a folder to have one path; files have the same, and so one copy in memory
};

struct Slot {
  SlotKind kind = SlotKind::datastore;
  std::uint64_t index = 0;
  VersionName version;       // number 0: a datastore
  std::uint64_t parent = 0;  // the slot of its datastore; of a datastore: the top
  std::uint64_t files = 0;   // the slot of its files and links
};

// Thread-safe. References stay valid.
class Slots {
 public:
  Slots();

  const Slot& datastore(std::string_view name);
  const Slot& version(const VersionName& version);
  const Slot& pinned(const VersionName& version);

  // Throws `not_found` for a slot that was not handed out.
  const Slot& at(std::uint64_t index) const;

 private:
  const Slot& get(SlotKind kind, const VersionName& version, std::uint64_t parent,
                  std::uint64_t files);

  mutable std::mutex mutex_;
  std::deque<Slot> slots_;                                              // guarded by mutex_
  std::map<std::pair<SlotKind, VersionName>, const Slot*> by_meaning_;  // guarded by mutex_
};

}  // namespace grid::mount
