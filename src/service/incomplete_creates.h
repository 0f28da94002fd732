// Finds, chooses and removes incomplete creates.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "create/incomplete_create.h"
#include "dataset/open_store.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

using IncompleteCreates = std::vector<create::IncompleteCreate>;

// All of this user on this machine, of every store, in the order in which they began.
IncompleteCreates find_incomplete_creates(const Settings& settings);

// Those of a store, or of one of its datastores.
IncompleteCreates of_store(IncompleteCreates creates, const dataset::OpenStore& store);
IncompleteCreates of_datastore(IncompleteCreates creates, std::string_view name);

// The one with this id, or else the only one of the datastore with this name. Throws `not_found`,
// and `invalid_argument` if the name means several.
create::IncompleteCreate choose_create(const IncompleteCreates& creates, const std::string& word);

// Throws `unavailable` for one that is under way, `unsupported` for one that cannot be continued.
void check_resumable(const create::IncompleteCreate& create);

// The creates whose saved state may be removed: the one that `word` means, as in choose_create(),
// or without `word` all that no process works on. Throws `unavailable` if a process works on that
// one.
IncompleteCreates creates_to_clear(const Settings& settings,
                                   const std::optional<std::string>& word);

struct ClearedCreates {
  std::vector<std::string> ids;
  std::vector<std::string> problems;  // why others stayed, a sentence each
};

// Removes the saved state of each create that it can.
ClearedCreates clear_creates(const Settings& settings, const IncompleteCreates& creates);

// An array of what docs/json-output.md calls incomplete creates.
void write_incomplete_array(JsonWriter& json, const IncompleteCreates& creates);

void write_document(JsonWriter& json, const IncompleteCreates& creates);
void write_document(JsonWriter& json, const ClearedCreates& cleared);

}  // namespace grid::service
