// Finds completions of the word under the cursor, from the specs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace grid::cli {

struct Candidate {
  std::string word;
  std::string description;  // may be empty

  bool operator==(const Candidate&) const = default;
};

// What a shell should offer: these words, and the files or folders that it finds itself.
struct Candidates {
  std::vector<Candidate> words;
  Completes files = Completes::nothing;  // nothing, file or folder
};

// Gives the names in a store. May be slow or give nothing; never throws.
struct NameSource {
  std::function<std::vector<std::string>()> datastores;                     // "cats"
  std::function<std::vector<std::string>(const std::string&)> versions_of;  // of "cats": "cats:1"
  std::function<std::vector<std::string>(const std::string&)> tags_of;  // of "cats": "cats@best"
  std::function<std::vector<Candidate>()> incomplete_creates;           // their ids
  std::function<std::vector<std::string>()> runs;
};

// `words` is the command line after `grid` up to the cursor. Completes the last one, which may be
// empty: returns only candidates that begin with it.
Candidates find_candidates(const CommandTable& table, const std::vector<std::string>& words,
                           const NameSource& names);

}  // namespace grid::cli
