// Where things are, from options and the environment. This is the one file that reads environment
// variables; everything below is told.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "backend/open.h"

namespace grid::cli {

struct Settings {
  std::string store;                   // a path or URL: --store, GRID_STORE, XDG_DATA_HOME/grid
  bool store_was_named = false;        // by --store or GRID_STORE
  std::filesystem::path cache_folder;  // XDG_CACHE_HOME/grid: losing it loses time
  std::filesystem::path state_folder;  // XDG_STATE_HOME/grid: records of runs, logs of mounts
  backend::OpenOptions servers;        // proxies, authorities, AWS_…
  std::filesystem::path attachment_folder;  // in the state folder: see run::live_attachments()
  std::filesystem::path create_folder;      // the same: see dataset::incomplete_creates()
  std::filesystem::path run_folder;         // in the state folder: see run::Runs
  std::filesystem::path credential_folder;  // XDG_CONFIG_HOME/grid/credentials
};

// Variables that are unset, empty or (as the XDG rules say) relative paths count as absent.
Settings read_settings(const std::optional<std::string>& store_option);

// A path from the root and without links, whatever the current folder. What is no path stays as it
// is: a URL, and "-", which is standard input.
std::string from_root(const std::string& location);

// A variable of the caller's environment, for what is passed on to a run; empty if it is unset.
std::string environment(const char* name);

}  // namespace grid::cli
