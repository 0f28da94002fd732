// A forked process that never comes back into what its parent was doing.
#pragma once

#include <sys/types.h>
#include <unistd.h>

namespace grid {

// The whole life of a forked child: ends the process with the status that `body` returns, or with 1
// if it throws anything. No destructor of the parent's objects runs in the child.
template <class Body>
[[noreturn]] void live_as_child(const Body& body) noexcept {
  int status = 1;
  try {
    status = body();
  } catch (...) {
    // The body reports its own failures. What it could not foresee must not unwind into the parent.
  }
  ::_exit(status);
}

// fork(2), whose child lives as live_as_child() says.
template <class Body>
pid_t fork_child(const Body& body) {
  const pid_t process = ::fork();
  if (process == 0) live_as_child(body);
  return process;
}

}  // namespace grid
