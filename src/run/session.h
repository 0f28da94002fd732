// What others ask of a live session: to be let in, and to attach or detach a version.
//
// A session's supervisor listens at a socket in the session's folder. One message asks, one
// answers.
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
    // Throw what the one who asked is to hear.
    std::function<void(const UsedVersion&, const Digest& root)> attach;
    std::function<void(const std::string& name)> detach;
  };

  explicit SessionDoor(const RunFolder& folder);
  ~SessionDoor();
  SessionDoor(const SessionDoor&) = delete;
  SessionDoor& operator=(const SessionDoor&) = delete;

  // Readable when somebody asks.
  int descriptor() const { return listening_.get(); }
  // `mount` is what those who enter get; null: there is none to enter.
  void answer(const PrivateMount* mount, const Answers& answers);

 private:
  const std::filesystem::path path_;
  FileDescriptor listening_;
};

// The others' side. All throw `unavailable` if the session does not live, and what it answers.

// Takes this process, which has one thread, into the session. Returns false if its datastores are
// copies, so that there is nothing to enter.
bool enter_session(const RunFolder& folder);
void attach_to_session(const RunFolder& folder, const UsedVersion& version, const Digest& root);
void detach_from_session(const RunFolder& folder, const std::string& name);

}  // namespace grid::run
