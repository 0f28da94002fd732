// Words that people bring along from other tools: `grid ls`, `grid datastore rm`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace grid::cli {

struct KnownWord {
  std::string_view group;  // below which it is typed: "" or "datastore"
  std::string_view word;
  // The command that it is another name of; empty: `advice` names the right one. Never a command
  // that changes or deletes something else than the word says.
  std::vector<std::string> command;
  std::string_view advice;
};

// Null if nothing is known of the word.
const KnownWord* find_known_word(std::string_view group, std::string_view word);

}  // namespace grid::cli
