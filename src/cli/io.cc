#include "cli/io.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "base/file.h"
#include "cli/text.h"
#include "service/error_document.h"

namespace grid::cli {

namespace {

constexpr std::size_t buffer_size_max = 64 << 10;

unsigned terminal_width(int fd) {
  winsize size{};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80u;
}

// Whether a sentence says itself that it is grid's: "grid datastore create: SOURCE is missing".
bool begins_with_command(std::string_view sentence) {
  const std::string_view words = sentence.substr(0, sentence.find(':'));
  return words.size() < sentence.size() && (words == "grid" || words.starts_with("grid ")) &&
         words.find_first_not_of("abcdefghijklmnopqrstuvwxyz ") == words.npos;
}

}  // namespace

Output::Output(OutputOptions options)
    : options_(options),
      result_is_terminal_(::isatty(STDOUT_FILENO) == 1),
      message_is_terminal_(::isatty(STDERR_FILENO) == 1),
      started_(std::chrono::steady_clock::now()) {}

unsigned Output::result_width() const {
  return result_is_terminal_ ? terminal_width(STDOUT_FILENO) : std::numeric_limits<unsigned>::max();
}

unsigned Output::message_width() const { return terminal_width(STDERR_FILENO); }

void Output::write(std::string_view text) {
  if (result_is_terminal_)
    write_bytes(as_bytes(escape_all_but_layout(text)));
  else
    write_bytes(as_bytes(text));
}

void Output::write_bytes(BytesView bytes) {
  has_result_ = true;
  append(buffer_, bytes);
  if (buffer_.size() >= buffer_size_max) flush();
}

void Output::flush() {
  Bytes pending = std::move(buffer_);
  buffer_.clear();
  BytesView left = pending;
  const int error = try_write_all(STDOUT_FILENO, left);
  if (error == EPIPE) throw OutputClosed{};
  if (error != 0) throw system_error(error, "cannot write to standard output");
}

void Output::write_message(std::string_view text) {
  std::lock_guard lock(mutex_);
  std::string whole;
  if (line_is_drawn_) whole = "\r\x1b[K";
  line_is_drawn_ = false;
  whole += text;
  // A message that cannot be written cannot be reported either.
  [[maybe_unused]] ssize_t put = ::write(STDERR_FILENO, whole.data(), whole.size());
}

void Output::say(std::string_view sentence) {
  if (!options_.quiet) write_message(escape_controls(sentence) + "\n");
}

void Output::ask(std::string_view question) { write_message(escape_all_but_layout(question)); }

void Output::warn(std::string_view sentence) {
  write_message((begins_with_command(sentence) ? "" : "grid: ") + escape_controls(sentence) + "\n");
}

void Output::report(ErrorKind kind, std::string_view sentence) {
  warn(sentence);
  if (!json() || has_result_) return;
  service::JsonWriter document(result_writer());
  service::write_error_document(document, kind, sentence);
  flush();
}

void Output::debug(std::string_view sentence) {
  if (!options_.debug) return;
  auto elapsed = std::chrono::steady_clock::now() - started_;
  write_message(fmt::format("grid: {:8.3f} s  {}\n", std::chrono::duration<double>(elapsed).count(),
                            escape_controls(sentence)));
}

void Output::draw_line(std::string_view line) {
  std::lock_guard lock(mutex_);
  if (drawing_stopped_) return;
  std::string whole = fmt::format("\r{}\x1b[K", escape_controls(line));
  line_is_drawn_ = true;
  [[maybe_unused]] ssize_t put = ::write(STDERR_FILENO, whole.data(), whole.size());
}

void Output::wipe_line() { write_message(""); }

void Output::stop_drawing() {
  std::lock_guard lock(mutex_);
  drawing_stopped_ = true;
}

}  // namespace grid::cli
