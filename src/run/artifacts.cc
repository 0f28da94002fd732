#include "run/artifacts.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/timestamp.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

std::string path_below(const fs::path& folder, const fs::path& path) {
  std::string below = path.lexically_relative(folder).string();
  return below == "." ? "" : below;
}

// Adds what is in `current`, which is `folder` or below it.
template <class Wanted>
void list_into(ArtifactList& list, const fs::path& folder, const fs::path& current,
               const Wanted& wanted) {
  std::error_code error;
  for (fs::directory_iterator it(current, error), end; !error && it != end; it.increment(error)) {
    struct stat st;
    if (::lstat(it->path().c_str(), &st) != 0) {
      if (errno != ENOENT)
        list.failures.push_back({path_below(folder, it->path()), std::strerror(errno)});
    } else if (S_ISDIR(st.st_mode)) {
      list_into(list, folder, it->path(), wanted);
    } else if (S_ISREG(st.st_mode) && wanted(st)) {
      list.artifacts.push_back(
          {.path = path_below(folder, it->path()), .size = static_cast<std::uint64_t>(st.st_size)});
    }
  }
  if (error && error != std::errc::no_such_file_or_directory)
    list.failures.push_back({path_below(folder, current), error.message()});
}

template <class Wanted>
ArtifactList list_if(const fs::path& folder, const Wanted& wanted) {
  ArtifactList list;
  list_into(list, folder, folder, wanted);
  std::sort(list.artifacts.begin(), list.artifacts.end(),
            [](const Artifact& a, const Artifact& b) { return a.path < b.path; });
  return list;
}

}  // namespace

ArtifactList list_artifacts(const fs::path& folder) {
  return list_if(folder, [](const struct stat&) { return true; });
}

// Compares the time of the last change (ctime), since no program can set that back; unpacking an
// archive sets back the time of the last write.
ArtifactList changed_since(const fs::path& folder, std::chrono::system_clock::time_point time) {
  constexpr std::chrono::milliseconds file_clock_delay{20};  // files are stamped with the last tick
  const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         (time - file_clock_delay).time_since_epoch())
                         .count();
  return list_if(folder, [&](const struct stat& st) { return timestamp_of(st.st_ctim) >= since; });
}

std::vector<ArtifactFailure> copy_artifacts(const fs::path& folder,
                                            const std::vector<Artifact>& artifacts,
                                            const fs::path& to) {
  std::vector<ArtifactFailure> failures;
  for (const Artifact& artifact : artifacts) {
    const fs::path target = to / artifact.path;
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (!error)
      fs::copy_file(folder / artifact.path, target, fs::copy_options::overwrite_existing, error);
    if (error) failures.push_back({artifact.path, error.message()});
  }
  return failures;
}

std::string spell_failures(const std::vector<ArtifactFailure>& failures, std::string_view verb) {
  constexpr std::size_t named_max = 10;
  std::string text = failures.size() == 1
                         ? fmt::format("an artifact could not be {}", verb)
                         : fmt::format("{} artifacts could not be {}", failures.size(), verb);
  for (std::size_t i = 0; i < std::min(failures.size(), named_max); ++i)
    text +=
        fmt::format("{} {}: {}", i == 0 ? ":" : ";",
                    failures[i].path.empty() ? "the folder" : failures[i].path, failures[i].reason);
  if (failures.size() > named_max) text += "; …";
  return text;
}

}  // namespace grid::run
