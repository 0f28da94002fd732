// What the word under the cursor may become, from the specs.
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

// What a shell is to offer: these words, and perhaps files or folders as it knows them.
struct Candidates {
  std::vector<Candidate> words;
  Completes files = Completes::nothing;  // nothing, file or folder
};

// Where the names of a store come from; may be slow or empty, never throws.
struct NameSource {
  std::function<std::vector<std::string>()> datastores;                     // "cats"
  std::function<std::vector<std::string>(const std::string&)> versions_of;  // of "cats": "cats:1"
  std::function<std::vector<Candidate>()> incomplete_creates;               // their ids
  std::function<std::vector<std::string>()> runs;
};

// `words` is the command line behind `grid` up to the cursor; the last one, perhaps empty, is to
// be completed. Only candidates that begin with it come back.
Candidates find_candidates(const CommandTable& table, const std::vector<std::string>& words,
                           const NameSource& names);

}  // namespace grid::cli
