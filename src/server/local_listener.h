// A Unix socket that a server of this user listens at, for this user alone.
#pragma once

#include <atomic>
#include <filesystem>

#include "base/file.h"

namespace grid::server {

class LocalListener {
 public:
  // Listens at `path`, which may be longer than a socket's address. What a server that was killed
  // has left there is replaced. Throws `already_exists` if a server answers there or the path is
  // another thing's, `permission_denied`.
  explicit LocalListener(std::filesystem::path path);
  ~LocalListener();  // removes the path

  const std::filesystem::path& path() const { return path_; }

  // The next connection of this user; those of others are closed. Empty once stop() was called.
  FileDescriptor accept();
  void stop();  // from any thread

 private:
  const std::filesystem::path path_;
  FileDescriptor folder_;  // of the path, which makes its address short
  FileDescriptor socket_;
  ino_t inode_ = 0;
  std::atomic<bool> stopping_ = false;
};

}  // namespace grid::server
