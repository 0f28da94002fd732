// The slots of node numbers: handed out in order, kept while the mount lives, never used again.
//
// With a file in memory they are also kept while the server lives no more: the next one, with the
// same file, finds them there, and what was known of their versions.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
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
  bool shown = true;         // pinned: its datastore's folder shows it
};

// What is kept of a version's record.
struct VersionSummary {
  Digest root;
  std::int64_t created_ns = 0;  // since 1970-01-01 UTC
  tree::TreeTotals totals;
};

// Thread-safe. References stay valid.
class Slots {
 public:
  // `file`: of make_slot_file(), outlives this object; -1: for this object alone.
  explicit Slots(int file = -1);

  const Slot& datastore(std::string_view name);
  const Slot& version(const VersionName& version);
  // `shown`: see Slot. To be asked for once for a datastore.
  const Slot& pinned(const VersionName& version, bool shown);
  std::vector<const Slot*> all_pinned() const;

  void keep_summary(const Slot& slot, const VersionSummary& summary);
  // What was kept, also by a server before this one.
  std::optional<VersionSummary> find_summary(const Slot& slot) const;

  // Throws `not_found` for a slot that was not handed out.
  const Slot& at(std::uint64_t index) const;

 private:
  struct Kept;
  const Slot& get(SlotKind kind, const VersionName& version, std::uint64_t parent,
                  std::uint64_t files, bool shown = true);
  void read_kept();

  const int file_;
  mutable std::mutex mutex_;
  std::deque<Slot> slots_;                                              // guarded by mutex_
  std::map<std::pair<SlotKind, VersionName>, const Slot*> by_meaning_;  // guarded by mutex_
};

// Memory for the slots of one mount, to be given to each of its servers in turn.
FileDescriptor make_slot_file();

}  // namespace grid::mount
