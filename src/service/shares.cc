#include "service/shares.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/error.h"

namespace grid::service {

namespace fs = std::filesystem;

namespace {

void give(const fs::path& path, gid_t group, SharedStore& shared) {
  struct stat st;
  if (::lstat(path.c_str(), &st) != 0) {
    if (errno == ENOENT) return;  // removed meanwhile
    throw system_error(errno, fmt::format("cannot look at {}", path.string()));
  }
  const bool is_folder = S_ISDIR(st.st_mode);
  if (!is_folder && !S_ISREG(st.st_mode)) return;
  if (st.st_gid != group && ::chown(path.c_str(), static_cast<uid_t>(-1), group) != 0)
    throw system_error(errno, fmt::format("cannot give {} to the group {} (only its owner who is "
                                          "in that group, and root, can)",
                                          path.string(), shared.group));
  const mode_t mode = is_folder ? 02770 | (st.st_mode & 0777) : 0440 | (st.st_mode & 0777);
  if (::chmod(path.c_str(), mode) != 0)
    throw system_error(errno, fmt::format("cannot set the mode of {}", path.string()));
  ++(is_folder ? shared.folders : shared.files);
}

// Whether the group may pass through a folder.
bool is_open_to(const fs::path& folder, gid_t group) {
  struct stat st;
  if (::stat(folder.c_str(), &st) != 0) return true;  // not known
  return (st.st_mode & (st.st_gid == group ? S_IXGRP : S_IXOTH)) != 0;
}

}  // namespace

SharedStore share_store(const dataset::OpenStore& store, const std::string& group) {
  if (store.local_folder.empty())
    fail(ErrorKind::invalid_argument,
         "{} is on a server: who may use it is decided there; a group shares a folder",
         store.backend->name());
  const struct group* found = ::getgrnam(group.c_str());
  if (found == nullptr)
    fail(ErrorKind::invalid_argument,
         "there is no group {} on this machine: getent group lists them", group);
  const gid_t id = found->gr_gid;
  SharedStore shared{.folder = fs::weakly_canonical(store.local_folder).string(), .group = group};
  // Folders first, so that what others make meanwhile is for the group already.
  give(shared.folder, id, shared);
  for (auto at = fs::recursive_directory_iterator(shared.folder);
       at != fs::recursive_directory_iterator(); ++at)
    give(at->path(), id, shared);
  for (fs::path above = fs::path(shared.folder).parent_path(); above != above.root_path();
       above = above.parent_path())
    if (!is_open_to(above, id)) shared.closed.push_back(above.string());
  return shared;
}

void write_document(JsonWriter& json, const SharedStore& shared) {
  json.begin_object().name_member("folder", shared.folder).name_member("group", shared.group);
  json.member("folders", shared.folders).member("files", shared.files);
  json.key("closed").begin_array();
  for (const std::string& folder : shared.closed) json.value(folder);
  json.end_array().end_object();
}

}  // namespace grid::service
