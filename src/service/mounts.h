// The mounts on this machine: finds them, allows one for each folder, and ends them.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "mount/mount_point.h"
#include "run/attachment.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

// The one path of a folder, by whatever links it is named: mounts are known by it.
std::filesystem::path mount_path(const std::filesystem::path& folder);

// The mount of this user that is served at this path; empty if none is.
std::optional<run::Attachment> find_mount(const Settings& settings,
                                          const std::filesystem::path& path);

// Makes room for a mount at this path: removes a dead one. Throws `already_exists`, naming the
// process, if a mount is served there, of whatever user, and as refuse_own_folders() does.
void prepare_mount(const Settings& settings, const std::filesystem::path& path);

// Throws `invalid_argument` for a folder where a mount would hide the store, the cache or the state
// folder, or a part of them, from grid itself. `doing` begins the sentence: "cannot mount at".
void refuse_own_folders(const Settings& settings, const std::filesystem::path& folder,
                        std::string_view doing);

// Where the mount's process writes its messages: "/mnt/data" has "mnt-data.log".
std::filesystem::path mount_log(const Settings& settings, const std::filesystem::path& folder);

struct Unmounted {
  std::string folder;
};

// Unmounts, and waits up to a few seconds for the server to end: until then its versions count as
// in use. A lazy unmount does not wait. Throws as mount::unmount() does.
Unmounted unmount(const Settings& settings, const std::filesystem::path& folder,
                  mount::UnmountMode mode);

struct Mounted {
  std::string folder, store, log;
  pid_t pid = 0;
};

void write_document(JsonWriter& json, const Mounted& mounted);
void write_document(JsonWriter& json, const Unmounted& unmounted);

}  // namespace grid::service
