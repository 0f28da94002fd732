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

// The mount that is served at this folder; empty if none is. Here and below, the folder is absolute
// and has no '/' at its end.
std::optional<run::Attachment> find_mount(const Settings& settings,
                                          const std::filesystem::path& folder);

// Throws `already_exists`, naming the process, if a mount is served there.
void refuse_second_mount(const Settings& settings, const std::filesystem::path& folder);

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
