// Serves a Filesystem to the kernel through FUSE.
//
//     FuseServer server(filesystem, {.source_name = "…"});
//     server.mount(folder);               // or adopt()
//     server.serve_until_signal();        // or serve() in a thread and stop()
//
// Only fuse_server.cc and fuse_operations.* know libfuse.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/file.h"
#include "mount/filesystem.h"
#include "mount/mount_table.h"
#include "mount/request_costs.h"

namespace grid::mount {

struct FuseOptions {
  std::string source_name = "grid";  // the source in /proc/mounts
  bool allow_other = false;          // admits other users; an ordinary user needs user_allow_other
  bool unmount_on_death = true;      // remove the mount even if this process is killed
  unsigned threads = 8;              // at most
  RequestCostCounters* costs = nullptr;  // must outlive the server; null disables counting
  std::function<void()> on_ready;        // called after the handshake with the kernel
};

// One server per process is enough: it serves every version. Destruction unmounts.
class FuseServer {
 public:
  // `filesystem` must outlive the server.
  FuseServer(Filesystem& filesystem, FuseOptions options);
  ~FuseServer();
  FuseServer(const FuseServer&) = delete;
  FuseServer& operator=(const FuseServer&) = delete;

  // Mounts at `folder` as make_mount() does (mount_point.h).
  void mount(const std::filesystem::path& folder);
  // Of the mount that mount() made; 0 if there is none, or it is not known.
  FileSystemNumber number() const;

  // Serves a mount that another process made with this /dev/fuse descriptor, for instance inside a
  // mount namespace. The process that made it also unmounts it. Returns the handshake, for
  // take_over().
  Bytes adopt(FileDescriptor device);

  // Continues a mount whose server has died, on the same open /dev/fuse. Readers only wait, and
  // notice nothing if `filesystem` gives nodes the same numbers (FilesystemOptions::slot_file).
  // Call it after the dead server's threads have ended, and only if the kernel can_resend().
  void take_over(FileDescriptor device, BytesView handshake);

  // Answers the kernel until the mount is gone or stop() is called; then unmounts. Throws if the
  // connection to the kernel breaks.
  void serve();

  // The same, but SIGINT, SIGTERM and SIGHUP also end it. Returns the signal, or 0. Call it while
  // the process has no other threads: these could receive the signals.
  int serve_until_signal();

  // Makes serve() return, even if called before it. Safe in signal handlers and on any thread.
  void stop() noexcept;

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace grid::mount
