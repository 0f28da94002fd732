// The process that answers for the datastores of a run, from the inside: it opens the store, serves
// the mount and tells its supervisor what happens. See server_process.h for the supervisor's side.
//
// They talk over a channel:
//
//   supervisor → server   "d" and the /dev/fuse descriptor, to the first server; "vNAME:VERSION":
//                         pin this one
//   server → supervisor   "r": it serves, with the kernel's handshake behind it; "y", "n": pinned
//                         or not; "p…": a problem; a failure: it could not serve
//
// The server serves on after the supervisor's end, since the script may have left processes behind
// that read; the kernel ends the connection with the last.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "dataset/open_store.h"
#include "dataset/prefetch.h"
#include "run/attachment.h"
#include "run/scoreboard.h"

namespace grid::run {

inline constexpr std::string_view device_message = "d", ready_message = "r";
inline constexpr std::string_view pinned_message = "y", not_pinned_message = "n";
inline constexpr char problem_message = 'p', pin_message = 'v';

// How long the kernel may take to end the connection after the last process inside has ended: it
// takes some milliseconds. Whoever is inside after that was left behind by the script.
inline constexpr std::chrono::milliseconds end_of_connection{100};

struct ServerRequest {
  // Called in the new process: what a store starts, as threads, would not survive a fork.
  std::function<std::shared_ptr<dataset::OpenStore>(dataset::ReadCostCounters*)> open_store;
  std::map<std::string, dataset::VersionNumber> pins;    // see mount::FilesystemOptions
  std::string mount_folder;                              // named in problems
  dataset::Prefetch prefetch = dataset::Prefetch::none;  // of the versions of `attachment`
  bool pins_were_named = false;  // by the user, who must hear of one that cannot be shown

  // For what goes on reading when the supervisor has ended.
  std::filesystem::path attachment_folder;
  Attachment attachment;
};

// What a server that died leaves to the next.
struct Heritage {
  int slot_file = -1;
  int device = -1;  // -1: there was none before; it comes in a message
  BytesView handshake;
};

// Serves until the connection ends, and ends the process then. Returns only after a failure, which
// the supervisor has been sent.
void serve_datastores(const ServerRequest& request, Scoreboard& board,
                      const FileDescriptor& channel, const Heritage& heritage);

// Those attached, and those that were looked into.
std::vector<UsedVersion> versions_in_use(const Attachment& attachment, const Scoreboard& board);

}  // namespace grid::run
