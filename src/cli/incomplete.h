// Creates that are under way or were broken off, as the commands show them.
#pragma once

#include <string>

#include "cli/command.h"
#include "service/incomplete_creates.h"

namespace grid::cli {

using service::IncompleteCreates;

// A table, in which those of another store than the settings' name it, or a document.
void write_incomplete(Context& context, const IncompleteCreates& creates);

// "35 % of 3.4 GB", or only what is done where the total is not known.
std::string format_done(const create::CreateCounts& counts);

}  // namespace grid::cli
