// The processes of this machine: which is which, and which descends from which.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "base/file.h"

namespace grid::run {

// A number alone may come to mean another process.
struct ProcessIdentity {
  pid_t process = 0;
  std::uint64_t started = 0;  // in ticks since the machine started

  auto operator<=>(const ProcessIdentity&) const = default;
};

struct ListedProcess {
  ProcessIdentity identity;
  pid_t parent = 0;
};

// Empty if there is no such process, or it has ended and only its status is left.
std::optional<ListedProcess> find_listed_process(pid_t process);

// All that live; none where /proc is not mounted.
std::vector<ListedProcess> list_processes();

// Those that descend from `root`, without `root` and without the trees of `left_out`.
std::vector<ProcessIdentity> descendants_of(pid_t root, const std::vector<ListedProcess>& all,
                                            const std::set<pid_t>& left_out = {});

// A descriptor of this very process (pidfd_open(2)); none if it has ended.
FileDescriptor open_process(const ProcessIdentity& identity);
// Does nothing if the process has ended.
void send_signal(const ProcessIdentity& identity, int signal);

// Sends SIGKILL to what `find` finds until it finds nothing new, since processes start others
// meanwhile.
void kill_each(const std::function<std::vector<ProcessIdentity>()>& find);

}  // namespace grid::run
