// A relay in front of an HTTP server on loopback that adds latency and counts.
//
//   relay PORT TARGET_PORT DELAY_MS COUNTS [RATE_MB]
//
// Delays what a client sends by DELAY_MS, and by twice that on a new connection, like a network
// with that round trip. Nothing else is slower, unless RATE_MB limits the million bytes per second
// that all clients together get. COUNTS is a file of two 64-bit numbers, requests and bytes sent to
// clients, kept up to date while the relay runs.
//
// tc netem could be used instead if the kernel had it.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

using Clock = std::chrono::steady_clock;

struct Counts {
  std::atomic<std::uint64_t> requests, bytes;
};
static Counts* counts;

// The link that all clients share. Thread-safe.
class Link {
 public:
  double bytes_per_second = 0;  // 0: no limit

  // Returns when that many bytes have passed over the link.
  void pass(std::uint64_t size) {
    if (bytes_per_second == 0) return;
    std::unique_lock lock(mutex_);
    const auto takes = std::chrono::duration<double>(static_cast<double>(size) / bytes_per_second);
    free_at_ =
        std::max(free_at_, Clock::now()) + std::chrono::duration_cast<Clock::duration>(takes);
    const Clock::time_point until = free_at_;
    lock.unlock();
    std::this_thread::sleep_until(until);
  }

 private:
  std::mutex mutex_;
  Clock::time_point free_at_{};  // guarded by mutex_
};
static Link link_to_clients;

struct Connection {
  Connection(int c, int s) : client(c), server(s) {}
  ~Connection() {
    close(client);
    close(server);
  }
  const int client, server;
};

static void no_delay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static bool send_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

// Counts the requests in bytes that a client sends; reads have no bodies that could look like one.
static std::uint64_t requests_in(const std::string& piece) {
  std::uint64_t found = 0;
  for (std::size_t at = piece.find(" HTTP/1.1\r\n"); at != piece.npos;
       at = piece.find(" HTTP/1.1\r\n", at + 1))
    ++found;
  return found;
}

static void to_server(const std::shared_ptr<Connection>& connection, Clock::duration delay) {
  struct Piece {
    Clock::time_point due;
    std::string bytes;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Piece> pieces;  // an empty one marks the end
  std::thread sender([&] {
    for (;;) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return !pieces.empty(); });
      Piece piece = std::move(pieces.front());
      pieces.pop_front();
      lock.unlock();
      std::this_thread::sleep_until(piece.due);
      if (piece.bytes.empty()) break;
      if (!send_all(connection->server, piece.bytes.data(), piece.bytes.size())) break;
    }
    shutdown(connection->server, SHUT_WR);
  });
  Clock::duration handshake = delay;
  std::string buffer(1 << 16, '\0');
  for (ssize_t got = 1; got > 0; handshake = {}) {
    got = recv(connection->client, buffer.data(), buffer.size(), 0);
    Piece piece{Clock::now() + delay + handshake,
                std::string(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0)};
    counts->requests += requests_in(piece.bytes);
    std::lock_guard lock(mutex);
    pieces.push_back(std::move(piece));
    changed.notify_one();
  }
  sender.join();
}

// Copies through a pipe with splice(2), since the relay itself must not be measured.
static void to_client(const std::shared_ptr<Connection>& connection) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  bool broken = false;
  while (!broken) {
    ssize_t got = splice(connection->server, nullptr, ends[1], nullptr, 1 << 20, SPLICE_F_MOVE);
    if (got <= 0) break;
    link_to_clients.pass(static_cast<std::uint64_t>(got));
    counts->bytes += static_cast<std::uint64_t>(got);
    while (got > 0 && !broken) {
      const ssize_t put = splice(ends[0], nullptr, connection->client, nullptr,
                                 static_cast<std::size_t>(got), SPLICE_F_MOVE);
      broken = put <= 0;
      got -= put;
    }
  }
  shutdown(connection->client, SHUT_WR);
  close(ends[0]);
  close(ends[1]);
}

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::fprintf(stderr, "relay PORT TARGET_PORT DELAY_MS COUNTS [RATE_MB]\n");
    return 2;
  }
  if (argc == 6) link_to_clients.bytes_per_second = std::atof(argv[5]) * 1e6;
  signal(SIGPIPE, SIG_IGN);
  const auto delay = std::chrono::milliseconds(std::atoi(argv[3]));
  const int file = open(argv[4], O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || ftruncate(file, sizeof(Counts)) != 0) return 1;
  void* map = mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (map == MAP_FAILED) return 1;
  counts = static_cast<Counts*>(map);
  sockaddr_in here{}, there{};
  here.sin_family = there.sin_family = AF_INET;
  here.sin_addr.s_addr = there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  here.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  there.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[2])));
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, reinterpret_cast<sockaddr*>(&here), sizeof here) != 0 ||
      listen(listener, 256) != 0) {
    std::perror("relay");
    return 1;
  }
  for (;;) {
    const int client = accept(listener, nullptr, nullptr);
    if (client < 0) continue;
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(server, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0) {
      close(client);
      close(server);
      continue;
    }
    no_delay(client);
    no_delay(server);
    auto connection = std::make_shared<Connection>(client, server);
    std::thread([connection, delay] { to_server(connection, delay); }).detach();
    std::thread([connection] { to_client(connection); }).detach();
  }
}
