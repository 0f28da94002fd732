// fusermount3 is a set-uid program that may mount for anyone. It gets the options and one end of a
// socket, through which it returns the /dev/fuse descriptor of the mount that it made.
#include "mount/mount_point.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/spawn.h"
#include "mount/fuse_device.h"
#include "mount/held_mount.h"
#include "mount/mount_table.h"

namespace grid::mount {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t read_size_max = 128 << 10;  // bytes that the kernel asks for at once
constexpr std::size_t read_ahead_size = 1 << 20;  // bytes: eight requests at once

// A child process whose standard error is captured.
class Child {
 public:
  // `given` becomes descriptor 3 of the child. Empty if there is no such program.
  static std::optional<Child> find_and_start(const std::vector<std::string>& words, int given);

  // After the child has ended: whether it succeeded, and what it wrote to standard error.
  struct Ending {
    bool success = false;
    std::string message;
  };
  Ending wait();

 private:
  Child(pid_t pid, FileDescriptor messages) : pid_(pid), messages_(std::move(messages)) {}

  pid_t pid_;
  FileDescriptor messages_;
};

std::optional<Child> Child::find_and_start(const std::vector<std::string>& words, int given) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "cannot make a pipe");
  FileDescriptor messages(ends[0]), child_end(ends[1]);
  std::vector<int> descriptors = {-1, -1, child_end.get()};
  if (given >= 0) descriptors.push_back(given);
  const Spawned spawned =
      spawn({.words = words,
             .environment = std::vector<std::string>{"LC_ALL=C", "_FUSE_COMMFD=3"},
             .descriptors = descriptors});
  if (spawned.error == ENOENT) return std::nullopt;
  if (spawned.error != 0) throw system_error(spawned.error, "cannot start " + words.front());
  return Child(spawned.process, std::move(messages));
}

Child::Ending Child::wait() {
  Ending ending;
  char text[512];
  for (ssize_t size; (size = ::read(messages_.get(), text, sizeof text)) != 0;) {
    if (size > 0) ending.message.append(text, static_cast<std::size_t>(size));
    if (size < 0 && errno != EINTR) break;
  }
  while (!ending.message.empty() && ending.message.back() == '\n') ending.message.pop_back();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ending.success = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return ending;
}

// Receives a descriptor with the next byte from a socket; none if the other end was closed.
FileDescriptor receive_descriptor(int socket) {
  char byte = 0;
  iovec piece{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  const cmsghdr* header = size > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (!header || header->cmsg_type != SCM_RIGHTS) return {};
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return FileDescriptor(fd);
}

// fusermount3 reads "\," as a comma within an option.
std::string escape_commas(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    if (c == ',' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

FileDescriptor make_mount_by_fusermount(const fs::path& folder, const MountOptions& options) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw system_error(errno, "cannot make a socket");
  }
  FileDescriptor ours(ends[0]), theirs(ends[1]);
  std::string text =
      fmt::format("fsname={},subtype=grid,ro,nosuid,nodev,default_permissions,max_read={}",
                  escape_commas(options.source_name), read_size_max);
  if (options.allow_other) text += ",allow_other";

  auto child = Child::find_and_start({"fusermount3", "-o", text, "--", folder}, theirs.get());
  if (!child) {
    fail(ErrorKind::unsupported,
         "cannot mount at {}: fusermount3 is not installed (Debian and Ubuntu: apt install fuse3)",
         folder.string());
  }
  theirs.reset();
  FileDescriptor device = receive_descriptor(ours.get());
  if (!device) {
    const std::string message = child->wait().message;
    const bool needs_other = message.find("user_allow_other") != std::string::npos;
    fail(ErrorKind::permission_denied, "cannot mount at {}: {}", folder.string(),
         needs_other ? "only root may admit other users, unless /etc/fuse.conf contains "
                       "user_allow_other"
                     : message);
  }
  child->wait();
  return device;
}

void check_folder(const fs::path& folder) {
  struct stat found;
  if (::stat(folder.c_str(), &found) == 0) {
    if (S_ISDIR(found.st_mode)) return;
    fail(ErrorKind::invalid_argument, "cannot mount at {}: it is not a folder", folder.string());
  }
  if (errno == ENOENT) {
    fail(ErrorKind::not_found, "cannot mount at {}: there is no such folder (create it with mkdir)",
         folder.string());
  }
  throw system_error(errno, "cannot mount at " + folder.string());
}

FileDescriptor open_device() {
  const int fd = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (fd >= 0) return FileDescriptor(fd);
  if (errno == EACCES || errno == EPERM) {
    fail(ErrorKind::permission_denied,
         "cannot mount: this user or container may not open /dev/fuse");
  }
  fail(ErrorKind::unsupported,
       "cannot mount: this machine or container has no FUSE (/dev/fuse: {})",
       system_error(errno, "cannot open it").what());
}

}  // namespace

fs::path kernel_path_of(const fs::path& folder) {
  std::error_code error;
  fs::path path = fs::canonical(folder, error);
  if (!error) return path;
  path = fs::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  const fs::path parent = fs::weakly_canonical(path.parent_path(), error);
  return error ? path : parent / path.filename();
}

