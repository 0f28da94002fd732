// The folder that a command fills, for `create --from-command`.
#pragma once

#include <filesystem>
#include <string>

#include "cli/io.h"
#include "cli/settings.h"

namespace grid::cli {

class CommandFolder {
 public:
  // Runs `command` with sh, with `{}` in it replaced by the path of a new empty folder, and shows
  // what it prints on standard error. Throws `invalid_argument` for a command without `{}`, and an
  // error that names the folder and what was printed if the command fails or leaves the folder
  // empty: both are kept to look at.
  CommandFolder(Output& output, const Settings& settings, const std::string& command,
                const std::string& name);

  std::string path() const { return (folder_ / "data").string(); }
  // For the version's record: the command, how it ended and how long it took.
  const std::string& description() const { return description_; }

  void remove();  // once a version has it

 private:
  void run(Output& output, const std::string& line);

  std::filesystem::path folder_;
  std::string description_;
};

}  // namespace grid::cli
