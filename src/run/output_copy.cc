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
#include "base/text.h"
#include "run/await.h"
#include "run/messages.h"
#include "run/process_setup.h"

namespace grid::run {

namespace {

constexpr std::size_t piece_size = 64 << 10;

// What the process that copies tells: a line's number follows.
constexpr char closed_message = 'c';  // the line's stream has no reader any more
constexpr char loss_message = 'l';    // why it cannot be written to follows the number
// Why the log is incomplete follows, without a number.
constexpr char log_loss_message = 'k';
constexpr std::string_view finish_message = "finish", finished_message = "finished";

// A process that ended sooner is not replaced at once: what ended it may end the next one.
constexpr std::chrono::milliseconds restart_interval{500};

bool is_same_stream(int a, int b) {
  struct stat first, second;
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

void copy_size(int from, int to) {
  winsize size{};
  if (::ioctl(from, TIOCGWINSZ, &size) == 0) ::ioctl(to, TIOCSWINSZ, &size);
}

}  // namespace

// Empty if there are no pseudo-terminals.
std::optional<OutputCopy::Line> OutputCopy::find_terminal_line(int to) {
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

OutputCopy::Line OutputCopy::make_pipe_line(int to) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error(errno, "cannot make a pipe");
  return {.ours = FileDescriptor(ends[0]), .scripts = FileDescriptor(ends[1]), .to = to};
}

// Empty for a stream that is closed or cannot be copied; the script then inherits it directly.
std::optional<OutputCopy::Line> OutputCopy::find_line(int stream) {
  if (::fcntl(stream, F_GETFD) < 0) return std::nullopt;
  if (::isatty(stream) == 1) return find_terminal_line(stream);
  return make_pipe_line(stream);
}

// The loop of the process that copies.
class OutputCopy::Copier {
 public:
  Copier(std::vector<Line>& lines, FileDescriptor log, std::uint64_t log_size_max,
         FileDescriptor channel)
      : lines_(lines),
        is_lost_(lines.size()),
        log_(std::move(log)),
        log_size_left_(log_size_max - std::min(log_size_max, size_of_log())),
        channel_(std::move(channel)) {
    for (Line& line : lines_) {
      if (!line.ours) continue;
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
        if (lines_[i].ours && events[i].revents != 0) copy_piece(i);
    }
  }

 private:
  enum class Copied { piece, nothing_yet, end };

  std::uint64_t size_of_log() const {
    struct stat st {};
    return log_ && ::fstat(log_.get(), &st) == 0 ? static_cast<std::uint64_t>(st.st_size) : 0;
  }

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
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const Line& line = lines_[i];
      while (line.ours) {
        if (copy_piece(i) != Copied::nothing_yet) continue;
        pollfd more{.fd = line.ours.get(), .events = POLLIN, .revents = 0};
        if (!line.is_terminal || ::poll(&more, 1, on_its_way_ms) <= 0) break;
      }
    }
    send_message(channel_, finished_message);
  }

