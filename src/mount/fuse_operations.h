// The callbacks that libfuse calls for each message of the kernel: they ask a Filesystem and reply
// in libfuse's terms.
//
// Only this file, fuse_operations.cc and fuse_server.cc know libfuse.
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>

#include "mount/filesystem.h"
#include "mount/fuse_server.h"
#include "mount/mount_table.h"

namespace grid::mount {

// The state that the callbacks use.
struct Served {
  Filesystem& filesystem;
  const FuseOptions& options;
  uid_t owner = ::geteuid();
  gid_t group = ::getegid();
  bool opens_without_asking = false;  // the kernel asks about open and opendir only once
  FileSystemNumber number = 0;        // of a mount that this process made; else 0
  std::once_flag asked;               // set by the first request

  double seconds(Validity validity) const;
  struct stat stat_of(const Attributes& attributes) const;
};

// Their user data is a Served.
extern const fuse_lowlevel_ops fuse_operations;

}  // namespace grid::mount
