#include "store/collection_state.h"

#include <algorithm>

#include "base/error.h"
#include "store/pack_list.h"

namespace grid::store {

std::set<PackId> CollectionState::excluded() const {
  const std::vector<PackId>& packs = removed ? *removed : condemned;
  return {packs.begin(), packs.end()};
}

std::uint32_t find_newest_collection(const backend::Backend& backend) {
  std::uint32_t newest = 0;
  for (const std::string& name : backend.list_names(collections_prefix()))
    newest =
        std::max(newest, collection_of_condemnation_key(collections_prefix() + name).value_or(0));
  return newest;
}

CollectionState read_collection(const backend::Backend& backend, std::uint32_t number) {
  CollectionState state{.number = number};
  if (number == 0) return state;
  const auto noun = [&](const std::string& key) { return backend.name() + ": " + key; };
  const std::string condemnation = condemnation_key(number);
  const std::optional<Bytes> object = backend.find(condemnation);
  if (!object) fail(ErrorKind::corrupt, "{}: is lost", noun(condemnation));
  state.condemned = decode_condemnation(*object, number, noun(condemnation));
  const std::string verdict = verdict_key(number);
  if (const std::optional<Bytes> found = backend.find(verdict)) {
    state.removed = decode_verdict(*found, number, noun(verdict));
    if (!std::includes(state.condemned.begin(), state.condemned.end(), state.removed->begin(),
                       state.removed->end()))
      fail(ErrorKind::corrupt, "{}: names packs that were not condemned", noun(verdict));
  }
  return state;
}

}  // namespace grid::store
