// A FUSE mount that this process serves as long as the object lives.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <thread>

#include "mount/filesystem.h"
#include "mount/fuse_server.h"
#include "tests/support/temporary_folder.h"

namespace grid::testing {

inline bool fuse_is_available() {
  const int fd = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

class LiveMount {
 public:
  explicit LiveMount(std::shared_ptr<dataset::OpenStore> store,
                     mount::FilesystemOptions options = {}, mount::FuseOptions fuse = {})
      : filesystem_(std::move(store), std::move(options)), server_(filesystem_, std::move(fuse)) {
    server_.mount(folder_.path());
    serving_ = std::thread([this] { server_.serve(); });
  }
  ~LiveMount() { stop(); }

  std::filesystem::path operator/(std::string_view path) const { return folder_ / path; }
  const std::filesystem::path& folder() const { return folder_.path(); }
  mount::Filesystem& filesystem() { return filesystem_; }

  void stop() {
    server_.stop();
    wait();
  }
  // Waits until it is unmounted from elsewhere.
  void wait() {
    if (serving_.joinable()) serving_.join();
  }

 private:
  TemporaryFolder folder_;
  mount::Filesystem filesystem_;
  mount::FuseServer server_;
  std::thread serving_;
};

}  // namespace grid::testing
