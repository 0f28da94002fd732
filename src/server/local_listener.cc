#include "server/local_listener.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace grid::server {

namespace {

sockaddr_un address_of(const FileDescriptor& folder, const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text =
      fmt::format("/proc/self/fd/{}/{}", folder.get(), path.filename().string());
  if (path.filename().empty() || text.size() >= sizeof address.sun_path)
    fail(ErrorKind::invalid_argument, "{} is no path for a socket: its name is too long",
         path.string());
  text.copy(address.sun_path, text.size());
  return address;
}

FileDescriptor new_socket() {
  FileDescriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made) throw system_error(errno, "cannot make a socket");
  // What bind() makes has this mode, from the first moment on.
  if (::fchmod(made.get(), private_file_mode) != 0)
    throw system_error(errno, "cannot make a private socket");
  return made;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Whether a socket is there at which no process listens.
bool is_left_over(const FileDescriptor& folder, const std::filesystem::path& path,
                  const sockaddr_un& address) {
  struct stat found {};
  if (::fstatat(folder.get(), path.filename().c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
    return true;
  if (!S_ISSOCK(found.st_mode))
    fail(ErrorKind::already_exists, "cannot listen at {}: something else is there", path.string());
  const FileDescriptor probe = new_socket();
  return ::connect(probe.get(), generic(address), sizeof address) != 0 && errno == ECONNREFUSED;
}

bool is_of_this_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == ::geteuid();
}

}  // namespace

LocalListener::LocalListener(std::filesystem::path path) : path_(std::move(path)) {
  const std::filesystem::path folder =
      path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  folder_ = open_file(folder, O_PATH | O_DIRECTORY);
  const sockaddr_un address = address_of(folder_, path_);
  socket_ = new_socket();
  int error = ::bind(socket_.get(), generic(address), sizeof address) == 0 ? 0 : errno;
  if (error == EADDRINUSE && is_left_over(folder_, path_, address)) {
    ::unlinkat(folder_.get(), path_.filename().c_str(), 0);
    error = ::bind(socket_.get(), generic(address), sizeof address) == 0 ? 0 : errno;
  }
  if (error == EADDRINUSE)
    fail(ErrorKind::already_exists, "cannot listen at {}: another server does", path_.string());
  if (error != 0 || ::listen(socket_.get(), SOMAXCONN) != 0)
    throw system_error(error != 0 ? error : errno,
                       fmt::format("cannot listen at {}", path_.string()));
  struct stat made {};
  if (::fstatat(folder_.get(), path_.filename().c_str(), &made, AT_SYMLINK_NOFOLLOW) == 0)
    inode_ = made.st_ino;
}

LocalListener::~LocalListener() {
  struct stat found {};
  if (::fstatat(folder_.get(), path_.filename().c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
      found.st_ino == inode_)
    ::unlinkat(folder_.get(), path_.filename().c_str(), 0);
}

FileDescriptor LocalListener::accept() {
  while (!stopping_) {
    FileDescriptor client(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client && is_of_this_user(client.get())) return client;
    // No descriptor is free, or no memory: it may be later.
    if (!client && errno != EINTR && errno != ECONNABORTED && !stopping_) ::poll(nullptr, 0, 50);
  }
  return {};
}

void LocalListener::stop() {
  stopping_ = true;
  ::shutdown(socket_.get(), SHUT_RDWR);  // which ends accept4()
}

}  // namespace grid::server
