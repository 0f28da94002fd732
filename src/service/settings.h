// Where things are: the store to use, and what this machine keeps beside it. Plain values:
// cli/settings.h reads them from options and the environment, a server from its own configuration.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "dataset/open_store.h"
#include "dataset/read_costs.h"
#include "net/server_options.h"

namespace grid::service {

struct Settings {
  std::string store;                   // a path or URL: --store, GRID_STORE, XDG_DATA_HOME/grid
  bool store_was_named = false;        // by --store or GRID_STORE
  std::filesystem::path cache_folder;  // XDG_CACHE_HOME/grid: losing it loses time
  std::filesystem::path state_folder;  // XDG_STATE_HOME/grid: records of runs, logs of mounts
  net::ServerOptions servers;          // proxies, authorities, AWS_…
  std::filesystem::path attachment_folder;  // in the state folder: see run::live_attachments()
  std::filesystem::path create_folder;      // the same: see create::incomplete_creates()
  std::filesystem::path run_folder;         // in the state folder: see run::Runs
  std::filesystem::path credential_folder;  // XDG_CONFIG_HOME/grid/credentials
  std::filesystem::path token_folder;       // XDG_CONFIG_HOME/grid/tokens: of who may use a server
  std::filesystem::path login_folder;       // XDG_CONFIG_HOME/grid/logins: tokens of other servers
  ReadAhead read_ahead;                     // GRID_READ_AHEAD
  // GRID_PATIENCE: how long a server that fails is asked again. Unset: minutes, more of them for a
  // reader that stays.
  std::optional<std::chrono::seconds> patience{};
  // GRID_RECHECK: how long a command that reads a version believes what this machine has heard of
  // the store, but for listings: see dataset::OpenStoreOptions::confirmed_for.
  std::chrono::seconds recheck{60};
};

// read: of versions, at once; attach: for a reader that stays.
enum class StoreUse { existing, make_if_absent, read, attach };

// Opens the store that the settings name. `costs`, if not null, outlives it. Throws as
// dataset::open_store() does.
std::shared_ptr<dataset::OpenStore> open_store(const Settings& settings,
                                               StoreUse use = StoreUse::existing,
                                               dataset::ReadCostCounters* costs = nullptr);

}  // namespace grid::service
