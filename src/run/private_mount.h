// A mount that nobody sees but the processes that enter it and their descendants, and that is gone
// with the last of them: the kernel removes a mount namespace that nobody holds, so there is
// nothing to clean up however they end.
#pragma once

#include <filesystem>

#include "base/file.h"
#include "run/processes.h"

namespace grid::run {

// The descriptors keep the mount alive too.
struct PrivateMount {
  FileDescriptor device;          // /dev/fuse, to serve it with
  FileDescriptor user_namespace;  // none if the mount belongs to root
  FileDescriptor mount_namespace;
  FileDescriptor root, current_folder;  // as the caller's, seen from inside
};

// Makes a mount namespace with a FUSE mount at `folder` (absolute), by means of a process that ends
// at once: the caller stays outside, and must not wait for anything inside before it is served. An
// ordinary user gets a user namespace for it, in which the user and the group are themselves.
//
// If there is no such folder, it is made where that leaves nothing in `/`. For a new name in `/`
// root makes that folder, once and for all; where it cannot, those who enter get another root: a
// read-only folder with all the old one's entries and the new name.
//
// Throws `unsupported` where the kernel or a container forbids it, with what to do instead.
PrivateMount make_private_mount(Processes& processes, const std::filesystem::path& folder);

// Takes the calling process, which has one thread, inside, to the folder from which the mount was
// made; the device is not needed for it. exec drops the privileges that this brings.
void enter(const PrivateMount& mount);

}  // namespace grid::run
