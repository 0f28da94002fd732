#include "cli/version.h"

namespace grid::cli {

std::string_view program_version() { return GRID_VERSION; }

}  // namespace grid::cli
