#include "mount/mount_guard.h"

#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "mount/held_mount.h"

namespace grid::mount {
namespace {

// From the process that serves the mount, or is about to.
struct Message {
  enum Kind { mounted, unmounted, not_mounted };
  Kind kind = mounted;
  FileSystemNumber number = 0;
};

// What the guard knows of the mount: its number, or, as long as that is 0, where it is to be.
struct Guarded {
  FileSystemNumber number = 0;
  std::string_view path;
};

// Writes the path of the mount, with a NUL behind it; false if there is no such mount.
bool find_path(const Guarded& guarded, char (&path)[PATH_MAX]) {
  MountTable table;
  bool found = false;
  for (MountTable::Line line; table.next(line);) {
    const bool is_it =
        guarded.number != 0 ? line.number == guarded.number : line.path == guarded.path;
    if (!is_it || line.type != mount_type || line.path.size() >= sizeof path) continue;
    std::memcpy(path, line.path.data(), line.path.size());
    path[line.path.size()] = '\0';
    found = true;
  }
  return found;
}

// Ends the process if the mount there is another's, or was dead and is removed. Returns if neither
// is so yet.
void remove_if_dead(const char* folder) {
  const HeldMount held(folder);
  if (!held) return;
  const int answer = held.ask();
  if (answer == 0) ::_exit(0);  // from another server, which has mounted there since
  if (answer != ENOTCONN) return;
  const int error = held.detach();
  if (error == 0) ::_exit(0);
  if (error == EPERM)
    ::execlp("fusermount3", "fusermount3", "-u", "-z", "-q", "--", folder, nullptr);
}

// Ends the process: the mount is gone, or it cannot be removed.
[[noreturn]] void remove_dead_mount(const Guarded& guarded) {
  constexpr int tries_max = 100;
  static char folder[PATH_MAX];
  for (int i = 0; i < tries_max; ++i) {
    const bool is_mounted = find_path(guarded, folder);
    if (!is_mounted && guarded.number != 0) ::_exit(0);
    if (is_mounted) remove_if_dead(folder);
    // fusermount3 is about to mount, or the folder was moved just now.
    const timespec pause{.tv_sec = 0, .tv_nsec = 10'000'000};
    ::nanosleep(&pause, nullptr);
  }
  ::_exit(1);
}

// The body of the guard process. It was forked from a process that may have had threads, so it
// calls nothing that takes locks or allocates memory.
[[noreturn]] void guard(int life, Guarded guarded) {
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

  for (;;) {
    Message message;
    const ssize_t size = ::recv(0, &message, sizeof message, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size != sizeof message) break;  // it was killed
    if (message.kind == Message::not_mounted) ::_exit(0);
    if (message.kind == Message::unmounted) break;
    guarded.number = message.number;
  }
  remove_dead_mount(guarded);
}

}  // namespace

MountGuard::MountGuard(const std::filesystem::path& kernel_path) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return;
  const FileDescriptor its_end(ends[0]);
  life_ = FileDescriptor(ends[1]);
  process_ = ::fork();
  if (process_ == 0) guard(its_end.get(), {.number = 0, .path = kernel_path.native()});
}

void MountGuard::know(FileSystemNumber number) noexcept {
  is_mounted_ = true;
  tell(Message::mounted, number);
}

void MountGuard::tell(int kind, FileSystemNumber number) noexcept {
  const Message message{.kind = static_cast<Message::Kind>(kind), .number = number};
  if (process_ >= 0) ::send(life_.get(), &message, sizeof message, MSG_NOSIGNAL);
}

MountGuard::~MountGuard() {
  // Told, since a child of ours may have inherited this end and keep it open.
  tell(is_mounted_ ? Message::unmounted : Message::not_mounted, 0);
  while (process_ >= 0 && ::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace grid::mount
