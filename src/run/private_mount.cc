#include "run/private_mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/random.h"
#include "mount/mount_point.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail_unsupported(int error_number, std::string_view doing) {
  // A limit of zero namespaces is answered by "No space left on device", which helps nobody.
  const std::string what = error_number == ENOSPC || error_number == EUSERS
                               ? fmt::format("{}: none are allowed", doing)
                               : std::string(system_error(error_number, doing).what());
  throw Error(ErrorKind::unsupported,
              what +
                  "; this machine or container does not let a run have mounts of its own: attach "
                  "with `grid mount DIR` instead and give the script paths below DIR");
}

// What containers and hardened kernels answer to a namespace or a mount in one.
bool is_forbidden(int error_number) {
  return error_number == EPERM || error_number == EACCES || error_number == ENOSYS ||
         error_number == ENOSPC || error_number == EUSERS || error_number == EINVAL;
}

void mount_or_fail(const char* source, const fs::path& target, const char* type,
                   unsigned long flags, const char* options, std::string_view doing) {
  if (::mount(source, target.c_str(), type, flags, options) == 0) return;
  if (is_forbidden(errno)) fail_unsupported(errno, doing);
  throw system_error(errno, doing);
}

void write_existing(const char* path, const std::string& text) {
  FileDescriptor fd = open_file(path, O_WRONLY);
  write_all(fd.get(), as_bytes(text), path);
}

void enter_mount_namespace() {
  if (::unshare(CLONE_NEWNS) != 0) {
    if (errno != EPERM) fail_unsupported(errno, "cannot make a mount namespace");
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
      fail_unsupported(errno, "cannot make a user namespace");
    // The kernel lets an ordinary user map its group only after giving up setgroups(2).
    write_existing("/proc/self/setgroups", "deny");
    write_existing("/proc/self/uid_map", fmt::format("{0} {0} 1", user));
    write_existing("/proc/self/gid_map", fmt::format("{0} {0} 1", group));
  }
  // Mounts that the machine makes later still arrive here; none of ours leave.
  mount_or_fail(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr,
                "cannot keep the run's mounts to itself");
}

void make_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    throw system_error(errno, fmt::format("cannot make {}", path.string()));
}

// Makes the entry `name` of the folder `from` appear in `to`: a link as a link, all else, with
// what is mounted below it, by a mount.
void take_over(const fs::path& from, const fs::path& to) {
  struct stat st;
  if (::lstat(from.c_str(), &st) != 0) {
    // For instance another user's FUSE mount: what cannot be looked at is not missed.
    if (errno == EACCES || errno == ENOENT) return;
    throw system_error(errno, fmt::format("cannot look at {}", from.string()));
  }
  if (S_ISLNK(st.st_mode)) {
    fs::create_symlink(fs::read_symlink(from), to);
    return;
  }
  if (S_ISDIR(st.st_mode))
    make_folder(to);
  else
    open_file(to, O_WRONLY | O_CREAT, 0644);
  mount_or_fail(from.c_str(), to, nullptr, MS_BIND | MS_REC, nullptr,
                fmt::format("cannot show {} to the run", from.string()));
}

void take_over_entries(const fs::path& from) {
  std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(from.c_str()), ::closedir);
  if (!entries) throw system_error(errno, fmt::format("cannot list {}", from.string()));
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") take_over(from / name, fs::path("/") / name);
  }
}

// A file system in memory becomes the root, takes over what the old root had, gets the new folder
// and is made read-only: what a script would write there could only be lost.
void change_root_for(const fs::path& folder) {
  std::error_code error;
  const fs::path current = fs::current_path(error);
  if (error) throw system_error(error.value(), "cannot tell the current folder");
  const fs::path base = "/proc";  // any folder that is surely there; it is covered for a moment
  const std::string old_name = ".grid-old-root-" + random_hex(16);
  mount_or_fail("grid-root", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=16m",
                "cannot make a root folder for the run");
  make_folder(base / old_name);
  if (::syscall(SYS_pivot_root, base.c_str(), (base / old_name).c_str()) != 0)
    fail_unsupported(errno, "cannot give the run a root folder of its own");

  const fs::path old_root = fs::path("/") / old_name;
  if (::chdir("/") != 0) throw system_error(errno, "cannot enter the run's root folder");
  take_over_entries(old_root);
  fs::create_directories(folder);
  if (::umount2(old_root.c_str(), MNT_DETACH) != 0)
    throw system_error(errno, "cannot leave the machine's root folder");
  ::rmdir(old_root.c_str());
  mount_or_fail(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV,
                nullptr, "cannot make the run's root folder read-only");
  if (::chdir(current.c_str()) != 0)
    throw system_error(errno, fmt::format("cannot return to {}", current.string()));
}

bool is_new_in_root(const fs::path& folder) {
  std::error_code ignored;
  return !fs::exists(fs::symlink_status(fs::path("/") / *++folder.begin(), ignored));
}

void make_mount_point(const fs::path& folder) {
  if (is_new_in_root(folder)) return change_root_for(folder);
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && !fs::is_directory(folder)) error = std::make_error_code(std::errc::not_a_directory);
  if (error)
    throw system_error(error.value(),
                       fmt::format("cannot attach datastores at {}", folder.string()));
}

}  // namespace

FileDescriptor make_private_mount(const fs::path& folder) {
  enter_mount_namespace();
  make_mount_point(folder);
  // A device opened before the namespace was entered would belong to another user namespace.
  FileDescriptor device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!device) fail_unsupported(errno, "cannot open /dev/fuse");
  mount::make_mount_with(device, folder, {.allow_other = true});
  return device;
}

}  // namespace grid::run
