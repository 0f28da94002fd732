#include "mount/fuse_server.h"

#define FUSE_USE_VERSION 314
#include <fcntl.h>
#include <fuse_lowlevel.h>
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
#include <mutex>
#include <new>
#include <optional>
#include <thread>

#include "base/error.h"
#include "mount/fuse_device.h"
#include "mount/mount_guard.h"
#include "mount/mount_point.h"
#include "mount/server_signals.h"

namespace grid::mount {
namespace {

constexpr unsigned read_ahead_max = 1 << 20;
constexpr double for_ever_seconds = 1e9;

// What the callbacks work with.
struct Served {
  Filesystem& filesystem;
  const FuseOptions& options;
  uid_t owner = ::geteuid();
  gid_t group = ::getegid();
  bool opens_without_asking = false;  // the kernel does not ask about open and opendir again
  std::filesystem::path folder;       // of a mount that this process made; else empty
  std::once_flag asked;               // that there has been a request

  double seconds(Validity validity) const {
    switch (validity) {
      case Validity::for_ever:
        return for_ever_seconds;
      case Validity::for_a_moment:
        return std::chrono::duration<double>(filesystem.refresh_interval()).count();
      case Validity::not_at_all:
        break;
    }
    return 0;
  }

  struct stat stat_of(const Attributes& attributes) const;
};

mode_t type_bits(NodeKind kind) {
  switch (kind) {
    case NodeKind::folder:
      return S_IFDIR;
    case NodeKind::symlink:
      return S_IFLNK;
    case NodeKind::file:
      break;
  }
  return S_IFREG;
}

mode_t mode_of(const Attributes& attributes) {
  switch (attributes.kind) {
    case NodeKind::folder:
      return S_IFDIR | 0555;
    case NodeKind::symlink:
      return S_IFLNK | 0777;
    case NodeKind::file:
      break;
  }
  return S_IFREG | (attributes.executable ? 0555 : 0444);
}

struct stat Served::stat_of(const Attributes& attributes) const {
  constexpr std::int64_t second = 1'000'000'000;
  struct stat result {};
  result.st_ino = attributes.node;
  result.st_mode = mode_of(attributes);
  result.st_nlink = attributes.link_count;
  result.st_uid = owner;
  result.st_gid = group;
  result.st_size = static_cast<off_t>(attributes.size);
  result.st_blocks = static_cast<blkcnt_t>((attributes.size + 511) / 512);
  result.st_blksize = 4096;
  const std::int64_t part = (attributes.mtime_ns % second + second) % second;
  result.st_mtim = {.tv_sec = (attributes.mtime_ns - part) / second, .tv_nsec = part};
  result.st_atim = result.st_ctim = result.st_mtim;
  return result;
}

Served& served_by(fuse_req_t request) {
  return *static_cast<Served*>(::fuse_req_userdata(request));
}

// The only try of the callbacks: whatever `answer` throws becomes the errno that the program sees.
template <class Answer>
void reply(fuse_req_t request, const Answer& answer) noexcept {
  try {
    Served& served = served_by(request);
    const CostTimer timer(served.options.costs, &ReadCostCounters::request_ns);
    count_cost(served.options.costs, &ReadCostCounters::request_count, 1);
    // The kernel takes the handshake's read-ahead when it has the answer, so this must come later.
    std::call_once(served.asked, [&] {
      if (!served.folder.empty()) raise_read_ahead(served.folder);
    });
    answer(served);
  } catch (const Error& error) {
    ::fuse_reply_err(request, errno_of(error));
  } catch (const std::bad_alloc&) {
    ::fuse_reply_err(request, ENOMEM);
  } catch (...) {
    ::fuse_reply_err(request, EIO);
  }
}

// Memory of this thread that lives from one request to the next.
Bytes& scratch() {
  thread_local Bytes bytes;
  return bytes;
}

void on_init(void* user, fuse_conn_info* connection) noexcept {
  Served& served = *static_cast<Served*>(user);
  const unsigned wanted = FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_READDIRPLUS |
                          FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_NO_OPEN_SUPPORT |
                          FUSE_CAP_NO_OPENDIR_SUPPORT | FUSE_CAP_AUTO_INVAL_DATA;
  // READDIRPLUS_AUTO stays off: find and others list a folder before they look at its first entry,
  // by which the kernel judges that attributes are not wanted, and then pay a lookup for each.
  // 100,000 files with their sizes, cold: 0.4 s instead of 2 to 3; names alone: 0.3 instead of 0.1.
  connection->want = connection->capable & wanted;
  connection->max_readahead = read_ahead_max;
  connection->max_background = 64;
  connection->congestion_threshold = 48;
  connection->time_gran = 1;
  served.opens_without_asking = (connection->want & FUSE_CAP_NO_OPEN_SUPPORT) != 0 &&
                                (connection->want & FUSE_CAP_NO_OPENDIR_SUPPORT) != 0;
  if (served.options.on_ready) served.options.on_ready();
}

fuse_entry_param entry_of(const Served& served, const Attributes& attributes, Validity name,
                          Validity validity) {
  fuse_entry_param entry{};
  entry.ino = attributes.node;
  entry.attr = served.stat_of(attributes);
  entry.entry_timeout = served.seconds(name);
  entry.attr_timeout = served.seconds(validity);
  return entry;
}

void on_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) noexcept {
  reply(request, [&](Served& served) {
    const LookupResult found = served.filesystem.lookup(parent, name);
    if (!found.attributes && found.name_validity == Validity::not_at_all) {
      ::fuse_reply_err(request, ENOENT);
      return;
    }
    // An entry without a node is a name that is known to be missing.
    fuse_entry_param entry{};
    entry.entry_timeout = served.seconds(found.name_validity);
    if (found.attributes) {
      entry = entry_of(served, *found.attributes, found.name_validity, found.attributes_validity);
    }
    ::fuse_reply_entry(request, &entry);
  });
}

void on_getattr(fuse_req_t request, fuse_ino_t node, fuse_file_info*) noexcept {
  reply(request, [&](Served& served) {
    const AttributesResult found = served.filesystem.attributes(node);
    const struct stat result = served.stat_of(found.attributes);
    ::fuse_reply_attr(request, &result, served.seconds(found.validity));
  });
}

void on_readlink(fuse_req_t request, fuse_ino_t link) noexcept {
  reply(request, [&](Served& served) {
    ::fuse_reply_readlink(request, served.filesystem.read_link(link).c_str());
  });
}

// ENOSYS means: open by yourself from now on. The pages of a file then stay from one open to the
// next, and opening costs no message.
void on_open(fuse_req_t request, fuse_ino_t, fuse_file_info* file) noexcept {
  reply(request, [&](Served& served) {
    if (served.opens_without_asking) {
      ::fuse_reply_err(request, ENOSYS);
      return;
    }
    file->keep_cache = 1;
    file->noflush = 1;
    ::fuse_reply_open(request, file);
  });
}

void on_opendir(fuse_req_t request, fuse_ino_t, fuse_file_info* file) noexcept {
  reply(request, [&](Served& served) {
    if (served.opens_without_asking) {
      ::fuse_reply_err(request, ENOSYS);
      return;
    }
    ::fuse_reply_open(request, file);
  });
}

void on_read(fuse_req_t request, fuse_ino_t file, std::size_t size, off_t offset,
             fuse_file_info*) noexcept {
  reply(request, [&](Served& served) {
    const BytesView bytes =
        served.filesystem.read(file, static_cast<std::uint64_t>(offset), size, scratch());
    ::fuse_reply_buf(request, reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
}

enum class ListingKind { names, names_with_attributes };

// Appends an entry to `buffer`, of which `used` bytes are taken; false if it does not fit.
bool add_entry(fuse_req_t request, const Served& served, const FolderEntry& found, ListingKind kind,
               Bytes& buffer, std::size_t& used) {
  const std::string name(found.name);  // libfuse wants a NUL at its end
  char* to = reinterpret_cast<char*>(buffer.data()) + used;
  const std::size_t free_size = buffer.size() - used;
  fuse_entry_param entry{};
  if (found.attributes) {
    entry = entry_of(served, *found.attributes, Validity::for_ever, Validity::for_ever);
  } else {
    // Without a node, the kernel takes the name and asks for attributes when someone wants them.
    entry.attr.st_ino = found.node;
    entry.attr.st_mode = type_bits(found.kind);
  }
  const auto next = static_cast<off_t>(found.next_offset);
  const std::size_t size =
      kind == ListingKind::names
          ? ::fuse_add_direntry(request, to, free_size, name.c_str(), &entry.attr, next)
          : ::fuse_add_direntry_plus(request, to, free_size, name.c_str(), &entry, next);
  if (size > free_size) return false;
  used += size;
  return true;
}

void reply_listing(fuse_req_t request, fuse_ino_t folder, std::size_t size, off_t offset,
                   ListingKind kind) noexcept {
  reply(request, [&](Served& served) {
    Bytes& buffer = scratch();
    buffer.resize(size);
    std::size_t used = 0;
    served.filesystem.read_folder(folder, static_cast<std::uint64_t>(offset),
                                  [&](const FolderEntry& entry) {
                                    return add_entry(request, served, entry, kind, buffer, used);
                                  });
    ::fuse_reply_buf(request, reinterpret_cast<const char*>(buffer.data()), used);
  });
}

void on_readdir(fuse_req_t request, fuse_ino_t folder, std::size_t size, off_t offset,
                fuse_file_info*) noexcept {
  reply_listing(request, folder, size, offset, ListingKind::names);
}

void on_readdirplus(fuse_req_t request, fuse_ino_t folder, std::size_t size, off_t offset,
                    fuse_file_info*) noexcept {
  reply_listing(request, folder, size, offset, ListingKind::names_with_attributes);
}

void on_statfs(fuse_req_t request, fuse_ino_t node) noexcept {
  reply(request, [&](Served& served) {
    constexpr std::uint64_t unit = 4096;
    const Totals totals = served.filesystem.totals(node);
    struct statvfs result {};
    result.f_bsize = result.f_frsize = unit;
    result.f_blocks = (totals.bytes + unit - 1) / unit;
    result.f_files = totals.entries;
    result.f_namemax = 255;
    ::fuse_reply_statfs(request, &result);
  });
}

// What is not here is answered ENOSYS by libfuse, which the kernel remembers: no extended
// attributes, no flush, no fsync. What would change something is refused by the kernel: EROFS.
constexpr fuse_lowlevel_ops make_operations() {
  fuse_lowlevel_ops operations{};
  operations.init = on_init;
  operations.lookup = on_lookup;
  operations.getattr = on_getattr;
  operations.readlink = on_readlink;
  operations.open = on_open;
  operations.read = on_read;
  operations.opendir = on_opendir;
  operations.readdir = on_readdir;
  operations.readdirplus = on_readdirplus;
  operations.statfs = on_statfs;
  return operations;
}
constexpr fuse_lowlevel_ops operations = make_operations();

FileDescriptor make_event() {
  FileDescriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) throw system_error(errno, "cannot make an eventfd");
  return event;
}

void raise_event(const FileDescriptor& event) noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event.get(), &one, sizeof one);
}

// A request that is half copied when the server is killed would fail, if the memory that it is
// copied to had yet to be given to this process. So that is done before.
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

void ignore_log(fuse_log_level, const char*, va_list) {}  // what matters comes as a return value

}  // namespace

