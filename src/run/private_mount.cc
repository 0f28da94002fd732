#include "run/private_mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <string>

#include "base/current_folder.h"
#include "base/error.h"
#include "base/random.h"
#include "mount/mount_point.h"
#include "run/await.h"
#include "run/messages.h"
#include "run/references.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail_unsupported(int error_number, std::string_view doing) {
  // A limit of zero namespaces gives "No space left on device", which would mislead.
  const std::string what = error_number == ENOSPC || error_number == EUSERS
                               ? fmt::format("{}: none are allowed", doing)
                               : std::string(system_error(error_number, doing).what());
  throw Error(ErrorKind::unsupported,
              what +
                  "; this machine or container does not let a run have mounts of its own: use "
                  "--attach copy, or attach with `grid mount DIR` and give the script paths below "
                  "DIR");
}

// Errors by which containers and hardened kernels refuse a namespace or a mount in one.
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

FileDescriptor open_folder(const fs::path& path) { return open_file(path, O_PATH | O_DIRECTORY); }

void go_to_root(const FileDescriptor& root) {
  if (::fchdir(root.get()) != 0 || ::chroot(".") != 0)
    throw system_error(errno, "cannot enter the root folder");
}

void go_to(const fs::path& current) {
  if (::chdir(current.c_str()) != 0)
    throw system_error(errno, fmt::format("cannot return to {}", current.string()));
}

bool keep_mounts_to_ourselves() {
  // Mounts made on the machine later still appear here; ours do not appear there.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0) return true;
  if (errno == EINVAL) return false;  // in a chroot whose / is not a mount
  fail_unsupported(errno, "cannot keep the run's mounts to itself");
}

// Turns a chroot into an ordinary folder into a chroot into a mount of that folder. Joining the
// namespace that the process is already in leads to that namespace's root.
void make_root_a_mount() {
  const fs::path current = get_current_folder();
  const FileDescriptor root = open_folder("/");
  const FileDescriptor self(static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0)));
  if (!self || ::setns(self.get(), CLONE_NEWNS) != 0)
    fail_unsupported(errno, "cannot leave the chroot to make mounts for the run");
  if (!keep_mounts_to_ourselves())
    fail_unsupported(EINVAL, "cannot keep the run's mounts to itself");
  const FileDescriptor tree(::open_tree(
      root.get(), "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree || ::move_mount(tree.get(), "", root.get(), "",
                            MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    fail_unsupported(errno, "cannot make the chroot a mount");
  go_to_root(tree);
  go_to(current);
}

enum class NewNamespaces { mount, user_and_mount };

NewNamespaces enter_new_namespaces() {
  NewNamespaces made = NewNamespaces::mount;
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
    made = NewNamespaces::user_and_mount;
  }
  if (!keep_mounts_to_ourselves()) make_root_a_mount();
  return made;
}

void make_mount_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    throw system_error(errno, fmt::format("cannot make {}", path.string()));
}

// Makes `from` appear at `to`: a link as a link, anything else by a mount, with all that is mounted
// below it.
void take_over(const fs::path& from, const fs::path& to) {
  struct stat st;
  if (::lstat(from.c_str(), &st) != 0) {
    // For instance another user's FUSE mount, which the script could not use either.
    if (errno == EACCES || errno == ENOENT) return;
    throw system_error(errno, fmt::format("cannot look at {}", from.string()));
  }
  if (S_ISLNK(st.st_mode)) {
    fs::create_symlink(fs::read_symlink(from), to);
    return;
  }
  if (S_ISDIR(st.st_mode))
    make_mount_folder(to);
  else
    open_file(to, O_WRONLY | O_CREAT, 0644);
  mount_or_fail(from.c_str(), to, nullptr, MS_BIND | MS_REC, nullptr,
                fmt::format("cannot show {} to the run", from.string()));
}

void take_over_entries(const fs::path& from) {
  std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(from.c_str()), ::closedir);
  if (!entries) throw system_error(errno, fmt::format("cannot list {}", from.string()));
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(entries.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") take_over(from / name, fs::path("/") / name);
  }
  if (errno != 0) throw system_error(errno, fmt::format("cannot list {}", from.string()));
}

// Makes a file system in memory the root, with the old root's entries and the new folder, then
// makes it read-only: anything that a script wrote there would be lost.
void change_root_for(const fs::path& folder) {
  const fs::path current = get_current_folder();
  const fs::path base = "/proc";  // any folder that surely exists; it is covered for a moment
  const std::string old_name = ".grid-old-root-" + random_hex(16);
  mount_or_fail("grid-root", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=16m",
                "cannot make a root folder for the run");
  make_mount_folder(base / old_name);
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
  go_to(current);
}

