#include "base/user.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <vector>

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

std::string user_at_host() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return user_name() + "@" + host.data();
}

std::string utc_now() {
  std::time_t now = std::time(nullptr);
  std::tm parts;
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

}  // namespace grid
