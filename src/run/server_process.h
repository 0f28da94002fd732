// The process that answers for the datastores of a run, from the outside: forked from the one that
// supervises the run, which so stays small and has one thread.
//
// The supervisor keeps the device open and the server's death does not end the connection. So the
// next server, forked from the same supervisor, goes on with it: it has the device, what node
// numbers mean (the slot file) and the handshake, and has the kernel send again what the dead one
// had taken. The end of the stream of messages is when to do that: all threads of the dead one have
// closed their descriptors by then, and read no more.
//
// After the supervisor's end a copy of it, `grid-keep`, looks after a server that still has
// readers, and holds the versions in use. Where both were killed, the server itself holds them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "run/datastore_server.h"
#include "run/processes.h"
#include "run/succession.h"

namespace grid::run {

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
// just waits a little.
class ServerProcess {
 public:
  // What is given outlives this object.
  ServerProcess(Processes& processes, const ServerRequest& request, Scoreboard& board);

  // Returns when the kernel and the server have shaken hands. Throws what kept it from serving.
  void serve(FileDescriptor device);

  // Lets MOUNT_FOLDER/NAME mean this version from now on; false if it means another already.
  // Throws `not_found`.
  bool pin(const UsedVersion& version);

  // To be called when the last script has ended and this process has let go of the mount. Returns
  // when the server has ended too; or, if somebody is still inside the mount, when another process
  // looks after the server and holds the versions in use.
  void leave();
  // What that other process does, until the server has ended for good. It lets `supervisor` go once
  // it holds the versions.
  void look_after(FileDescriptor supervisor) noexcept;

  // Problems that came while this process waited for something else.
  std::vector<std::string> take_problems() { return std::exchange(problems_, {}); }

  // Readable when there is news; -1 while none can come.
  int channel() const { return process_.channel.get(); }
  // To be called when the channel is readable, and now and then: what failed may succeed later.
  ServerNews take_news();

  // How many servers have died and were replaced.
  unsigned replaced_count() const { return replaced_count_; }

 private:
  void start();
  // The channel has ended: starts another server, if there is still something to serve and hope.
  ServerNews hear_of_death();
  ServerNews replace();
  ServerDeath::Mount mount_without_server() const;
  // Returns the next message that is an answer; throws if it is a failure; "" if it died.
  std::string receive_answer();
  void hand_over();

  Processes& processes_;
  const ServerRequest& request_;
  Scoreboard& board_;
  FileDescriptor slot_file_;
  FileDescriptor device_;  // none if no other server can go on
  Bytes handshake_;        // none: nobody has served yet
  ChildProcess process_;   // without a channel between its death and the next one's start
  Succession succession_;
  unsigned replaced_count_ = 0;
  std::vector<std::string> problems_;  // that came while an answer was awaited
};

}  // namespace grid::run
