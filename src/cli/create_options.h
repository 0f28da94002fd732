// What the options of `grid datastore create` ask for, checked before anything is opened.
#pragma once

#include "cli/args.h"
#include "cli/settings.h"
#include "create/create.h"

namespace grid::cli {

// Throws `invalid_argument` for what does not go together, and for sources that are not there.
create::CreateOptions create_options_of(const Arguments& arguments, const Settings& settings);

}  // namespace grid::cli
