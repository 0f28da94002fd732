#include "run/use_marks.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"
#include "base/random.h"
#include "base/text.h"

namespace grid::run {

namespace {

constexpr std::size_t exact_count_max = 64;  // descriptors that a process spends on them
constexpr std::string_view mark_prefix = "grid-use-";
constexpr std::size_t mark_digest_size = 32;

// All versions of the store.
UsedVersion whole_store() { return {}; }

// "grid-use-DIGEST-": the process and a random part follow.
std::string mark_of(const std::string& store_id, const UsedVersion& version) {
  const Digest digest =
      digest_of(as_bytes(fmt::format("{}\n{}\n{}", store_id, version.name, version.version)));
  return fmt::format("{}{}-", mark_prefix, digest.hex().substr(0, mark_digest_size));
}

// Empty if it cannot be made.
FileDescriptor make_mark(const std::string& name) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!socket || name.size() + 1 > sizeof address.sun_path) return {};
  std::memcpy(address.sun_path + 1, name.data(), name.size());  // a NUL first: no file
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return {};
  return socket;
}

}  // namespace

void UseMarks::set(const std::vector<UsedVersion>& versions) noexcept {
  try {
    std::vector<UsedVersion> wanted = versions;
    std::sort(wanted.begin(), wanted.end());
    if (wanted.size() > exact_count_max) wanted = {whole_store()};
    for (const UsedVersion& version : wanted) {
      if (marks_.contains(version)) continue;
      FileDescriptor mark =
          make_mark(fmt::format("{}{}-{}", mark_of(store_id_, version), ::getpid(), random_hex(8)));
      if (mark) marks_.emplace(version, std::move(mark));
    }
    // Only now: no version is without a mark in between.
    std::erase_if(marks_, [&](const auto& mark) {
      return !std::binary_search(wanted.begin(), wanted.end(), mark.first);
    });
  } catch (const std::exception&) {
    // There is no memory: as said, a mark that cannot be made is missing.
  }
}

std::vector<MarkedUse> find_marked(const std::string& store_id,
                                   const std::vector<UsedVersion>& versions) {
  std::map<std::string, UsedVersion, std::less<>> sought;
  for (const UsedVersion& version : versions) sought.emplace(mark_of(store_id, version), version);
  if (!versions.empty()) sought.emplace(mark_of(store_id, whole_store()), versions.front());

  std::vector<MarkedUse> found;
  std::ifstream sockets("/proc/net/unix");
  for (std::string line; std::getline(sockets, line);) {
    const std::size_t at = line.rfind(" @");
    if (at == line.npos) continue;
    std::string_view name = std::string_view(line).substr(at + 2);
    const std::size_t size = mark_prefix.size() + mark_digest_size + 1;
    const auto mark = sought.find(name.substr(0, size));
    if (mark == sought.end()) continue;
    name.remove_prefix(size);
    const pid_t process = parse_number<pid_t>(take_until(name, '-')).value_or(0);
    const bool known = std::any_of(found.begin(), found.end(), [&](const MarkedUse& use) {
      return use.process == process && use.version == mark->second;
    });
    if (!known) found.push_back({mark->second, process});
  }
  return found;
}

}  // namespace grid::run
