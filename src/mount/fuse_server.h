// Serves a Filesystem to the kernel through FUSE.
//
//     FuseServer server(filesystem, {.source_name = "…"});
//     server.mount(folder);               // or adopt()
//     server.serve_until_signal();        // or serve() in a thread and stop()
//
// fuse_server.cc is the only file that knows libfuse.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/file.h"
#include "mount/filesystem.h"
#include "mount/request_costs.h"

namespace grid::mount {

struct FuseOptions {
  std::string source_name = "grid";  // what /proc/mounts shows as the source
  bool allow_other = false;          // lets other users in; an ordinary user needs user_allow_other
  bool unmount_on_death = true;      // the mount vanishes also when this process is killed
  unsigned threads = 8;              // at most
  RequestCostCounters* costs = nullptr;  // outlives the server; null disables counting
  std::function<void()> on_ready;        // called when the kernel and the server have shaken hands
};

// One server for a process is enough: it serves every version. Destruction unmounts.
class FuseServer {
 public:
  // `filesystem` outlives the server.
  FuseServer(Filesystem& filesystem, FuseOptions options);
  ~FuseServer();
  FuseServer(const FuseServer&) = delete;
  FuseServer& operator=(const FuseServer&) = delete;

  // Mounts at `folder` as make_mount() does (mount_point.h).
  void mount(const std::filesystem::path& folder);

  // Serves a mount that someone else made with this /dev/fuse descriptor, for instance inside a
  // mount namespace. Who made it also unmounts it. Returns the handshake, for take_over().
  Bytes adopt(FileDescriptor device);

  // Goes on with a mount whose server has died, on the same open /dev/fuse. Its readers wait, and
  // notice nothing if `filesystem` gives nodes the same numbers (FilesystemOptions::slot_file).
  // To be called when the dead one's threads have ended, if the kernel can_resend().
  void take_over(FileDescriptor device, BytesView handshake);

  // Answers the kernel until the mount is gone or stop() was called; then unmounts. Throws if the
  // connection to the kernel breaks.
  void serve();

  // The same, but SIGINT, SIGTERM and SIGHUP also end it. Returns the signal, or 0. The signals
  // must not be open to other threads of the process: call it while there are none.
  int serve_until_signal();

  // Makes serve() return. Safe in signal handlers and from any thread; also before serve().
  void stop() noexcept;

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace grid::mount
