#include "mount/fuse_server.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <thread>

#include "base/error.h"
#include "mount/fuse_device.h"
#include "mount/fuse_operations.h"
#include "mount/mount_guard.h"
#include "mount/mount_point.h"
#include "mount/server_signals.h"

namespace grid::mount {
namespace {

FileDescriptor make_event() {
  FileDescriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) throw system_error(errno, "cannot make an eventfd");
  return event;
}

void raise_event(const FileDescriptor& event) noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event.get(), &one, sizeof one);
}

// If the server is killed while the kernel copies a request into memory that is not yet mapped, the
// request fails. So touch that memory first.
ssize_t read_request(int device, void* buffer, std::size_t size, void*) {
  constexpr std::size_t request_size_max = 16 << 10, page_size = 4096;
  auto* bytes = static_cast<volatile char*>(buffer);
  for (std::size_t at = 0; at < std::min(size, request_size_max); at += page_size) bytes[at] = 0;
  return ::read(device, buffer, size);
}
ssize_t write_answer(int device, iovec* parts, int count, void*) {
  return ::writev(device, parts, count);
}
constexpr fuse_custom_io interruptible_io{.writev = write_answer,
                                          .read = read_request,
                                          .splice_receive = nullptr,
                                          .splice_send = nullptr};

void ignore_log(fuse_log_level, const char*, va_list) {}  // return values report what matters

}  // namespace

class FuseServer::Session {
 public:
  Session(Filesystem& filesystem, FuseOptions options)
      : options_(std::move(options)), served_{.filesystem = filesystem, .options = options_} {
    ::fuse_set_log_func(ignore_log);
    // Else each reading thread gets its own malloc arena full of freed chunks: 10 MiB of a mount's
    // 60.
    ::mallopt(M_ARENA_MAX, 2);
    std::array<char*, 2> words{program_.data(), nullptr};
    fuse_args arguments = FUSE_ARGS_INIT(1, words.data());
    session_ = ::fuse_session_new(&arguments, &fuse_operations, sizeof fuse_operations, &served_);
    ::fuse_opt_free_args(&arguments);
    if (!session_) fail(ErrorKind::unsupported, "cannot set up FUSE");
  }
  ~Session() { end(); }

  void mount(const std::filesystem::path& folder) {
    // Before the mount, so that this process may be killed at any moment.
    if (options_.unmount_on_death) guard_.emplace(kernel_path_of(folder));
    MadeMount made = make_mount(
        folder, {.source_name = options_.source_name, .allow_other = options_.allow_other});
    served_.number = made.number;
    use(std::move(made.device), CloneDevice::yes);
    if (guard_) guard_->know(made.number);
  }

  Bytes adopt(FileDescriptor device) {
    Bytes handshake = receive_handshake(device);
    use_shared(std::move(device));
    shake_hands(handshake);
    return handshake;
  }

  void take_over(FileDescriptor device, BytesView handshake) {
    const FileDescriptor shared(::fcntl(device.get(), F_DUPFD_CLOEXEC, 0));
    use_shared(std::move(device));
    shake_hands(handshake);  // the answer is dropped: the kernel already has one
    ask_to_resend(shared);
  }

  // Answers until the mount is gone, stop() is called or a signal arrives; returns that signal, or
  // 0.
  int serve(EndingSignals* signals);

  void stop() noexcept { raise_event(stopped_); }
  FileSystemNumber number() const { return served_.number; }

 private:
  enum class CloneDevice { no, yes };  // a separate queue for each thread

  // libfuse accepts a descriptor by this name, and closes it when the session is destroyed.
  void use(FileDescriptor device, CloneDevice clone) {
    clone_ = clone;
    device_ = device.get();
    if (::fuse_session_mount(session_, fmt::format("/dev/fd/{}", device_).c_str()) != 0) {
      fail(ErrorKind::unsupported, "cannot use the FUSE device");
    }
    device.release();
  }

