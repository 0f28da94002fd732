// From what stands behind `grid run` to the program that is started.
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
  std::string folder;                // in which the program is to start; empty: the current one
  // The command lies in the folder where the datastores will appear: it cannot be looked at yet.
  bool is_attached_later = false;
};

// A .py file runs with Python; a path is that file; any other word is an executable file here,
// else a program in the search path.
// Throws `not_found`, or `permission_denied` for what is there and cannot be started.
Program find_program(const ProgramRequest& request);

// The value of `name` among strings like "NAME=VALUE"; empty if it is not there.
std::string_view find_variable(const std::vector<std::string>& environment, std::string_view name);

// Appends "NAME=VALUE" after removing what is there for NAME.
void set_variable(std::vector<std::string>& environment, std::string_view name,
                  std::string_view value);

}  // namespace grid::run
