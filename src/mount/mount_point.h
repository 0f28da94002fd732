// Making and removing FUSE mounts: by system call where that is allowed, else through fusermount3.
#pragma once

#include <filesystem>
#include <string>

#include "base/file.h"

namespace grid::mount {

struct MountOptions {
  std::string source_name = "grid";
  bool allow_other = false;  // lets other users in
};

// Mounts at `folder`, read-only, nosuid, nodev. A dead mount of an earlier process found there is
// removed first. Returns the device to serve it with. Throws `not_found` (no such folder),
// `invalid_argument` (not a folder), `permission_denied`, `unsupported` (no FUSE in this kernel or
// container, no fusermount3).
FileDescriptor make_mount(const std::filesystem::path& folder, const MountOptions& options);

// The same by system call alone, without looking first: for a process that may mount, for
// instance in a user namespace of its own. `device` is an open /dev/fuse.
void make_mount_with(const FileDescriptor& device, const std::filesystem::path& folder,
                     const MountOptions& options);

// Lets the kernel read 1 MiB ahead in the files of a mount that is being served. FUSE itself gets
// no more than 128 KiB, so that a file is read by one thread at a time. Takes root: does nothing
// for others.
void raise_read_ahead(const std::filesystem::path& kernel_path) noexcept;

enum class UnmountMode {
  refuse_if_busy,
  lazy,  // gone from the tree at once, and altogether when its last user lets go
};

// Throws `not_found` (no such folder), `invalid_argument` (nothing of grid's is mounted there),
// `unavailable` (busy), `permission_denied` (another user's mount).
void unmount(const std::filesystem::path& folder, UnmountMode mode);

// The absolute path by which the kernel knows a folder, also if that is a dead mount, of which
// nothing can be asked.
std::filesystem::path kernel_path_of(const std::filesystem::path& folder);

}  // namespace grid::mount
