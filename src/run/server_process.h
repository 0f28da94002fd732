// The outside of the process that serves the datastores of a run. It is forked from the supervisor,
// which thus stays small and single-threaded.
//
// The supervisor keeps the device open, so a server's death does not end the connection, and the
// next server, forked from the same supervisor, continues on it: it inherits the device, the
// meaning of node numbers (the slot file) and the handshake, and asks the kernel to resend the
// requests that the dead server had taken. The supervisor replaces a server when its message stream
// ends: by then all threads of the dead server have closed their descriptors and read no more.
//
// After the supervisor's end a copy of it, `grid-keep`, looks after a server that still has readers
// and keeps its versions marked in use. If both are killed, the server itself keeps them marked.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "run/datastore_server.h"
#include "run/processes.h"
#include "run/succession.h"

namespace grid::run {

// A message from a server, or what became of it.
struct ServerNews {
  enum class Kind {
    nothing,   // nothing to report
    problem,   // while it served
    replaced,  // it died and a replacement was started
    ended,     // for good: the mount is gone, or no server can take over
  };
  Kind kind = Kind::nothing;
  std::string sentence;  // the problem, or why serving ended before the mount did
};

// The process serves as long as any process is inside the mount, even after this object is gone. If
// the server is killed, this object replaces it, if the kernel supports that; readers only wait a
// little.
class ServerProcess {
 public:
  // The arguments must outlive this object.
  ServerProcess(Processes& processes, const ServerRequest& request, Scoreboard& board);
  // Ends a server that never served.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Returns when the kernel and the server have shaken hands. Throws the error that kept the server
  // from serving, and as await_message() does.
  void serve(FileDescriptor device);

  // Makes MOUNT_FOLDER/NAME mean this version; false if it already means another one. Throws
  // `not_found`, and as await_message() does.
  bool pin(const UsedVersion& version);

  // To be called when the last script has ended and this process has released the mount. Returns
  // when the server has ended too; or, if processes are still inside the mount, when another
  // process looks after the server and keeps the versions marked in use.
  void leave();
  // What that other process does until the server has ended for good. It closes `supervisor` once
  // it has marked the versions.
  void look_after(FileDescriptor supervisor) noexcept;

  // Problems that arrived while this process waited for something else.
  std::vector<std::string> take_problems() { return std::exchange(problems_, {}); }

  // Readable when there is news; -1 while there is no server.
  int channel() const { return process_.channel.get(); }
  // To be called when the channel is readable, and regularly while it is -1, to retry a start.
  ServerNews take_news();

  // How many servers have been replaced.
  unsigned replaced_count() const { return replaced_count_; }

 private:
  void start();
  // After the end of the channel: decides whether to start another server.
  ServerNews hear_of_death();
  ServerNews follow(const ServerDeath& death);
  ServerNews replace();
  ServerDeath::Mount mount_without_server() const;
  // The next message that is not a problem; "" if the server died. Throws a failure.
  std::string receive_answer();
  void hand_over();

  Processes& processes_;
  const ServerRequest& request_;
  Scoreboard& board_;
  FileDescriptor slot_file_;
  FileDescriptor device_;  // none if no other server could take over
  Bytes handshake_;        // empty until a server that can be replaced serves
  ChildProcess process_;   // without a channel between one server's death and the next start
  Succession succession_;
  bool has_served_ = false;
  unsigned replaced_count_ = 0;
  std::vector<std::string> problems_;  // that arrived while an answer was awaited
};

}  // namespace grid::run
