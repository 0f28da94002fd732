// What the options of `grid datastore create` ask for, checked before anything is opened.
#pragma once

#include "cli/args.h"
#include "cli/settings.h"
#include "create/create.h"

namespace grid::cli {

// Throws `invalid_argument` for options that contradict each other, and the system's error for a
// source that does not exist.
create::CreateOptions create_options_of(const Arguments& arguments, const Settings& settings,
                                        const std::string& made_folder = "");

// The name of the datastore that --from-command makes. Throws for what does not go with it.
std::string name_for_command(const Arguments& arguments);

}  // namespace grid::cli
