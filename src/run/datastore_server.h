// The inside of the process that serves the datastores of a run: it opens the store, serves the
// mount and reports to its supervisor. See server_process.h for the supervisor's side.
//
// They talk over a channel:
//
//   supervisor → server   "d" and the /dev/fuse descriptor, to the first server; "vNAME:VERSION":
//                         pin this version
//   server → supervisor   "r" and the kernel's handshake: it serves; "y", "n": pinned or not;
//                         "p…": a problem; a failure: it could not serve
//
// The server outlives the supervisor, since the script may leave processes behind that still read.
// The kernel ends the connection when the last of them ends.
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

// How long the kernel may take to end the connection after the last process inside has ended; it
// needs a few milliseconds. A connection that lasts longer is held by processes that the script
// left behind.
inline constexpr std::chrono::milliseconds end_of_connection{100};

struct ServerRequest {
  // Called in the new process, since the threads of an open store would not survive a fork.
  std::function<std::shared_ptr<dataset::OpenStore>(dataset::ReadCostCounters*)> open_store;
  std::map<std::string, dataset::VersionNumber> pins;    // see mount::FilesystemOptions
  std::string mount_folder;                              // for messages
  dataset::Prefetch prefetch = dataset::Prefetch::none;  // of the versions of `attachment`
  bool pins_were_named = false;  // by the user, who must be told of one that cannot be shown

  // For readers that outlive the supervisor.
  std::filesystem::path attachment_folder;
  Attachment attachment;
};

// What a server that died leaves to the next one.
struct Heritage {
  int slot_file = -1;
  int device = -1;  // -1: this is the first server, which gets the device in a message
  BytesView handshake;
};

// Serves until the connection ends, then ends the process. Returns only after a failure, having
// sent it to the supervisor.
void serve_datastores(const ServerRequest& request, Scoreboard& board,
                      const FileDescriptor& channel, const Heritage& heritage);

// The attached versions, and those that were looked into.
std::vector<UsedVersion> versions_in_use(const Attachment& attachment, const Scoreboard& board);

}  // namespace grid::run
