// The slots of node numbers: assigned in order, kept as long as the mount lives, never reused.
//
// A memory file also keeps them when the server dies: the next server, given the same file, finds
// the slots there, and the version summaries.
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
  version,    // NAME/VERSION and everything below
  pinned,     // the same version as shown in NAME: folders get their own numbers, since the kernel
              // requires one path per folder; files share numbers, and thus one copy in memory
};

struct Slot {
  SlotKind kind = SlotKind::datastore;
  std::uint64_t index = 0;
  VersionName version;       // number 0: a datastore
  std::uint64_t parent = 0;  // the slot of its datastore; for a datastore: the top
  std::uint64_t files = 0;   // the slot that numbers its files and links
  bool shown = true;         // pinned: whether its datastore's folder shows it
};

// The part of a version's record that is kept.
struct VersionSummary {
  Digest root;
  std::int64_t created_ns = 0;  // since 1970-01-01 UTC
  std::int64_t mtime_ns = 0;    // of its folder: the source's own, or that of the create
  tree::TreeTotals totals;
};

// Thread-safe. References stay valid.
class Slots {
 public:
  // `file`: from make_slot_file(), must outlive this object; -1: keep slots in this object only.
  explicit Slots(int file = -1);

  const Slot& datastore(std::string_view name);
  const Slot& version(const VersionName& version);
  // `shown`: see Slot. Call it once per datastore.
  const Slot& pinned(const VersionName& version, bool shown);
  std::vector<const Slot*> all_pinned() const;

  void keep_summary(const Slot& slot, const VersionSummary& summary);
  // The summary that was kept, also by an earlier server.
  std::optional<VersionSummary> find_summary(const Slot& slot) const;

  // Throws `not_found` for a slot that was not assigned.
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

// Makes the memory file that keeps a mount's slots; each server of the mount gets it in turn.
FileDescriptor make_slot_file();

}  // namespace grid::mount
