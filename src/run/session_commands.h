// The commands that `grid session exec` has brought into a session, and what they have started:
// they are no children of the session's supervisor, and end with the session all the same.
#pragma once

#include <vector>

#include "run/private_mount.h"
#include "run/process_tree.h"

namespace grid::run {

class SessionCommands {
 public:
  // A process that is about to become a command.
  void add(pid_t client);

  // Those that live. `mount` is what they are in; null if the session's datastores are copies: then
  // what a command has left behind is not found.
  std::vector<ProcessIdentity> find_live(const PrivateMount* mount) const;

 private:
  std::vector<ProcessIdentity> clients_;
};

}  // namespace grid::run
