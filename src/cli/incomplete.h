// How commands show incomplete creates.
#pragma once

#include <string>

#include "cli/command.h"
#include "service/incomplete_creates.h"

namespace grid::cli {

using service::IncompleteCreates;

// Writes a table or a document. The table names the store of a create if the settings name another.
void write_incomplete(Context& context, const IncompleteCreates& creates);

// "35 % of 3.4 GB", or only the amount done if the total is unknown.
std::string format_done(const create::CreateCounts& counts);

}  // namespace grid::cli
