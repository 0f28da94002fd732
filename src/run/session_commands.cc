#include "run/session_commands.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"

namespace grid::run {

namespace {

bool is_inside(pid_t process, const PrivateMount& mount) {
  struct stat its, ours;
  return ::stat(fmt::format("/proc/{}/ns/mnt", process).c_str(), &its) == 0 &&
         ::fstat(mount.mount_namespace.get(), &ours) == 0 && its.st_dev == ours.st_dev &&
         its.st_ino == ours.st_ino;
}

}  // namespace

void SessionCommands::add(pid_t client) {
  if (const auto listed = find_listed_process(client)) clients_.push_back(listed->identity);
}

std::vector<ProcessIdentity> SessionCommands::find_live(const PrivateMount* mount) const {
  const std::vector<ListedProcess> all = list_processes();
  std::set<ProcessIdentity> found;
  for (const ProcessIdentity& client : clients_) {
    const bool lives = std::any_of(all.begin(), all.end(), [&](const ListedProcess& process) {
      return process.identity == client;
    });
    if (!lives) continue;
    found.insert(client);
    for (const ProcessIdentity& process : descendants_of(client.process, all))
      found.insert(process);
  }
  if (mount) {
    for (const ListedProcess& process : all)
      if (is_inside(process.identity.process, *mount)) found.insert(process.identity);
    // What the session's own script left behind stays, as with every run.
    for (const ProcessIdentity& process : descendants_of(::getpid(), all)) found.erase(process);
  }
  return {found.begin(), found.end()};
}

}  // namespace grid::run
