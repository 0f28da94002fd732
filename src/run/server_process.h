// The process that answers for the datastores of a run: forked from the one that supervises the
// run, which so stays small and has one thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dataset/open_store.h"
#include "run/attachment.h"
#include "run/messages.h"
#include "run/scoreboard.h"

namespace grid::run {

struct ServerRequest {
  // Called in the new process: what a store starts, as threads, would not survive a fork.
  std::function<std::shared_ptr<dataset::OpenStore>()> open_store;
  std::map<std::string, dataset::VersionNumber> pins;  // see mount::FilesystemOptions
  std::string mount_folder;                            // named in problems
  bool pins_were_named = false;  // by the user, who must hear of one that cannot be shown

  // For what goes on reading when the supervisor has ended.
  std::filesystem::path attachment_folder;
  Attachment attachment;
};

// The process serves for as long as somebody is inside the mount, also when this object is gone.
class ServerProcess {
 public:
  // `board` outlives this object.
  ServerProcess(const ServerRequest& request, Scoreboard& board);

  // Returns when the kernel and the server have shaken hands. Throws what kept it from serving.
  void serve(const FileDescriptor& device);

  // Lets MOUNT_FOLDER/NAME mean this version from now on; false if it means another already.
  // Throws `not_found`.
  bool pin(const UsedVersion& version);

  // To be called when the last script has ended and this process has let go of the mount. Returns
  // when the server has ended too; or, if somebody is still inside the mount, when the server holds
  // the versions in use by itself.
  void leave();

  // Problems that came while this process waited for something else.
  std::vector<std::string> take_problems() { return std::exchange(problems_, {}); }

  // Readable when there is something to receive.
  int channel() const { return channel_.get(); }
  // What went wrong while it served; empty: the server has ended.
  std::optional<std::string> receive_problem();

 private:
  FileDescriptor channel_;
  // Returns the next message that is no problem; throws if it is a failure.
  std::string receive_answer();

  std::vector<std::string> problems_;  // that came while an answer was awaited
};

}  // namespace grid::run
