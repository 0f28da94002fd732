#include "service/settings.h"

#include "base/file.h"

namespace grid::service {

std::shared_ptr<dataset::OpenStore> open_store(const Settings& settings, StoreUse use,
                                               dataset::ReadCostCounters* costs) {
  net::ServerOptions servers = settings.servers;
  // A program that reads a mount cannot ask again: an error ends it.
  static constexpr std::chrono::minutes patience_of_mounts{5};
  if (use == StoreUse::attach && !settings.patience) servers.retries.deadline = patience_of_mounts;
  if (use == StoreUse::attach) servers.http.stop = std::make_shared<net::WaitStop>();
  // A store that the user has not chosen a place for is private.
  if (use == StoreUse::make_if_absent && !settings.store_was_named)
    try_make_private_folders(settings.store);
  return dataset::open_store(
      settings.store,
      {.make_if_absent = use == StoreUse::make_if_absent,
       .servers = std::move(servers),
       .cache_folder = settings.cache_folder,
       .confirmed_for = use == StoreUse::read || use == StoreUse::attach ? settings.recheck
                                                                         : std::chrono::seconds(0),
       .reader_stays = use == StoreUse::attach,
       .read_ahead = settings.read_ahead,
       .costs = costs});
}

}  // namespace grid::service
