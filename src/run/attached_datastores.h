// The datastores of a run while it lives: a private mount and the process that serves it, or copies
// of the versions that it uses.
#pragma once

#include <filesystem>
#include <optional>

#include "run/private_mount.h"
#include "run/server_process.h"

namespace grid::run {

class AttachedDatastores {
 public:
  // Makes the mount and returns when it is served. The arguments must outlive this object. This and
  // the other constructor throw as await_message() does, and leave nothing then.
  AttachedDatastores(Processes& processes, const ServerRequest& request, Scoreboard& board);
  // Copies the attached versions to `copies`, which the destructor removes.
  AttachedDatastores(Processes& processes, const ServerRequest& request,
                     std::filesystem::path copies);
  ~AttachedDatastores();
  AttachedDatastores(const AttachedDatastores&) = delete;
  AttachedDatastores& operator=(const AttachedDatastores&) = delete;

  // Null if the datastores are copies.
  const PrivateMount* mount() const { return mount_ ? &*mount_ : nullptr; }
  // Null if the datastores are copies, and after the server's end.
  ServerProcess* server() { return server_ ? &*server_ : nullptr; }
  void forget_server() { server_.reset(); }

  // To be called when no more scripts will start. See ServerProcess::leave().
  void leave();

 private:
  std::filesystem::path copies_;  // empty: none
  std::optional<PrivateMount> mount_;
  std::optional<ServerProcess> server_;
};

}  // namespace grid::run
