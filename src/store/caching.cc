#include "store/caching.h"

#include "store/layout.h"

namespace grid::store {

cache::Caching caching_of(std::string_view key) {
  if (is_pack_data_key(key)) return cache::Caching::parts;
  return key.starts_with(packs_prefix()) ? cache::Caching::none : cache::Caching::whole;
}

}  // namespace grid::store
