#include "run/messages.h"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace grid::run {

namespace {

constexpr std::size_t message_size_max = 4096;
constexpr std::size_t descriptor_count_max = 8;

}  // namespace

Channel make_channel() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw system_error(errno, "cannot make a socket pair");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

void send_message(const FileDescriptor& to, std::string_view text,
                  const std::vector<int>& descriptors) {
  assert(descriptors.size() <= descriptor_count_max);
  iovec part{const_cast<char*>(text.data()), std::min(text.size(), message_size_max)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * descriptor_count_max)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (const std::size_t size = descriptors.size() * sizeof(int); size > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(header), descriptors.data(), size);
  }
  (void)::sendmsg(to.get(), &message, MSG_NOSIGNAL);
}

Message receive_message(const FileDescriptor& from) {
  char text[message_size_max];
  iovec part{text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * descriptor_count_max)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size;
  do {
    size = ::recvmsg(from.get(), &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  Message received{std::string(text, size > 0 ? static_cast<std::size_t>(size) : 0), {}};
  const cmsghdr* header = size > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return received;
  const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t i = 0; i < count; ++i) {
    int descriptor;
    std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof descriptor, sizeof descriptor);
    received.descriptors.emplace_back(descriptor);
  }
  return received;
}

void send_failure(const FileDescriptor& to, const Error& error) {
  send_message(
      to, fmt::format("{}{}{}", failure_message, static_cast<char>(error.kind()), error.what()));
}

void check_failure(const Message& message) {
  if (message.text.size() >= 2 && message.text[0] == failure_message)
    throw Error(static_cast<ErrorKind>(message.text[1]), message.text.substr(2));
}

}  // namespace grid::run
