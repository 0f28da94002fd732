// The two streams of a command: results on standard output, messages on standard error.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace grid::cli {

enum class Format { text, json };

struct OutputOptions {
  Format format = Format::text;
  bool quiet = false;  // no messages but errors and warnings, no progress
  bool debug = false;
};

// Thrown when the reader of standard output has closed it; main() then returns the exit status that
// a shell gives for SIGPIPE.
struct OutputClosed {};

// Results are buffered. The destructor does not flush() them, since a failed write must be
// reported. Messages are written at once. Thread-safe for messages, not for results.
//
// This is the one place that keeps stored text from commanding a terminal: what goes to one has no
// control characters but newlines and tabs, and those that draw a line of progress. In messages
// they are escaped wherever these go.
class Output {
 public:
  explicit Output(OutputOptions options);

  bool json() const { return options_.format == Format::json; }
  bool quiet() const { return options_.quiet; }
  bool result_is_terminal() const { return result_is_terminal_; }
  bool message_is_terminal() const { return message_is_terminal_; }
  // Columns of the terminal that results or messages go to; 80 if it does not tell. Results that
  // do not go to a terminal have no limit.
  unsigned result_width() const;
  unsigned message_width() const;

  // Appends text to the result. Throws OutputClosed, or Error if it cannot be written.
  void write(std::string_view text);
  // The same for the content of a file or a log, which goes even to a terminal as it is.
  void write_bytes(BytesView bytes);
  // For service::JsonWriter.
  std::function<void(std::string_view)> result_writer() {
    return [this](std::string_view text) { write(text); };
  }
  void flush();

  // A sentence for the person at the terminal; silent with --quiet.
  void say(std::string_view sentence);
  // A question, without a newline, always.
  void ask(std::string_view question);
  // "grid: SENTENCE", always: what went wrong or needs attention.
  void warn(std::string_view sentence);
  // Reports a failure: a warning, and with -o json the error document unless a result was begun.
  void report(ErrorKind kind, std::string_view sentence);
  // Timings and counters, with --debug only.
  void debug(std::string_view sentence);

  // A line for programs among the messages, always.
  void write_event(std::string_view json) { write_message(json); }

  // One line that is redrawn in place: drawn by ProgressBar, wiped before any message.
  void draw_line(std::string_view line);
  void wipe_line();
  // Draws no line from now on, so that the next message stays the last on the terminal.
  void stop_drawing();

 private:
  void write_message(std::string_view text);

  const OutputOptions options_;
  const bool result_is_terminal_, message_is_terminal_;
  const std::chrono::steady_clock::time_point started_;
  Bytes buffer_;
  bool has_result_ = false;  // something was written to the result

  std::mutex mutex_;
  bool line_is_drawn_ = false;    // guarded by mutex_
  bool drawing_stopped_ = false;  // guarded by mutex_
};

}  // namespace grid::cli
