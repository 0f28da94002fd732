#include "base/user.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "base/utc.h"

namespace grid {

static std::string user_name() {
  std::vector<char> buffer(4096);
  passwd entry;
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr)
    return found->pw_name;
  return std::to_string(::getuid());
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string user_at_host() { return user_name() + "@" + host_name(); }

std::string utc_now() { return format_rfc3339(std::chrono::system_clock::now()); }

}  // namespace grid
