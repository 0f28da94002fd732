// Where things are, from options and the environment. This is the one file that reads environment
// variables; everything below is told.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace grid::cli {

struct Settings {
  std::string store;                   // a path or URL: --store, GRID_STORE, XDG_DATA_HOME/grid
  bool store_was_named = false;        // by --store or GRID_STORE
  std::filesystem::path cache_folder;  // XDG_CACHE_HOME/grid: losing it loses time
  std::filesystem::path state_folder;  // XDG_STATE_HOME/grid: records of runs, logs of mounts
  std::filesystem::path attachment_folder;  // in the state folder: see run::live_attachments()
};

// Variables that are unset, empty or (as the XDG rules say) relative paths count as absent.
Settings read_settings(const std::optional<std::string>& store_option);

// A variable of the caller's environment, for what is passed on to a run; empty if it is unset.
std::string environment(const char* name);

}  // namespace grid::cli
