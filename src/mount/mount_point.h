// Makes and removes FUSE mounts: by system call where that is allowed, else through fusermount3.
#pragma once

#include <filesystem>
#include <string>

#include "base/file.h"
#include "mount/mount_table.h"

namespace grid::mount {

struct MountOptions {
  std::string source_name = "grid";
  bool allow_other = false;  // admits other users
};

struct MadeMount {
  FileDescriptor device;        // /dev/fuse, through which to serve the mount
  FileSystemNumber number = 0;  // 0: not known
};

// Mounts at `folder`, read-only, nosuid, nodev. First removes a dead mount of an earlier process
// there. Throws `not_found` (no such folder),
// `invalid_argument` (not a folder), `permission_denied`, `unsupported` (no FUSE in this kernel or
// container, no fusermount3).
MadeMount make_mount(const std::filesystem::path& folder, const MountOptions& options);

// The same by system call alone, without checks: for a process that may mount, for instance in its
// own user namespace. `device` is an open /dev/fuse.
void make_mount_with(const FileDescriptor& device, const std::filesystem::path& folder,
                     const MountOptions& options);

// Lets the kernel read 1 MiB ahead in the files of a mount that is being served. With FUSE's own
// limit of 128 KiB only one thread at a time reads a file. Needs root; does nothing for others.
void raise_read_ahead(FileSystemNumber number) noexcept;
void raise_read_ahead(const std::filesystem::path& kernel_path) noexcept;

// Removes a mount at `folder` whose server died without unmounting: it answers ENOTCONN to
// everything. Throws as unmount() does.
void clear_dead_mount(const std::filesystem::path& folder);

enum class UnmountMode {
  refuse_if_busy,
  lazy,  // disappears from the tree at once, and completely after its last user
};

// Throws `not_found` (no such folder), `invalid_argument` (no mount of grid there), `unavailable`
// (busy), `permission_denied` (another user's mount).
void unmount(const std::filesystem::path& folder, UnmountMode mode);

// Removes the mount of this number, wherever it is now, as far as that is allowed, if it is the one
// that `device` serves. It may be gone already, and its number another's.
void unmount_served(FileSystemNumber number, int device) noexcept;

// The absolute path by which the kernel knows a folder. Works for dead mounts too, which answer no
// calls.
std::filesystem::path kernel_path_of(const std::filesystem::path& folder);

}  // namespace grid::mount
