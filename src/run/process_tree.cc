#include "run/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/text.h"

namespace grid::run {

namespace {

constexpr int rounds_max = 1000;

// The fields of /proc/PID/stat behind the program's name, which may contain anything.
std::vector<std::string_view> fields_of(std::string_view text) {
  std::vector<std::string_view> fields;
  const std::size_t name_end = text.rfind(')');
  if (name_end == text.npos) return fields;
  text.remove_prefix(std::min(name_end + 2, text.size()));
  while (!text.empty()) fields.push_back(take_until(text, ' '));
  return fields;
}

}  // namespace

std::optional<ListedProcess> find_listed_process(pid_t process) {
  constexpr std::size_t state = 0, parent = 1, started = 19;
  char text[1024];
  const FileDescriptor file(
      ::open(fmt::format("/proc/{}/stat", process).c_str(), O_RDONLY | O_CLOEXEC));
  const ssize_t size = file ? ::read(file.get(), text, sizeof text) : -1;
  if (size <= 0) return std::nullopt;  // it may end at any moment
  const auto fields = fields_of({text, static_cast<std::size_t>(size)});
  if (fields.size() <= started || fields[state] == "Z" || fields[state] == "X") return std::nullopt;
  return ListedProcess{
      .identity = {process, parse_number<std::uint64_t>(fields[started]).value_or(0)},
      .parent = parse_number<pid_t>(fields[parent]).value_or(0)};
}

std::vector<ListedProcess> list_processes() {
  std::vector<ListedProcess> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir("/proc"), ::closedir);
  if (!entries) return found;
  while (const dirent* entry = ::readdir(entries.get())) {
    const auto process = parse_number<pid_t>(entry->d_name);
    if (!process) continue;
    if (const auto listed = find_listed_process(*process)) found.push_back(*listed);
  }
  return found;
}

std::vector<ProcessIdentity> descendants_of(pid_t root, const std::vector<ListedProcess>& all,
                                            const std::set<pid_t>& left_out) {
  std::multimap<pid_t, ProcessIdentity> children;
  for (const ListedProcess& process : all) children.emplace(process.parent, process.identity);
  std::vector<ProcessIdentity> found;
  std::set<pid_t> seen = left_out;  // a list is no snapshot: it may have a circle
  seen.insert(root);
  std::vector<pid_t> parents = {root};
  while (!parents.empty()) {
    const auto [first, last] = children.equal_range(parents.back());
    parents.pop_back();
    for (auto child = first; child != last; ++child) {
      if (!seen.insert(child->second.process).second) continue;
      found.push_back(child->second);
      parents.push_back(child->second.process);
    }
  }
  return found;
}

FileDescriptor open_process(const ProcessIdentity& identity) {
  if (identity.process <= 1) return {};
  FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, identity.process, 0)));
  const auto listed = find_listed_process(identity.process);
  if (!process || !listed || listed->identity != identity) return {};
  return process;
}

void send_signal(const ProcessIdentity& identity, int signal) {
  if (const FileDescriptor process = open_process(identity))
    (void)::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0);
}

void kill_each(const std::function<std::vector<ProcessIdentity>()>& find) {
  std::set<ProcessIdentity> killed;
  for (int round = 0; round < rounds_max; ++round) {
    bool is_new = false;
    for (const ProcessIdentity& process : find()) {
      if (!killed.insert(process).second) continue;
      is_new = true;
      send_signal(process, SIGKILL);
    }
    if (!is_new) return;
  }
}

}  // namespace grid::run