bool is_new_in_root(const fs::path& folder) {
  std::error_code ignored;
  return !fs::exists(fs::symlink_status(fs::path("/") / *++folder.begin(), ignored));
}

// The default folder may stay on the machine. With another root instead, the script could not make
// new names in /.
bool made_for_good(const fs::path& folder, NewNamespaces made) {
  return made == NewNamespaces::mount && folder == default_mount_folder &&
         ::mkdir(folder.c_str(), 0755) == 0;
}

void make_mount_point(const fs::path& folder, NewNamespaces made) {
  if (is_new_in_root(folder)) {
    if (!made_for_good(folder, made)) change_root_for(folder);
    return;
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error && !fs::is_directory(folder)) error = std::make_error_code(std::errc::not_a_directory);
  if (error)
    throw system_error(error.value(),
                       fmt::format("cannot attach datastores at {}", folder.string()));
}

// A mount over /proc would hide what the run's own processes need there, and wait for itself.
void refuse_proc(const fs::path& folder) {
  struct statfs system {};
  if (::statfs(folder.c_str(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC)
    fail(ErrorKind::invalid_argument,
         "datastores cannot be attached at {}: it is in the kernel's /proc; name another folder",
         folder.string());
}

// In the process that makes the mount: sends the descriptors of a PrivateMount.
void make_and_send(const fs::path& folder, const FileDescriptor& to) {
  const NewNamespaces made = enter_new_namespaces();
  refuse_proc(folder.parent_path());
  refuse_proc(folder);
  make_mount_point(folder, made);
  // A device opened before the namespace was entered would belong to another user namespace.
  FileDescriptor device(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!device) fail_unsupported(errno, "cannot open /dev/fuse");
  // All are opened before the mount is made: nothing here may wait for its server. Not pidfds,
  // though they work without /proc: a pidfd does not hold the namespace of a process that has
  // ended.
  const FileDescriptor mounts = open_file("/proc/self/ns/mnt", O_RDONLY);
  const FileDescriptor root = open_folder("/"), current = open_folder(".");
  std::vector<int> descriptors = {device.get(), mounts.get(), root.get(), current.get()};
  FileDescriptor user;
  if (made == NewNamespaces::user_and_mount) {
    user = open_file("/proc/self/ns/user", O_RDONLY);
    descriptors.push_back(user.get());
  }
  mount::make_mount_with(device, folder, {.allow_other = true});
  send_message(to, "m", descriptors);
}

void send_mount_or_failure(const fs::path& folder, const FileDescriptor& to) noexcept {
  try {
    make_and_send(folder, to);
  } catch (const Error& error) {
    send_failure(to, error);
  } catch (const std::exception& error) {  // std::filesystem's
    send_failure(to, Error(ErrorKind::unavailable, error.what()));
  }
}

}  // namespace

PrivateMount make_private_mount(Processes& processes, const fs::path& folder) {
  const ChildProcess maker = processes.start(
      {.name = "grid-mount"},
      [&](const FileDescriptor& supervisor) { send_mount_or_failure(folder, supervisor); });
  Message made;
  try {
    made = await_message(processes, maker.channel);
  } catch (const Error&) {
    // Not waited for: the folder may be of a server that does not answer.
    processes.send(maker.process, SIGKILL);
    throw;
  }
  processes.wait_for_end(maker.process);
  check_failure(made);
  if (made.descriptors.size() < 4)
    fail(ErrorKind::unavailable, "the process that makes the run's mount ended before it could");
  PrivateMount mount{.device = std::move(made.descriptors[0]),
                     .user_namespace = {},
                     .mount_namespace = std::move(made.descriptors[1]),
                     .root = std::move(made.descriptors[2]),
                     .current_folder = std::move(made.descriptors[3])};
  if (made.descriptors.size() > 4) mount.user_namespace = std::move(made.descriptors[4]);
  return mount;
}

void enter(const PrivateMount& mount) {
  if (mount.user_namespace && ::setns(mount.user_namespace.get(), CLONE_NEWUSER) != 0)
    throw system_error(errno, "cannot enter the run's user namespace");
  if (::setns(mount.mount_namespace.get(), CLONE_NEWNS) != 0)
    throw system_error(errno, "cannot enter the run's mount namespace");
  go_to_root(mount.root);
  if (::fchdir(mount.current_folder.get()) != 0)
    throw system_error(errno, "cannot enter the current folder");
}

}  // namespace grid::run
