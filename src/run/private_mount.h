// A mount that only the processes that enter it and their descendants see. It disappears with the
// last of them, however they end: the kernel removes a mount namespace that is no longer held.
#pragma once

#include <filesystem>

#include "base/file.h"
#include "run/processes.h"

namespace grid::run {

// The descriptors keep the mount alive too.
struct PrivateMount {
  FileDescriptor device;          // /dev/fuse, to serve the mount
  FileDescriptor user_namespace;  // none if the mount belongs to root
  FileDescriptor mount_namespace;
  FileDescriptor root, current_folder;  // the caller's, seen from inside
};

// Makes a mount namespace with a FUSE mount at `folder` (absolute), in a process that then ends.
// The caller stays outside, and must not wait for anything inside before the mount is served. An
// ordinary user also gets a user namespace, which maps the user and the group to themselves.
//
// A missing `folder` is made if its topmost folder exists. Otherwise root makes /datastores for
// good; for any other new name in `/`, and for ordinary users, processes that enter get another
// root: a read-only folder with all the old root's entries and the new name.
//
// Throws `unsupported`, with what to do instead, if the kernel or a container forbids it,
// `invalid_argument` for a folder in /proc, and as await_message() does.
PrivateMount make_private_mount(Processes& processes, const std::filesystem::path& folder);

// Moves the calling process, which must have one thread, inside, to the folder that was current
// when the mount was made. Does not need the device. exec drops the privileges that this brings.
void enter(const PrivateMount& mount);

}  // namespace grid::run
