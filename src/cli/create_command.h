// The command line of a create, as it is kept to be given again.
#pragma once

#include <optional>

#include "cli/args.h"
#include "cli/command.h"
#include "service/creates.h"

namespace grid::cli {

// Empty where there is nothing to come back to: the current folder was removed.
std::optional<service::CreateCommand> find_create_command(const Settings& settings,
                                                          const CommandSpec& spec,
                                                          const Arguments& arguments);

}  // namespace grid::cli
