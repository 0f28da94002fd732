#include "base/user.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "base/file.h"
#include "base/utc.h"

namespace grid {

std::string user_name(uid_t user) {
  std::vector<char> buffer(4096);
  passwd entry;
  passwd* found = nullptr;
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return std::to_string(user);
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string user_at_host() { return user_name(::getuid()) + "@" + host_name(); }

std::string boot_id() {
  const FileDescriptor file = find_file("/proc/sys/kernel/random/boot_id", O_RDONLY);
  Bytes bytes(36);
  if (!file) return {};
  bytes.resize(read_at(file.get(), bytes, 0, "the id of the machine's start"));
  return std::string(as_text(bytes));
}

std::string utc_now() { return format_rfc3339(std::chrono::system_clock::now()); }

}  // namespace grid
