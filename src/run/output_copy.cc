// There is one line for each distinct stream: from a pipe or pseudo-terminal that the script writes
// to, to the caller's stream and to the log.
//
// Terminals. Only the output side of a pseudo-terminal is used: the script keeps its standard input
// and its controlling terminal. Modes that the script sets through its output (no echo, keys one by
// one) are copied to the real terminal. The pseudo-terminal leaves the bytes unchanged; the real
// one treats newlines as terminals do.
#include "run/output_copy.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "run/messages.h"
#include "run/process_setup.h"

namespace grid::run {

namespace {

constexpr std::size_t piece_size = 64 << 10;

struct Line {
  FileDescriptor ours, scripts;
  int to = -1;  // the caller's stream
  bool is_terminal = false;
};

bool is_same_stream(int a, int b) {
  struct stat first, second;
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

void copy_size(int from, int to) {
  winsize size{};
  if (::ioctl(from, TIOCGWINSZ, &size) == 0) ::ioctl(to, TIOCSWINSZ, &size);
}

// Empty if there are no pseudo-terminals.
std::optional<Line> find_terminal_line(int to) {
  Line line{.ours = FileDescriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)),
            .scripts = {},
            .to = to,
            .is_terminal = true};
  if (!line.ours || ::unlockpt(line.ours.get()) != 0) return std::nullopt;
  line.scripts =
      FileDescriptor(::ioctl(line.ours.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  termios modes{};
  if (!line.scripts || ::tcgetattr(to, &modes) != 0) return std::nullopt;
  modes.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  ::tcsetattr(line.scripts.get(), TCSANOW, &modes);
  copy_size(to, line.ours.get());
  return line;
}

Line make_pipe_line(int to) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "cannot make a pipe");
  return {.ours = FileDescriptor(ends[0]), .scripts = FileDescriptor(ends[1]), .to = to};
}

// Empty for a stream that is closed or cannot be copied; the script then inherits it directly.
std::optional<Line> find_line(int stream) {
  if (::fcntl(stream, F_GETFD) < 0) return std::nullopt;
  if (::isatty(stream) == 1) return find_terminal_line(stream);
  return make_pipe_line(stream);
}

// The loop of the process that copies.
class Copier {
 public:
  Copier(std::vector<Line> lines, FileDescriptor log, std::uint64_t log_size_max,
         FileDescriptor channel)
      : lines_(std::move(lines)),
        log_(std::move(log)),
        log_size_left_(log_size_max),
        channel_(std::move(channel)) {
    for (Line& line : lines_) {
      line.scripts.release();  // closed already
      ::fcntl(line.ours.get(), F_SETFL, ::fcntl(line.ours.get(), F_GETFL) | O_NONBLOCK);
      if (line.is_terminal) ::tcgetattr(line.ours.get(), &modes_);
    }
  }

  void run() {
    while (has_lines()) {
      std::vector<pollfd> events;
      for (const Line& line : lines_)
        events.push_back({.fd = line.ours.get(), .events = POLLIN, .revents = 0});
      events.push_back({.fd = channel_.get(), .events = POLLIN, .revents = 0});
      if (::poll(events.data(), events.size(), -1) < 0) continue;
      if (events.back().revents != 0) answer_finish();
      for (std::size_t i = 0; i < lines_.size(); ++i)
        if (lines_[i].ours && events[i].revents != 0) copy_piece(lines_[i]);
    }
  }

 private:
  enum class Copied { piece, nothing_yet, end };

  bool has_lines() const {
    for (const Line& line : lines_)
      if (line.ours) return true;
    return false;
  }

  // An empty pipe has delivered everything. Output to a pseudo-terminal may still be on its way: it
  // has arrived once the last writer has closed it, or else a moment later.
  void answer_finish() {
    if (receive_message(channel_).text.empty()) {
      channel_.reset();
      return;
    }
    constexpr int on_its_way_ms = 30;
    for (Line& line : lines_) {
      while (line.ours) {
        if (copy_piece(line) != Copied::nothing_yet) continue;
        pollfd more{.fd = line.ours.get(), .events = POLLIN, .revents = 0};
        if (!line.is_terminal || ::poll(&more, 1, on_its_way_ms) <= 0) break;
      }
    }
    send_message(channel_, "finished");
  }

