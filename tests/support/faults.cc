// A library to be loaded before libc: makes calls of the program fail, or be interrupted, at one
// moment of its life, which several processes may share. See fault_lives.py.
//
//   GRID_FAULT=KIND:N[:lasting]   the N-th call of the kind, over all processes, counted from 1
//   GRID_FAULT_COUNTER=FILE       8 bytes, in which the calls are counted
//   GRID_FAULT_PROGRAM=PATH       only in processes of this program
//
// KIND is write (a full disk: what writes to or makes files), open (no descriptor is left), fork,
// thread, memory, or a number: then any of these calls but those for memory sends that signal to
// the process that calls.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
}

namespace {

enum Kind { none, write_kind, open_kind, fork_kind, thread_kind, memory_kind, signal_kind };

Kind kind = none;
int signal_number = 0;
unsigned long moment = 0;
bool lasting = false;
unsigned long* counter = nullptr;

bool is_program(const char* wanted) {
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path - 1);
  if (size < 0 || !wanted) return false;
  path[size] = '\0';
  return strcmp(path, wanted) == 0;
}

__attribute__((constructor)) void begin() {
  const char* spec = getenv("GRID_FAULT");
  const char* file = getenv("GRID_FAULT_COUNTER");
  if (!spec || !file || !is_program(getenv("GRID_FAULT_PROGRAM"))) return;
  const int fd = static_cast<int>(syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC));
  if (fd < 0) return;
  void* memory = mmap(nullptr, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  syscall(SYS_close, fd);
  if (memory == MAP_FAILED) return;
  counter = static_cast<unsigned long*>(memory);
  const char* colon = strchr(spec, ':');
  if (!colon) return;
  moment = strtoul(colon + 1, nullptr, 10);
  lasting = strstr(colon + 1, ":lasting") != nullptr;
  const auto is = [&](const char* name) {
    return strncmp(spec, name, static_cast<size_t>(colon - spec)) == 0 &&
           strlen(name) == static_cast<size_t>(colon - spec);
  };
  signal_number = atoi(spec);
  kind = is("write")         ? write_kind
         : is("open")        ? open_kind
         : is("fork")        ? fork_kind
         : is("thread")      ? thread_kind
         : is("memory")      ? memory_kind
         : signal_number > 0 ? signal_kind
                             : none;
}

// Whether this call is to fail.
bool strikes(Kind called) {
  if (kind == none || !counter) return false;
  if (kind == signal_kind && called != memory_kind) {
    if (__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST) == moment)
      syscall(SYS_kill, getpid(), signal_number);
    return false;
  }
  if (kind != called) return false;
  const unsigned long now = __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
  return lasting ? now >= moment : now == moment;
}

bool fails(Kind called, int error) {
  if (!strikes(called)) return false;
  errno = error;
  return true;
}

// Only files can be on a full disk. A pipe or a device never is.
bool fails_to_write(int fd) {
  if (kind != write_kind && kind != signal_kind) return false;
  struct stat st;
  return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fails(write_kind, ENOSPC);
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool makes(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

int open_or_fail(int folder, const char* path, int flags, mode_t mode) {
  if (makes(flags) && fails(write_kind, ENOSPC)) return -1;
  if (fails(open_kind, EMFILE)) return -1;
  return static_cast<int>(syscall(SYS_openat, folder, path, flags, mode));
}

mode_t mode_in(va_list more, int flags) { return makes(flags) ? va_arg(more, mode_t) : 0; }

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  if (fails_to_write(fd)) return -1;
  return syscall(SYS_write, fd, data, size);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  if (fails_to_write(fd)) return -1;
  return syscall(SYS_pwrite64, fd, data, size, at);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return pwrite64(fd, data, size, at);
}
int fsync(int fd) {
  if (fails_to_write(fd)) return -1;
  return static_cast<int>(syscall(SYS_fsync, fd));
}
int fdatasync(int fd) {
  if (fails_to_write(fd)) return -1;
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}
int rename(const char* from, const char* to) {
  if (fails(write_kind, ENOSPC)) return -1;
  return static_cast<int>(syscall(SYS_rename, from, to));
}
int mkdir(const char* path, mode_t mode) {
  if (fails(write_kind, ENOSPC)) return -1;
  return static_cast<int>(syscall(SYS_mkdir, path, mode));
}

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_in(more, flags);
  va_end(more);
  return open_or_fail(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_in(more, flags);
  va_end(more);
  return open_or_fail(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_in(more, flags);
  va_end(more);
  return open_or_fail(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_in(more, flags);
  va_end(more);
  return open_or_fail(folder, path, flags, mode);
}
int pipe2(int ends[2], int flags) {
  if (fails(open_kind, EMFILE)) return -1;
  return static_cast<int>(syscall(SYS_pipe2, ends, flags));
}
int socket(int domain, int type, int protocol) {
  if (fails(open_kind, EMFILE)) return -1;
  return static_cast<int>(syscall(SYS_socket, domain, type, protocol));
}
int socketpair(int domain, int type, int protocol, int ends[2]) {
  if (fails(open_kind, EMFILE)) return -1;
  return static_cast<int>(syscall(SYS_socketpair, domain, type, protocol, ends));
}
int memfd_create(const char* name, unsigned flags) {
  if (fails(open_kind, EMFILE)) return -1;
  return static_cast<int>(syscall(SYS_memfd_create, name, flags));
}

pid_t fork(void) {
  if (fails(fork_kind, EAGAIN)) return -1;
  static const auto real = next<pid_t (*)(void)>("fork");
  return real();
}
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*),
                   void* argument) {
  if (strikes(thread_kind)) return EAGAIN;
  static const auto real =
      next<int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
  return real(thread, attributes, body, argument);
}

void* malloc(size_t size) {
  if (fails(memory_kind, ENOMEM)) return nullptr;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  if (fails(memory_kind, ENOMEM)) return nullptr;
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  if (fails(memory_kind, ENOMEM)) return nullptr;
  return __libc_realloc(old, size);
}

}  // extern "C"