  Copied copy_piece(std::size_t number) {
    Line& line = lines_[number];
    const ssize_t got = ::read(line.ours.get(), piece_.data(), piece_.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Copied::nothing_yet;
    if (got <= 0) {  // a terminal without writers gives EIO
      line.ours.reset();
      return Copied::end;
    }
    const BytesView bytes = BytesView(piece_).first(static_cast<std::size_t>(got));
    if (line.is_terminal) pass_on_modes(line);
    keep(bytes);
    if (!is_lost_[number]) pass_on(number, bytes);
    return Copied::piece;
  }

  void pass_on(std::size_t number, BytesView bytes) {
    Line& line = lines_[number];
    int error;
    while ((error = try_write_all(line.to, bytes)) == EAGAIN) {
      // The caller's stream is non-blocking: wait here.
      pollfd room{.fd = line.to, .events = POLLOUT, .revents = 0};
      ::poll(&room, 1, -1);
    }
    if (error == EPIPE) {
      // It has no reader any more. Closed here and in the supervisor, the pipe tells the script at
      // its next write.
      line.ours.reset();
      send_message(channel_, fmt::format("{}{}", closed_message, number));
    } else if (error != 0) {
      is_lost_[number] = true;
      send_message(channel_, fmt::format("{}{} {}", loss_message, number, std::strerror(error)));
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
    } catch (const Error& error) {
      send_message(channel_, fmt::format("{}{}", log_loss_message, error.what()));
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

  std::vector<Line>& lines_;
  std::vector<bool> is_lost_;  // the line's stream cannot be written to
  FileDescriptor log_;
  std::uint64_t log_size_left_;
  FileDescriptor channel_;
  termios modes_{};  // of the script's terminal, when last looked at
  Bytes piece_ = Bytes(piece_size);
};

OutputCopy::OutputCopy(Processes& processes, const std::filesystem::path& log,
                       std::uint64_t log_size_max)
    : processes_(processes), log_(log), log_size_max_(log_size_max) {
  if (auto line = find_line(STDOUT_FILENO)) {
    output_ = line->scripts.get();
    lines_.push_back(std::move(*line));
  }
  if (!lines_.empty() && is_same_stream(STDOUT_FILENO, STDERR_FILENO)) {
    errors_ = output_;
  } else if (auto line = find_line(STDERR_FILENO)) {
    errors_ = line->scripts.get();
    lines_.push_back(std::move(*line));
  }
  start();
}

void OutputCopy::start() {
  FileDescriptor log_file = open_file(log_, O_WRONLY | O_CREAT | O_APPEND, 0600);
  started_ = processes_.now();
  copier_ = processes_.start({.name = "grid-log"}, [&](FileDescriptor supervisor) {
    ::signal(SIGPIPE, SIG_IGN);
    // This process stays in the caller's group, since only the terminal's foreground group may
    // change its modes, but blocks the signals sent to that group.
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    std::vector<int> kept = {log_file.get(), supervisor.get()};
    for (Line& line : lines_) {
      line.scripts.reset();
      kept.push_back(line.ours.get());
    }
    ::close(STDIN_FILENO);
    close_all_but(kept);
    Copier copier(lines_, std::move(log_file), log_size_max_, std::move(supervisor));
    copier.run();
  });
}

void OutputCopy::release_streams() {
  for (Line& line : lines_) line.scripts.reset();
}

bool OutputCopy::resize() const {
  bool any = false;
  for (const Line& line : lines_) {
    if (!line.is_terminal || !line.ours) continue;
    copy_size(line.to, line.ours.get());
    any = true;
  }
  return any;
}

std::string OutputCopy::take_news() {
  if (is_over_) return "";
  if (!copier_.channel) {
    if (processes_.now() - started_ < restart_interval) return "";
    try {
      start();
    } catch (const Error&) {
      // The script waits at its next write until a process can be made.
    }
    return "";
  }
  const std::string text = receive_message(copier_.channel).text;
  if (text.empty()) return hear_of_end();
  if (text == finished_message) has_finished_ = true;
  if (text[0] == log_loss_message) log_loss_ = text.substr(1);
  const std::size_t number = parse_number<std::size_t>(text.substr(1, 1)).value_or(lines_.size());
  if (number >= lines_.size()) return "";
  if (text[0] == closed_message) lines_[number].ours.reset();
  if (text[0] != loss_message) return "";
  const std::string problem = fmt::format(
      "cannot write to standard {}: {}; what the script prints is only in the run's log now",
      lines_[number].to == STDERR_FILENO ? "error" : "output", text.substr(3));
  if (loss_.empty()) loss_ = problem;
  return problem;
}

std::string OutputCopy::hear_of_end() {
  copier_.channel.reset();
  if (processes_.wait_for_end(copier_.process) == ExitStatus{}) {  // every stream has ended
    is_over_ = true;
    lines_.clear();
    return "";
  }
  return take_news();  // at once, unless it has just been started
}

void OutputCopy::finish() {
  pid_t asked = 0;
  while (!is_over_) {
    if (copier_.channel && asked != copier_.process) {
      asked = copier_.process;
      has_finished_ = false;
      send_message(copier_.channel, finish_message);
    }
    pollfd news{.fd = channel(), .events = POLLIN, .revents = 0};
    if (processes_.poll({&news, 1}, interrupt_interval) || !copier_.channel)
      take_news();
    else if (processes_.find_end_signal())
      break;  // the reader may have stopped reading for good
    if (has_finished_) break;
  }
  lines_.clear();
  copier_.channel.reset();
  is_over_ = true;
}

}  // namespace grid::run
