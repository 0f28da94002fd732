#include "base/spawn.h"

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

namespace grid {

namespace {

struct Actions {
  Actions() { ::posix_spawn_file_actions_init(&value); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&value); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;

  posix_spawn_file_actions_t value;
};

struct Attributes {
  Attributes() { ::posix_spawnattr_init(&value); }
  ~Attributes() { ::posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  posix_spawnattr_t value;
};

}  // namespace

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

Spawned spawn(const SpawnRequest& request) {
  Actions actions;
  Attributes attributes;
  const int count = static_cast<int>(request.descriptors.size());
  for (int i = 0; i < count; ++i) {
    const int given = request.descriptors[static_cast<std::size_t>(i)];
    if (given < 0)
      ::posix_spawn_file_actions_addopen(&actions.value, i, "/dev/null",
                                         i == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
    else
      ::posix_spawn_file_actions_adddup2(&actions.value, given, i);
  }
  if (request.detached) {
    ::posix_spawnattr_setflags(&attributes.value, POSIX_SPAWN_SETSID);
    ::posix_spawn_file_actions_addclosefrom_np(&actions.value, count);
  }
  const std::vector<char*> arguments = pointers_to(request.words);
  std::vector<char*> variables;
  if (request.environment) variables = pointers_to(*request.environment);
  Spawned spawned;
  spawned.error =
      ::posix_spawnp(&spawned.process, arguments[0], &actions.value, &attributes.value,
                     arguments.data(), request.environment ? variables.data() : ::environ);
  return spawned;
}

}  // namespace grid
