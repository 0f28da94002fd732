// A mount that nobody but this process and its descendants see, and that is gone with the last of
// them: the kernel removes a mount namespace that has no process, so there is nothing to clean up
// however they end.
#pragma once

#include <filesystem>

#include "base/file.h"

namespace grid::run {

// Gives the calling process, which has one thread, mounts of its own and a FUSE mount at `folder`
// (absolute); returns the device to serve it with. An ordinary user gets a user namespace for it,
// in which the user and the group are themselves; exec drops the privileges it brings.
//
// If there is no such folder, it is made where that leaves nothing in `/`. For a new name in `/`
// the process gets another root instead: a read-only folder with all the old one's entries and
// the new name. The current folder stays.
//
// Throws `unsupported` where the kernel or a container forbids it, with what to do instead.
FileDescriptor make_private_mount(const std::filesystem::path& folder);

}  // namespace grid::run
