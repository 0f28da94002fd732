// Copies what a script prints to the terminal, file or pipe that it is meant for, and to a log.
#pragma once

#include <filesystem>
#include <optional>

#include "base/file.h"
#include "run/processes.h"

namespace grid::run {

// A separate process copies, so that neither a slow reader nor children that the script leaves
// behind hold up the supervisor. If the caller's stream is a terminal, the script gets one too, but
// not as its controlling terminal, so keys and job control work as usual. If standard output and
// standard error are one stream, they stay one, in order.
class OutputCopy {
 public:
  // Makes the log if needed and appends to it, at most `log_size_max` bytes.
  OutputCopy(Processes& processes, const std::filesystem::path& log, std::uint64_t log_size_max);

  // For the script, as its standard output and standard error.
  int output() const { return output_; }
  int errors() const { return errors_; }
  // To be called when the script has them.
  void release_streams();

  // Passes on a new size of the terminal. False if the script does not write to one.
  bool resize() const;

  // Returns when everything written so far has arrived. Processes that the script left behind may
  // still write.
  void finish();

 private:
  FileDescriptor channel_;
  std::vector<FileDescriptor> script_ends_;
  std::vector<std::pair<FileDescriptor, int>> terminals_;  // ours, and the caller's stream
  int output_ = 1, errors_ = 2;
};

}  // namespace grid::run
