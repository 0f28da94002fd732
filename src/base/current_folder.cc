#include "base/current_folder.h"

#include <limits.h>
#include <unistd.h>

#include <string_view>

#include "base/error.h"

namespace grid {

std::filesystem::path current_folder(bool* was_deleted) noexcept {
  *was_deleted = false;
  char path[PATH_MAX];
  if (::getcwd(path, sizeof path) != nullptr && path[0] == '/') return path;
  *was_deleted = true;
  const ssize_t size = ::readlink("/proc/self/cwd", path, sizeof path);
  constexpr std::string_view mark = " (deleted)";
  std::string_view text(path, size > 0 ? static_cast<std::size_t>(size) : 0);
  if (text.ends_with(mark)) text.remove_suffix(mark.size());
  return text.empty() ? std::filesystem::path("(unknown)") : std::filesystem::path(text);
}

std::filesystem::path get_current_folder() {
  bool was_deleted;
  std::filesystem::path folder = current_folder(&was_deleted);
  if (was_deleted)
    fail(ErrorKind::not_found, "the current folder, {}, was deleted: go to another one",
         folder.string());
  return folder;
}

}  // namespace grid
