#include "mount/fuse_device.h"

#include <linux/fuse.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace grid::mount {
namespace {

// From Linux 6.9; the headers of Debian 12 are older.
constexpr int notify_resend = 7;
constexpr unsigned has_resend = 1u << (39 - 32);  // in flags2
constexpr unsigned has_flags2 = 1u << 30;

struct Handshake {
  fuse_in_header header;
  std::uint32_t major, minor, read_ahead_max, flags, flags2;
};

}  // namespace

Bytes receive_handshake(const FileDescriptor& device) {
  Bytes message(FUSE_MIN_READ_BUFFER);
  ssize_t size;
  do {
    size = ::read(device.get(), message.data(), message.size());
  } while (size < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN));
  if (size < 0) throw system_error(errno, "cannot begin to serve the mount");
  message.resize(static_cast<std::size_t>(size));
  fuse_in_header header{};
  if (message.size() >= sizeof header) std::memcpy(&header, message.data(), sizeof header);
  if (header.opcode != FUSE_INIT)
    fail(ErrorKind::unsupported, "the kernel begins with message {}, not with a handshake",
         header.opcode);
  return message;
}

bool can_resend(BytesView handshake) {
  Handshake said{};
  if (handshake.size() < sizeof said) return false;
  std::memcpy(&said, handshake.data(), sizeof said);
  return (said.flags & has_flags2) != 0 && (said.flags2 & has_resend) != 0;
}

void ask_to_resend(const FileDescriptor& device) {
  const fuse_out_header request{.len = sizeof request, .error = notify_resend, .unique = 0};
  if (::write(device.get(), &request, sizeof request) < 0)
    throw system_error(errno, "cannot take over the mount");
}

bool is_connected(int device) {
  pollfd poll{.fd = device, .events = 0, .revents = 0};
  return device >= 0 && ::poll(&poll, 1, 0) >= 0 && (poll.revents & POLLERR) == 0;
}

}  // namespace grid::mount
