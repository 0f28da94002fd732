// The process that answers for the datastores of a run: forked from the one that supervises the
// run, which so stays small and has one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataset/open_store.h"
#include "dataset/prefetch.h"
#include "mount/fuse_device.h"
#include "run/attachment.h"
#include "run/messages.h"
#include "run/scoreboard.h"

namespace grid::run {

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

// What a server says, or what became of it.
struct ServerNews {
  enum class Kind {
    nothing,   // that anybody needs to know
    problem,   // while it served
    replaced,  // it died, and another has begun to go on in its place
    ended,     // for good: the mount is gone, or nobody can go on
  };
  Kind kind = Kind::nothing;
  std::string sentence;  // of a problem; of an end that was none of the mount's own: why
};

// The process serves for as long as somebody is inside the mount, also when this object is gone.
// If it is killed, this object puts another in its place, where the kernel can do that; who reads
// just waits a little. Forks, so there must be one thread.
class ServerProcess {
 public:
  // `request` and `board` outlive this object.
  ServerProcess(const ServerRequest& request, Scoreboard& board);

  // Returns when the kernel and the server have shaken hands. Throws what kept it from serving.
  void serve(FileDescriptor device);

  // Lets MOUNT_FOLDER/NAME mean this version from now on; false if it means another already.
  // Throws `not_found`.
  bool pin(const UsedVersion& version);

  // To be called when the last script has ended and this process has let go of the mount. Returns
  // when the server has ended too; or, if somebody is still inside the mount, when another process
  // looks after the server and holds the versions in use.
  void leave();

  // Problems that came while this process waited for something else.
  std::vector<std::string> take_problems() { return std::exchange(problems_, {}); }

  // Readable when there is news; -1 while none can come.
  int channel() const { return channel_.get(); }
  // To be called when the channel is readable, and now and then: what failed may succeed later.
  ServerNews take_news();

  // How many servers have died and were replaced.
  unsigned replaced_count() const { return replaced_count_; }

 private:
  using Clock = std::chrono::steady_clock;

  void start();
  // After a server's end: starts another, if there is still something to serve and hope.
  ServerNews replace();
  bool is_over() const { return !mount::is_connected(device_.get()); }
  // Returns the next message that is an answer; throws if it is a failure; "" if it died.
  std::string receive_answer();
  void hand_over();
  [[noreturn]] void keep_up(FileDescriptor waiting) noexcept;

  const ServerRequest& request_;
  Scoreboard& board_;
  FileDescriptor slot_file_;
  FileDescriptor device_;  // none if no other server can go on
  Bytes handshake_;        // none: nobody has served yet
  FileDescriptor channel_;
  pid_t process_ = 0;
  bool serves_ = false;                 // the process has said that it does
  std::optional<std::string> failure_;  // of the one that was to go on
  Clock::time_point served_until_, started_;
  unsigned crash_count_ = 0;  // in a row
  unsigned replaced_count_ = 0;
  std::vector<std::string> problems_;  // that came while an answer was awaited
};

}  // namespace grid::run
