// --help, from the specs.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace grid::cli {

// The help of the command or group at `path`, or of grid as a whole if it is empty. `width` is in
// columns.
std::string help_text(const CommandTable& table, const std::vector<std::string>& path,
                      unsigned width);

// "grid datastore ls N[:V] [PATH] [options]"
std::string usage_line(const CommandSpec& spec);

}  // namespace grid::cli