  // The threads share one descriptor: if each had its own and the server died, the kernel would
  // fail the requests that came through them.
  void use_shared(FileDescriptor device) {
    clone_ = CloneDevice::no;
    device_ = device.get();
    if (::fuse_session_custom_io(session_, &interruptible_io, device_) != 0)
      fail(ErrorKind::unsupported, "cannot use the FUSE device");
    device.release();
  }

  void shake_hands(BytesView handshake) {
    Bytes message(handshake.begin(), handshake.end());
    fuse_buf buffer{};
    buffer.size = message.size();
    buffer.mem = message.data();
    ::fuse_session_process_buf(session_, &buffer);
  }

  int loop() const;
  void interrupt(std::thread& looping, const FileDescriptor& done);
  void end();

  std::string program_ = "grid";
  const FuseOptions options_;
  Served served_;
  fuse_session* session_ = nullptr;
  CloneDevice clone_ = CloneDevice::no;
  int device_ = -1;  // owned by session_
  std::optional<MountGuard> guard_;
  FileDescriptor stopped_ = make_event();
};

// Returns 0 or, negative, an errno.
int FuseServer::Session::loop() const {
  fuse_loop_config* config = ::fuse_loop_cfg_create();
  ::fuse_loop_cfg_set_clone_fd(config, clone_ == CloneDevice::yes ? 1 : 0);
  ::fuse_loop_cfg_set_max_threads(config, options_.threads);
  const int result = ::fuse_session_loop_mt(session_, config);
  ::fuse_loop_cfg_destroy(config);
  return result;
}

int FuseServer::Session::serve(EndingSignals* signals) {
  InterruptingSignal interrupting;
  const FileDescriptor done = make_event();
  int result = 0;
  std::thread looping([&] {
    result = loop();
    raise_event(done);
  });

  // poll() ignores a descriptor of -1.
  std::array<pollfd, 3> events{{{.fd = done.get(), .events = POLLIN},
                                {.fd = stopped_.get(), .events = POLLIN},
                                {.fd = signals ? signals->descriptor() : -1, .events = POLLIN}}};
  while (::poll(events.data(), events.size(), -1) < 0 && errno == EINTR) {
  }
  const int signal = signals ? signals->take() : 0;
  if (events[0].revents == 0) interrupt(looping, done);
  looping.join();
  end();
  if (result < 0) {
    throw system_error(-result, "the connection between the kernel and the mount broke");
  }
  return signal;
}

// libfuse checks whether to exit only when a call is interrupted, and may miss that moment. So the
// signal is repeated until the loop has ended.
void FuseServer::Session::interrupt(std::thread& looping, const FileDescriptor& done) {
  served_.filesystem.stop_waiting();
  ::fuse_session_exit(session_);
  pollfd event{.fd = done.get(), .events = POLLIN, .revents = 0};
  do {
    ::pthread_kill(looping.native_handle(), InterruptingSignal::number);
  } while (::poll(&event, 1, 5) <= 0);
}

// Unmounts, unless the mount is gone already. Then closes the device, so that programs that still
// hold files open do not wait any longer.
void FuseServer::Session::end() {
  if (!session_) return;
  if (served_.number != 0) unmount_served(served_.number, device_);
  ::fuse_session_destroy(std::exchange(session_, nullptr));
  device_ = -1;
  guard_.reset();
}

FuseServer::FuseServer(Filesystem& filesystem, FuseOptions options)
    : session_(std::make_unique<Session>(filesystem, std::move(options))) {}
FuseServer::~FuseServer() = default;

void FuseServer::mount(const std::filesystem::path& folder) { session_->mount(folder); }
FileSystemNumber FuseServer::number() const { return session_->number(); }
Bytes FuseServer::adopt(FileDescriptor device) { return session_->adopt(std::move(device)); }
void FuseServer::take_over(FileDescriptor device, BytesView handshake) {
  session_->take_over(std::move(device), handshake);
}
void FuseServer::serve() { session_->serve(nullptr); }
int FuseServer::serve_until_signal() {
  EndingSignals signals;
  return session_->serve(&signals);
}
void FuseServer::stop() noexcept { session_->stop(); }

}  // namespace grid::mount
