// Where things are, from options and the environment. This is the one file that reads environment
// variables; everything below is told.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "service/settings.h"

namespace grid::cli {

using service::Settings;

// Variables that are unset, empty or (as the XDG rules say) relative paths count as absent.
Settings read_settings(const std::optional<std::string>& store_option);

// A path from the root and without links, whatever the current folder. What is no path stays as it
// is: a URL, and "-", which is standard input.
std::string from_root(const std::string& location);

// A variable of the caller's environment, for what is passed on to a run; empty if it is unset.
std::string environment(const char* name);

}  // namespace grid::cli
