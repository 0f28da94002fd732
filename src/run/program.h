// Finds the program that the words after `grid run` mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace grid::run {

struct Program {
  std::string file;                    // for execve(2)
  std::vector<std::string> arguments;  // its name first

  bool operator==(const Program&) const = default;
};

struct ProgramRequest {
  std::vector<std::string> command;  // not empty
  std::string search_path;           // as in PATH
  std::string folder;                // the program starts in; empty: the current one
  // The program lies in a datastore, which is not attached yet: it cannot be checked.
  bool is_attached_later = false;
};

// A .py file runs with Python; a path is that file; any other word is an executable file here or
// else a program in the search path. Throws `not_found`, or `permission_denied` for a file that
// exists but cannot be started.
Program find_program(const ProgramRequest& request);

// The value of `name` in a list of "NAME=VALUE"; empty if it is not set.
std::string_view find_variable(const std::vector<std::string>& environment, std::string_view name);

// Replaces the entries for `name` by one.
void set_variable(std::vector<std::string>& environment, std::string_view name,
                  std::string_view value);

}  // namespace grid::run
