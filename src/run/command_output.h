// Runs another program and captures its output.
#pragma once

#include <string>
#include <vector>

namespace grid::run {

struct CommandOutput {
  int status = 0;  // of exit(3); 128 + the signal that killed it; 127 if it could not be started
  std::string output, errors;
};

// Looks `command` up in the PATH and gives it `input` to read, which must fit into a pipe. Throws
// only if no process or pipe can be made.
CommandOutput run_command(const std::vector<std::string>& command, const std::string& input = "");

}  // namespace grid::run