  Copied copy_piece(Line& line) {
    const ssize_t got = ::read(line.ours.get(), piece_.data(), piece_.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Copied::nothing_yet;
    if (got <= 0) {  // a terminal without writers gives EIO
      line.ours.reset();
      return Copied::end;
    }
    const auto size = static_cast<std::size_t>(got);
    if (line.is_terminal) pass_on_modes(line);
    keep(BytesView(piece_).first(size));
    // The caller's stream has no reader any more. Closing ours tells the script at its next write.
    if (!pass_on(line, BytesView(piece_).first(size))) line.ours.reset();
    return Copied::piece;
  }

  static bool pass_on(const Line& line, BytesView bytes) {
    for (;;) {
      const int error = try_write_all(line.to, bytes);
      if (error != EAGAIN) return error == 0;
      // The caller's stream is non-blocking: wait here.
      pollfd room{.fd = line.to, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    }
  }

  // A full disk costs the log, not the run.
  void keep(BytesView bytes) {
    if (!log_) return;
    bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), log_size_left_));
    log_size_left_ -= bytes.size();
    try {
      write_all(log_.get(), bytes, "the log");
      if (log_size_left_ > 0) return;
      write_all(log_.get(), as_bytes("\n[the log ends here: it has reached its maximum size]\n"),
                "the log");
    } catch (const Error&) {
      // Not reported: the terminal belongs to the script.
    }
    log_.reset();
  }

  void pass_on_modes(const Line& line) {
    termios now{};
    if (::tcgetattr(line.ours.get(), &now) != 0) return;
    if (now.c_lflag == modes_.c_lflag && now.c_iflag == modes_.c_iflag &&
        std::memcmp(now.c_cc, modes_.c_cc, sizeof now.c_cc) == 0)
      return;
    modes_ = now;
    termios real{};
    if (::tcgetattr(line.to, &real) != 0) return;
    real.c_lflag = now.c_lflag;
    real.c_iflag = now.c_iflag;
    std::memcpy(real.c_cc, now.c_cc, sizeof real.c_cc);
    ::tcsetattr(line.to, TCSADRAIN, &real);
  }

  std::vector<Line> lines_;
  FileDescriptor log_;
  std::uint64_t log_size_left_;
  FileDescriptor channel_;
  termios modes_{};  // of the script's terminal, when last looked at
  Bytes piece_ = Bytes(piece_size);
};

}  // namespace

OutputCopy::OutputCopy(Processes& processes, const std::filesystem::path& log,
                       std::uint64_t log_size_max) {
  FileDescriptor log_file = open_file(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  std::vector<Line> lines;
  if (auto line = find_line(STDOUT_FILENO)) {
    output_ = line->scripts.get();
    lines.push_back(std::move(*line));
  }
  if (!lines.empty() && is_same_stream(STDOUT_FILENO, STDERR_FILENO)) {
    errors_ = output_;
  } else if (auto line = find_line(STDERR_FILENO)) {
    errors_ = line->scripts.get();
    lines.push_back(std::move(*line));
  }
  auto copy = [&](FileDescriptor supervisor) {
    ::signal(SIGPIPE, SIG_IGN);
    // This process stays in the caller's group, since only the terminal's foreground group may
    // change its modes, but blocks the signals sent to that group.
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    std::vector<int> kept = {log_file.get(), supervisor.get()};
    for (const Line& line : lines) kept.push_back(line.ours.get());
    ::close(STDIN_FILENO);
    close_all_but(kept);
    Copier copier(std::move(lines), std::move(log_file), log_size_max, std::move(supervisor));
    copier.run();
  };
  channel_ = processes.start({.name = "grid-log"}, copy).channel;
  for (Line& line : lines) {
    script_ends_.push_back(std::move(line.scripts));
    if (line.is_terminal) terminals_.emplace_back(std::move(line.ours), line.to);
  }
}

void OutputCopy::release_streams() { script_ends_.clear(); }

bool OutputCopy::resize() const {
  for (const auto& [ours, callers] : terminals_) copy_size(callers, ours.get());
  return !terminals_.empty();
}

void OutputCopy::finish() {
  if (!channel_) return;
  terminals_.clear();
  send_message(channel_, "finish");
  (void)receive_message(channel_);  // its end means the same
  channel_.reset();
}

}  // namespace grid::run
