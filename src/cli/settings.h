// Where things are, from options and the environment. This is the only file that reads environment
// variables by name; the layers below get values.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "service/settings.h"

namespace grid::cli {

using service::Settings;

// A warning for root in another user's home folder, where that user could not use what grid makes;
// else empty.
std::string home_hint(const Settings& settings);

// Variables that are unset, empty or (as the XDG rules say) relative paths count as absent.
Settings read_settings(const std::optional<std::string>& store_option);

// What to add to a sentence that says what cannot be done with the state folder, the cache folder
// or the default store: the variable that names another. Empty for other sentences.
std::string folder_hint(const Settings& settings, std::string_view sentence);

// The absolute path without symbolic links. A URL, and "-" for standard input, stay as they are.
std::string from_root(const std::string& location);

// A variable of the caller's environment; empty if it is unset.
std::string environment(const char* name);

}  // namespace grid::cli
