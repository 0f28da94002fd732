// What of a store is in use on this machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "dataset/open_store.h"

namespace grid::cli {

// Throws `unavailable`, naming who, if a mount or a run of this machine uses one of these versions
// now, or a queued run will. `ending` closes the sentence: "nothing was deleted".
void refuse_if_used(const Context& context, const dataset::OpenStore& store,
                    const std::string& name, const std::vector<dataset::VersionNumber>& numbers,
                    std::string_view ending);

}  // namespace grid::cli
