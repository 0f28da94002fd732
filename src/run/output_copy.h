// Keeps what a script prints: it reaches the terminal, file or pipe that it was meant for, and a
// log as well.
#pragma once

#include <filesystem>
#include <optional>

#include "base/file.h"
#include "run/processes.h"

namespace grid::run {

// A process of its own passes on what the script writes, so that a reader who is slow, or a script
// that leaves children behind, holds up nobody else. Where the caller's stream is a terminal, the
// script gets one too; it is not the one that controls it, so keys and job control are as ever.
// Two streams that are one stay one, in order.
class OutputCopy {
 public:
  // The file is made if need be and appended to; it gets at most `log_size_max` bytes.
  OutputCopy(Processes& processes, const std::filesystem::path& log, std::uint64_t log_size_max);

  // For the script, in the place of its standard output and standard error.
  int output() const { return output_; }
  int errors() const { return errors_; }
  // The script has them.
  void release_streams();

  // The terminal has another size. False if the script does not write to one.
  bool resize() const;

  // Returns when all that was written so far has arrived. What is left of the script may write on.
  void finish();

 private:
  FileDescriptor channel_;
  std::vector<FileDescriptor> script_ends_;
  std::vector<std::pair<FileDescriptor, int>> terminals_;  // ours, and the caller's stream
  int output_ = 1, errors_ = 2;
};

}  // namespace grid::run
