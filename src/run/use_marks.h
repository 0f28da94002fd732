// Which versions processes of this machine use, for all its users to see, so that none deletes what
// another reads.
//
// A mark is a socket with a name in the kernel's abstract namespace, which every user may list and
// which ends with its process: it needs no folder that several users may write to, no room on a
// disk and no cleaning up. The name is a digest of the store's id, the datastore and the version:
// it tells something only to those who can read the store. Processes in another network namespace,
// as in most containers, are not seen.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "dataset/datastore.h"

namespace grid::run {

struct UsedVersion {
  std::string name;  // of the datastore
  dataset::VersionNumber version = 0;

  auto operator<=>(const UsedVersion&) const = default;
};

// Not thread-safe.
class UseMarks {
 public:
  explicit UseMarks(std::string store_id) : store_id_(std::move(store_id)) {}

  // Marks these versions and no others. Of more than some dozens, marks the whole store instead.
  // Best effort: a mark that cannot be made is missing.
  void set(const std::vector<UsedVersion>& versions) noexcept;

 private:
  const std::string store_id_;
  std::map<UsedVersion, FileDescriptor> marks_;
};

struct MarkedUse {
  UsedVersion version;
  pid_t process = 0;  // as this process would name it
};

// The uses of these versions by any process, each once.
std::vector<MarkedUse> find_marked(const std::string& store_id,
                                   const std::vector<UsedVersion>& versions);

}  // namespace grid::run
