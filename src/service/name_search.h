// Finds entries of a version by name, a part at a time: however large the version, a request ends
// soon and says where the next one goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/entries.h"
#include "service/json.h"

namespace grid::service {

struct NameSearchRequest {
  // A part of a name, or with *, ? or [ a pattern of whole names; with a '/' the same of the path
  // below the folder. ASCII letters match in both cases.
  std::string query;
  std::string path{};                  // canonical, of a folder; empty: the whole version
  std::optional<std::string> token{};  // of the search's last part
  std::size_t matches_max = 1000;
  std::uint64_t entries_max = 4'000'000;  // to look at
  std::chrono::milliseconds time_max{250};
};

struct NameSearch {
  std::string query, path;
  std::vector<tree::EntryRef> entries;  // in tree order
  std::uint64_t looked_at = 0;          // entries, by all parts up to now
  std::uint64_t total = 0;              // entries to look at
  std::optional<std::string> token;     // to go on; empty: everything was looked at
  OpenVersion version;
};

// Throws `not_found` and `invalid_argument` for what is no folder, `invalid_argument` for a query
// or token that is none, `changed` for a token of another version.
NameSearch search_names(OpenVersion version, const NameSearchRequest& request);

void write_document(JsonWriter& json, const NameSearch& search);

}  // namespace grid::service
