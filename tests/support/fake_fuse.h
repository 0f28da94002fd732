// The kernel's side of a FUSE mount, as far as a supervisor sees it: a device that shows whether
// the mount still exists, and the kernel's first message.
#pragma once

#include <fcntl.h>
#include <linux/fuse.h>
#include <unistd.h>

#include <cerrno>
#include <span>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"

namespace grid::testing {

class FakeFuse {
 public:
  FakeFuse() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "cannot make a pipe");
    kernel_ = FileDescriptor(ends[0]);
    device_ = FileDescriptor(ends[1]);
  }

  int device() const { return device_.get(); }
  FileDescriptor open_device() const { return FileDescriptor(::dup(device_.get())); }
  // The last process has left the mount.
  void end_mount() { kernel_.reset(); }

  // The first message of a kernel that can, or cannot, resend requests for another server.
  static std::string handshake(bool can_resend = true) {
    const fuse_init_in said{.major = FUSE_KERNEL_VERSION,
                            .minor = FUSE_KERNEL_MINOR_VERSION,
                            .max_readahead = 1 << 20,
                            .flags = 1u << 30,  // there are more flags
                            .flags2 = can_resend ? 1u << (39 - 32) : 0};
    Bytes message(sizeof(fuse_in_header));
    append(message, std::as_bytes(std::span(&said, 1)));
    return std::string(as_text(message));
  }

 private:
  FileDescriptor kernel_, device_;  // a pipe without a reader polls like a device without a mount
};

}  // namespace grid::testing
