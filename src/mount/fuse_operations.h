// What libfuse calls for each message of the kernel: questions to a Filesystem, and its answers in
// libfuse's terms.
//
// This file, its .cc and fuse_server.cc are the only ones that know libfuse.
#pragma once

#define FUSE_USE_VERSION 314
#include <fuse_lowlevel.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>

#include "mount/filesystem.h"
#include "mount/fuse_server.h"

namespace grid::mount {

// What the callbacks work with.
struct Served {
  Filesystem& filesystem;
  const FuseOptions& options;
  uid_t owner = ::geteuid();
  gid_t group = ::getegid();
  bool opens_without_asking = false;  // the kernel does not ask about open and opendir again
  std::filesystem::path folder;       // of a mount that this process made; else empty
  std::once_flag asked;               // that there has been a request

  double seconds(Validity validity) const;
  struct stat stat_of(const Attributes& attributes) const;
};

// Their user data is a Served.
extern const fuse_lowlevel_ops fuse_operations;

}  // namespace grid::mount
