// Copies what a script prints to the terminal, file or pipe that it is meant for, and to a log.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "run/processes.h"

namespace grid::run {

// A separate process copies, so that neither a slow reader nor children that the script leaves
// behind hold up the supervisor. If the caller's stream is a terminal, the script gets one too, but
// not as its controlling terminal, so keys and job control work as usual. If standard output and
// standard error are one stream, they stay one, in order.
//
// If that process is killed, another takes over. A stream that has no reader any more, as after
// `| head`, is closed to the script too. What cannot be written to the stream for another reason,
// such as a full disk, still goes to the log, and is reported.
class OutputCopy {
 public:
  // Makes the log if needed and appends to it, at most `log_size_max` bytes.
  OutputCopy(Processes& processes, const std::filesystem::path& log, std::uint64_t log_size_max);

  OutputCopy(const OutputCopy&) = delete;
  OutputCopy& operator=(const OutputCopy&) = delete;

  // For the script, as its standard output and standard error.
  int output() const { return output_; }
  int errors() const { return errors_; }
  // To be called when the script has them.
  void release_streams();

  // Passes on a new size of the terminal. False if the script does not write to one.
  bool resize() const;

  // Readable when there is news; -1 while no process copies.
  int channel() const { return copier_.channel.get(); }
  // To be called when the channel is readable, and regularly while it is -1, to start another
  // process. Returns what a person should hear, or nothing.
  std::string take_news();

  // The first problem by which output did not reach the caller's stream; or empty.
  const std::string& loss() const { return loss_; }
  // Why the log is incomplete; or empty. Not among the news: while the script runs, the terminal is
  // the script's, and has everything.
  const std::string& log_loss() const { return log_loss_; }

  // Returns when everything written so far has arrived, or when a signal asks this process to end;
  // the other process goes on by itself then. Processes that the script left behind may still
  // write.
  void finish();

 private:
  // From a pipe or pseudo-terminal that the script writes to, to the caller's stream.
  struct Line {
    FileDescriptor ours, scripts;
    int to = -1;  // the caller's stream
    bool is_terminal = false;
  };
  class Copier;

  static std::optional<Line> find_line(int stream);
  static std::optional<Line> find_terminal_line(int stream);
  static Line make_pipe_line(int stream);

  void start();
  std::string hear_of_end();

  Processes& processes_;
  const std::filesystem::path log_;
  const std::uint64_t log_size_max_;
  ChildProcess copier_;
  Processes::Time started_;
  std::vector<Line> lines_;    // `ours` is kept for another process that copies
  bool is_over_ = false;       // nothing is left to copy
  bool has_finished_ = false;  // the process has answered that all has arrived
  int output_ = 1, errors_ = 2;
  std::string loss_, log_loss_;
};

}  // namespace grid::run
