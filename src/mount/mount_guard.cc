#include "mount/mount_guard.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace grid::mount {
namespace {

// Whether a mount without a server is at `folder`. The kernel never answers statfs() from its
// caches, and while the server is dying the call waits.
bool is_dead(const char* folder) {
  constexpr int tries_max = 100;
  for (int i = 0; i < tries_max; ++i) {
    struct statfs found;
    if (::statfs(folder, &found) == 0) return false;
    if (errno == ENOTCONN) return true;
    const timespec pause{.tv_sec = 0, .tv_nsec = 10'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return false;
}

// The body of the guard process. It was forked from a process that may have had threads, so it
// calls nothing that takes locks or allocates memory.
[[noreturn]] void guard(int life, const char* folder) {
  ::setsid();  // no Ctrl-C reaches it
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::prctl(PR_SET_NAME, "grid-guard");
  // Above all the FUSE device, which would keep the mount alive; and pipes whose end another
  // process waits for.
  ::dup2(life, 0);
  ::close_range(1, ~0u, 0);
  [[maybe_unused]] const int ignored = ::chdir("/");

  char word = 0;
  ssize_t size = 0;
  do {
    size = ::read(0, &word, 1);
  } while (size < 0 && errno == EINTR);
  if (size != 0 || !is_dead(folder)) ::_exit(0);
  if (::umount2(folder, UMOUNT_NOFOLLOW | MNT_DETACH) == 0) ::_exit(0);
  ::execlp("fusermount3", "fusermount3", "-u", "-z", "-q", "--", folder, nullptr);
  ::_exit(1);
}

}  // namespace

MountGuard::MountGuard(const std::filesystem::path& folder) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
  const FileDescriptor its_end(ends[0]);
  life_ = FileDescriptor(ends[1]);
  process_ = ::fork();
  if (process_ == 0) guard(its_end.get(), folder.c_str());
}

MountGuard::~MountGuard() {
  if (process_ < 0) return;
  // Send a byte, since a child of ours may have inherited this end and keep it open.
  ::send(life_.get(), "e", 1, MSG_NOSIGNAL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace grid::mount
