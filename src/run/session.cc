#include "run/session.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view enter_request = "e", attach_request = "a", detach_request = "d";
constexpr std::string_view done_answer = "y";

// How long a client may take to send its message, while the supervisor does nothing else.
constexpr int patience_ms = 1000;

// The address of a socket. It has room for 107 bytes only, so it names the socket's folder, whose
// path may be longer, by a descriptor.
struct Address {
  explicit Address(const fs::path& path)
      : folder(open_file(path.parent_path(), O_PATH | O_DIRECTORY)) {
    const std::string name =
        fmt::format("/proc/self/fd/{}/{}", folder.get(), path.filename().string());
    value.sun_family = AF_UNIX;
    std::memcpy(value.sun_path, name.c_str(), std::min(name.size() + 1, sizeof value.sun_path - 1));
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value); }

  FileDescriptor folder;
  sockaddr_un value{};
};

FileDescriptor make_socket() {
  FileDescriptor made(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!made) throw system_error(errno, "cannot make a socket");
  return made;
}

Message ask(const RunFolder& folder, std::string_view request) {
  const FileDescriptor socket = make_socket();
  const Address address(folder.door());
  if (::connect(socket.get(), address.get(), sizeof address.value) != 0)
    fail(ErrorKind::unavailable, "the session {} is not running", folder.name());
  send_message(socket, request);
  Message answer = receive_message(socket);
  check_failure(answer);
  if (answer.text.empty())
    fail(ErrorKind::unavailable, "the session {} ended before it answered", folder.name());
  return answer;
}

// "NAME:VERSION DIGEST"
void attach_as_asked(const std::string& text, const SessionDoor::Answers& answers) {
  const std::size_t space = std::min(text.find(' '), text.size());
  const dataset::Reference reference = dataset::Reference::parse(text.substr(0, space));
  const auto root = parse_digest(std::string_view(text).substr(std::min(space + 1, text.size())));
  if (!reference.version || !root) fail(ErrorKind::invalid_argument, "{}: no version", text);
  answers.attach({reference.name, *reference.version}, *root);
}

// 0 if it is not known here, as in another container.
pid_t peer_of(const FileDescriptor& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

std::vector<int> descriptors_of(const PrivateMount& mount) {
  std::vector<int> descriptors = {mount.mount_namespace.get(), mount.root.get(),
                                  mount.current_folder.get()};
  if (mount.user_namespace) descriptors.push_back(mount.user_namespace.get());
  return descriptors;
}

}  // namespace

SessionDoor::SessionDoor(const RunFolder& folder)
    : path_(folder.door()), listening_(make_socket()) {
  const Address address(path_);
  if (::bind(listening_.get(), address.get(), sizeof address.value) != 0 ||
      ::listen(listening_.get(), 16) != 0)
    throw system_error(errno, fmt::format("cannot listen at {}", path_.string()));
}

SessionDoor::~SessionDoor() { ::unlink(path_.c_str()); }

void SessionDoor::answer(const PrivateMount* mount, const Answers& answers) {
  const FileDescriptor from(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  pollfd asked{.fd = from.get(), .events = POLLIN, .revents = 0};
  if (!from || ::poll(&asked, 1, patience_ms) <= 0) return;
  const std::string request = receive_message(from).text;
  if (request.empty()) return;
  const std::string what = request.substr(1);
  try {
    if (request == enter_request) answers.enter(peer_of(from));
    if (request.starts_with(attach_request)) attach_as_asked(what, answers);
    if (request.starts_with(detach_request)) answers.detach(what);
    if (request == enter_request && mount)
      send_message(from, done_answer, descriptors_of(*mount));
    else
      send_message(from, done_answer);
  } catch (const Error& error) {
    send_failure(from, error);
  }
}

bool enter_session(const RunFolder& folder) {
  Message answer = ask(folder, enter_request);
  if (answer.descriptors.size() < 3) return false;
  PrivateMount mount{.device = {},
                     .user_namespace = {},
                     .mount_namespace = std::move(answer.descriptors[0]),
                     .root = std::move(answer.descriptors[1]),
                     .current_folder = std::move(answer.descriptors[2])};
  if (answer.descriptors.size() > 3) mount.user_namespace = std::move(answer.descriptors[3]);
  enter(mount);
  return true;
}

void attach_to_session(const RunFolder& folder, const UsedVersion& version, const Digest& root) {
  ask(folder, fmt::format("{}{}:{} {}", attach_request, version.name, version.version, root.hex()));
}

void detach_from_session(const RunFolder& folder, const std::string& name) {
  ask(folder, fmt::format("{}{}", detach_request, name));
}

}  // namespace grid::run