void make_mount_with(const FileDescriptor& device, const fs::path& folder,
                     const MountOptions& options) {
  std::string text =
      fmt::format("fd={},rootmode=40000,user_id={},group_id={},default_permissions,max_read={}",
                  device.get(), ::getuid(), ::getgid(), read_size_max);
  if (options.allow_other) text += ",allow_other";
  if (::mount(options.source_name.c_str(), folder.c_str(), std::string(mount_type).c_str(),
              MS_RDONLY | MS_NOSUID | MS_NODEV, text.c_str()) != 0) {
    throw system_error(errno, "cannot mount at " + folder.string());
  }
}

void clear_dead_mount(const fs::path& folder) {
  const HeldMount held(kernel_path_of(folder).c_str());
  if (!held || held.ask() != ENOTCONN) return;
  const int error = held.detach();
  if (error == EPERM) unmount(folder, UnmountMode::lazy);
}

MadeMount make_mount(const fs::path& folder, const MountOptions& options) {
  clear_dead_mount(folder);
  check_folder(folder);
  FileDescriptor device = open_device();
  const fs::path path = kernel_path_of(folder);
  if (::geteuid() != 0)
    device = make_mount_by_fusermount(path, options);
  else
    make_mount_with(device, path, options);
  const auto mounted = find_mounted(path);
  return {.device = std::move(device),
          .number = mounted && mounted->type == mount_type ? mounted->number : 0};
}

void raise_read_ahead(FileSystemNumber number) noexcept {
  try {
    std::ofstream(fmt::format("/sys/class/bdi/{}:{}/read_ahead_kb", major(number), minor(number)))
        << read_ahead_size / 1024;
  } catch (const std::exception&) {
    // Out of memory: then reading is slower.
  }
}

void raise_read_ahead(const fs::path& kernel_path) noexcept {
  try {
    const auto mounted = find_mounted(kernel_path);
    if (mounted && mounted->type == mount_type) raise_read_ahead(mounted->number);
  } catch (const std::exception&) {
    // As above.
  }
}

// Empty if it succeeded, else why not.
static std::string unmount_by_fusermount(const fs::path& path, UnmountMode mode) {
  const bool lazy = mode == UnmountMode::lazy;
  std::vector<std::string> words{"fusermount3", "-u", "--", path};
  if (lazy) words.insert(words.begin() + 2, "-z");
  auto child = Child::find_and_start(words, -1);
  if (!child) return "fusermount3 is not installed";
  const auto ending = child->wait();
  if (ending.success) return "";
  return ending.message.empty() ? "fusermount3 failed" : ending.message;
}

// Empty if it succeeded, else why not.
static std::string try_unmount(const fs::path& path, UnmountMode mode) {
  const int detach = mode == UnmountMode::lazy ? MNT_DETACH : 0;
  if (::umount2(path.c_str(), UMOUNT_NOFOLLOW | detach) == 0) return "";
  if (errno != EPERM) return system_error(errno, "umount").what();
  return unmount_by_fusermount(path, mode);
}

void unmount_served(FileSystemNumber number, int device) noexcept {
  try {
    // Its folder may be moved between the look and the call, and a mount may be at several places.
    static constexpr int tries_max = 10;
    for (int i = 0; i < tries_max; ++i) {
      const auto mounted = find_mounted(number);
      if (!mounted) return;
      const HeldMount held(mounted->path.c_str());
      // In this order: what has our number while our own mount lives is ours.
      if (held.number() != number) continue;
      if (!is_connected(device)) return;
      const int error = held.detach();
      if (error == 0) continue;
      if (error != EPERM) return;
      if (!unmount_by_fusermount(mounted->path, UnmountMode::lazy).empty()) return;
    }
  } catch (const std::exception&) {
    // The mount is dead once its device is closed; nothing more can be done here.
  }
}

void unmount(const fs::path& folder, UnmountMode mode) {
  const fs::path path = kernel_path_of(folder);
  const auto mounted = find_mounted(path);
  if (!mounted) {
    struct stat found;
    if (::lstat(folder.c_str(), &found) != 0 && errno == ENOENT) {
      fail(ErrorKind::not_found, "cannot unmount {}: there is no such folder", folder.string());
    }
    fail(ErrorKind::invalid_argument, "cannot unmount {}: nothing is mounted there",
         folder.string());
  }
  if (mounted->type != mount_type) {
    fail(ErrorKind::invalid_argument, "cannot unmount {}: it is a {} mount, not one of grid's",
         folder.string(), mounted->type);
  }

  const std::string reason = try_unmount(path, mode);
  if (reason.empty()) return;
  if (reason.find("busy") != std::string::npos) {
    fail(ErrorKind::unavailable,
         "cannot unmount {}: programs still use it (fuser -vm {} names them; a lazy unmount "
         "does not wait for them)",
         folder.string(), folder.string());
  }
  fail(ErrorKind::permission_denied, "cannot unmount {}: {}", folder.string(), reason);
}

}  // namespace grid::mount
