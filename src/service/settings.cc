#include "service/settings.h"

namespace grid::service {

std::shared_ptr<dataset::OpenStore> open_store(const Settings& settings, StoreUse use,
                                               dataset::ReadCostCounters* costs) {
  return dataset::open_store(settings.store, {.make_if_absent = use == StoreUse::make_if_absent,
                                              .servers = settings.servers,
                                              .cache_folder = settings.cache_folder,
                                              .reader_stays = use == StoreUse::attach,
                                              .read_ahead = settings.read_ahead,
                                              .costs = costs});
}

}  // namespace grid::service
