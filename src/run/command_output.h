// Runs another program and takes what it prints.
#pragma once

#include <string>
#include <vector>

namespace grid::run {

struct CommandOutput {
  int status = 0;  // of exit(3); 128 and the signal that killed it; 127: it could not be started
  std::string output, errors;
};

// `command` is looked up in the PATH; it reads `input`, which is small. Throws only if no process
// can be made.
CommandOutput run_command(const std::vector<std::string>& command, const std::string& input = "");

}  // namespace grid::run
