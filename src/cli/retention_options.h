// The options that say which versions are kept: --keep-last and the like.
#pragma once

#include <vector>

#include "cli/args.h"
#include "dataset/records.h"

namespace grid::cli {

// These options, and then those of one command.
std::vector<OptionSpec> with_retention_options(std::vector<OptionSpec> others);

// Throws `invalid_argument` for what is no count or no time.
dataset::RetentionRules retention_rules_of(const Arguments& arguments);

}  // namespace grid::cli
