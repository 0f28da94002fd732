// Requests to a live session: to enter it, and to attach or detach a version.
//
// A session's supervisor listens at a socket in the session's folder. A request is one message, and
// so is its answer.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "run/messages.h"
#include "run/private_mount.h"
#include "run/runs.h"

namespace grid::run {

// The supervisor's side.
class SessionDoor {
 public:
  struct Answers {
    // A client is about to enter, and to become a command of the session.
    std::function<void(pid_t client)> enter;
    // What these throw is sent to the client.
    std::function<void(const UsedVersion&, const Digest& root)> attach;
    std::function<void(const std::string& name)> detach;
  };

  explicit SessionDoor(const RunFolder& folder);
  ~SessionDoor();
  SessionDoor(const SessionDoor&) = delete;
  SessionDoor& operator=(const SessionDoor&) = delete;

  // Readable when a client connects.
  int descriptor() const { return listening_.get(); }
  // Answers one client. `mount` is what it can enter; null if there is none.
  void answer(const PrivateMount* mount, const Answers& answers);

 private:
  const std::filesystem::path path_;
  FileDescriptor listening_;
};

// The clients' side. All throw `unavailable` if the session is not running, and the failures that
// it answers.

// Moves this process, which must have one thread, into the session. Returns false if the session's
// datastores are copies, so that there is nothing to enter.
bool enter_session(const RunFolder& folder);
void attach_to_session(const RunFolder& folder, const UsedVersion& version, const Digest& root);
void detach_from_session(const RunFolder& folder, const std::string& name);

}  // namespace grid::run
