#include "run/artifacts.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/timestamp.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

template <class Wanted>
std::vector<Artifact> list_if(const fs::path& folder, const Wanted& wanted) {
  std::vector<Artifact> found;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    struct stat st;
    if (::lstat(it->path().c_str(), &st) != 0 || !S_ISREG(st.st_mode) || !wanted(st)) continue;
    found.push_back({.path = it->path().lexically_relative(folder).string(),
                     .size = static_cast<std::uint64_t>(st.st_size)});
  }
  if (error && error != std::errc::no_such_file_or_directory)
    throw system_error(error.value(), fmt::format("cannot list {}", folder.string()));
  std::sort(found.begin(), found.end(),
            [](const Artifact& a, const Artifact& b) { return a.path < b.path; });
  return found;
}

}  // namespace

std::vector<Artifact> list_artifacts(const fs::path& folder) {
  return list_if(folder, [](const struct stat&) { return true; });
}

// Compares the time of the last change (ctime), since no program can set that back; unpacking an
// archive sets back the time of the last write.
std::vector<Artifact> changed_since(const fs::path& folder,
                                    std::chrono::system_clock::time_point time) {
  constexpr std::chrono::milliseconds file_clock_delay{20};  // files are stamped with the last tick
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         (time - file_clock_delay).time_since_epoch())
                         .count();
  return list_if(folder, [&](const struct stat& st) { return timestamp_of(st.st_ctim) >= since; });
}

void copy_artifacts(const fs::path& folder, const std::vector<Artifact>& artifacts,
                    const fs::path& to) {
  for (const Artifact& artifact : artifacts) {
    const fs::path target = to / artifact.path;
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (!error)
      fs::copy_file(folder / artifact.path, target, fs::copy_options::overwrite_existing, error);
    if (error)
      throw system_error(error.value(), fmt::format("cannot copy the artifact {} to {}",
                                                    artifact.path, target.string()));
  }
}

}  // namespace grid::run
