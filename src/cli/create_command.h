// The command line of a create, kept so that it can be repeated.
#pragma once

#include <optional>

#include "cli/args.h"
#include "cli/command.h"
#include "service/creates.h"

namespace grid::cli {

// Empty if the current folder has been removed, so that the command cannot be repeated there.
std::optional<service::CreateCommand> find_create_command(const Settings& settings,
                                                          const CommandSpec& spec,
                                                          const Arguments& arguments);

}  // namespace grid::cli