class FuseServer::Session {
 public:
  Session(Filesystem& filesystem, FuseOptions options)
      : options_(std::move(options)), served_{.filesystem = filesystem, .options = options_} {
    ::fuse_set_log_func(ignore_log);
    // Every thread that reads would get an arena of freed chunks of its own: 10 MiB of a
    // mount's 60.
    ::mallopt(M_ARENA_MAX, 2);
    std::array<char*, 2> words{program_.data(), nullptr};
    fuse_args arguments = FUSE_ARGS_INIT(1, words.data());
    session_ = ::fuse_session_new(&arguments, &operations, sizeof operations, &served_);
    ::fuse_opt_free_args(&arguments);
    if (!session_) fail(ErrorKind::unsupported, "cannot set up FUSE");
  }
  ~Session() { end(); }

  void mount(const std::filesystem::path& folder) {
    // Found out before: once it is mounted, whoever looks at it waits until it is served.
    const std::filesystem::path path = kernel_path_of(folder);
    FileDescriptor device = make_mount(
        folder, {.source_name = options_.source_name, .allow_other = options_.allow_other});
    folder_ = served_.folder = path;
    use(std::move(device), CloneDevice::yes);
    if (options_.unmount_on_death) guard_.emplace(folder_);
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
    shake_hands(handshake);  // the answer goes nowhere: the kernel has had it
    ask_to_resend(shared);
  }

