// Creates that are under way or were broken off, as the commands show and choose them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "create/incomplete_create.h"
#include "service/json.h"

namespace grid::cli {

using IncompleteCreates = std::vector<create::IncompleteCreate>;

// All of this user on this machine, whatever their store.
IncompleteCreates find_incomplete(const Context& context);

// Those of a store, or of one of its datastores.
IncompleteCreates of_store(IncompleteCreates creates, std::string_view store_id);
IncompleteCreates of_datastore(IncompleteCreates creates, std::string_view name);

// The one with this id, or else the only one of the datastore with this name. Throws `not_found`,
// and `invalid_argument` where the name means several.
create::IncompleteCreate choose(const IncompleteCreates& creates, const std::string& word);

// A table, in which those of another store than the settings' name it, or a document.
void write_incomplete(Context& context, const IncompleteCreates& creates);

// An array of what docs/json-output.md calls incomplete creates.
void write_incomplete_array(service::JsonWriter& json, const IncompleteCreates& creates);

// "35 % of 3.4 GB", or only what is done where the total is not known.
std::string format_done(const create::CreateCounts& counts);

}  // namespace grid::cli
