// Starts other programs.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace grid {

// What execve(2) takes: a pointer to each word, and a null behind them. They are valid for as long
// as `words` is left alone.
std::vector<char*> pointers_to(const std::vector<std::string>& words);

struct SpawnRequest {
  std::vector<std::string> words;  // the program, looked up in the PATH, and its arguments
  std::optional<std::vector<std::string>> environment;  // "NAME=VALUE"; empty: as this process's
  // The first becomes its descriptor 0, and so on; -1: /dev/null. It also gets what this process
  // has open without O_CLOEXEC, unless it is `detached`.
  std::vector<int> descriptors;
  bool detached = false;  // in a session of its own, with no other descriptor
};

struct Spawned {
  pid_t process = 0;  // for waitpid(2)
  int error = 0;      // an errno, such as ENOENT where there is no such program; else 0
};

// vfork(2) and exec: costs the same however large this process is, and may be called while it has
// threads.
Spawned spawn(const SpawnRequest& request);

}  // namespace grid