  // Answers until the mount is gone, stop() was called or `signals` has one, which is returned.
  int serve(EndingSignals* signals);

  void stop() noexcept { raise_event(stopped_); }

 private:
  enum class CloneDevice { no, yes };  // a queue of its own for each thread

  // libfuse takes a descriptor by this name, and closes it when the session is destroyed.
  void use(FileDescriptor device, CloneDevice clone) {
    clone_ = clone;
    device_ = device.get();
    if (::fuse_session_mount(session_, fmt::format("/dev/fd/{}", device_).c_str()) != 0) {
      fail(ErrorKind::unsupported, "cannot use the FUSE device");
    }
    device.release();
  }

  // No descriptors of its own for the threads: when a server dies, the kernel would fail the
  // requests that came through them.
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
  int device_ = -1;               // owned by session_
  std::filesystem::path folder_;  // that this server mounted at; empty: another's mount
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

  // A descriptor of -1 is not waited for.
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

// libfuse looks whether it should end only when a call is interrupted, and may miss the moment:
// so it is interrupted until it has noticed.
void FuseServer::Session::interrupt(std::thread& looping, const FileDescriptor& done) {
  served_.filesystem.stop_waiting();
  ::fuse_session_exit(session_);
  pollfd event{.fd = done.get(), .events = POLLIN, .revents = 0};
  do {
    ::pthread_kill(looping.native_handle(), InterruptingSignal::number);
  } while (::poll(&event, 1, 5) <= 0);
}

// Unmounts, unless that was done already: someone else may have mounted there since. Then closes
// the device, which ends the waiting of programs that still hold files open.
void FuseServer::Session::end() {
  if (!session_) return;
  if (!folder_.empty() && is_connected(device_)) {
    try {
      unmount(folder_, UnmountMode::lazy);
    } catch (const Error&) {
      // Closing the device makes the mount dead; nothing more can be done here.
    }
  }
  ::fuse_session_destroy(std::exchange(session_, nullptr));
  device_ = -1;
  guard_.reset();
}

FuseServer::FuseServer(Filesystem& filesystem, FuseOptions options)
    : session_(std::make_unique<Session>(filesystem, std::move(options))) {}
FuseServer::~FuseServer() = default;

void FuseServer::mount(const std::filesystem::path& folder) { session_->mount(folder); }
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
