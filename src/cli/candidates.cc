#include "cli/candidates.h"

#include <algorithm>

#include "cli/args.h"

namespace grid::cli {

namespace {

// Where the words before the one to complete have led.
struct Position {
  const CommandSpec* command = nullptr;
  const CommandGroup* group = nullptr;
  const OptionSpec* awaits_value = nullptr;
  std::size_t positionals = 0;
  bool options_ended = false;
};

const OptionSpec* find_option(const CommandSpec* command, const std::string& word) {
  std::vector<const std::vector<OptionSpec>*> lists = {&global_options()};
  if (command != nullptr) lists.push_back(&command->options);
  for (const auto* list : lists)
    for (const OptionSpec& option : *list)
      if (option.name == word || (!option.short_name.empty() && option.short_name == word))
        return &option;
  return nullptr;
}

const CommandSpec* find_command(const CommandTable& table, const std::vector<std::string>& path) {
  for (const Command& command : table.commands)
    if (command.spec.path == path) return &command.spec;
  return nullptr;
}

void advance(const CommandTable& table, Position& at, const std::string& word) {
  if (at.awaits_value != nullptr) {
    at.awaits_value = nullptr;
  } else if (!at.options_ended && word == "--") {
    at.options_ended = true;
  } else if (!at.options_ended && word.size() > 1 && word[0] == '-') {
    const OptionSpec* option = find_option(at.command, word);
    if (option != nullptr && !option->value.empty()) at.awaits_value = option;
  } else if (at.command != nullptr) {
    ++at.positionals;
    if (at.command->raw_rest) at.options_ended = true;
  } else if (at.group != nullptr) {
    at.command = find_command(table, {at.group->name, word});
  } else {
    at.command = find_command(table, {word});
    for (const CommandGroup& group : table.groups)
      if (group.name == word) at.group = &group;
  }
}

std::vector<Candidate> command_words(const CommandTable& table, const CommandGroup* group) {
  std::vector<Candidate> out;
  if (group == nullptr)
    for (const CommandGroup& g : table.groups) out.push_back({g.name, g.summary});
  for (const Command& command : table.commands) {
    const CommandSpec& spec = command.spec;
    bool here = group == nullptr ? spec.path.size() == 1
                                 : spec.path.size() == 2 && spec.path[0] == group->name;
    if (here && !spec.hidden) out.push_back({spec.path.back(), spec.summary});
  }
  return out;
}

std::vector<Candidate> option_words(const CommandSpec* command) {
  std::vector<Candidate> out;
  if (command != nullptr)
    for (const OptionSpec& option : command->options) out.push_back({option.name, option.help});
  for (const OptionSpec& option : global_options()) out.push_back({option.name, option.help});
  return out;
}

void add_values(Candidates& out, Completes completes, const std::string& prefix,
                const NameSource& names) {
  switch (completes) {
    case Completes::nothing:
      break;
    case Completes::file:
    case Completes::folder:
      out.files = completes;
      break;
    case Completes::datastore:
      for (std::string& name : names.datastores()) out.words.push_back({std::move(name), ""});
      break;
    case Completes::run:
      for (std::string& name : names.runs()) out.words.push_back({std::move(name), ""});
      break;
    case Completes::version: {
      const std::size_t mark = prefix.find_first_of(":@");
      std::vector<std::string> found = mark == prefix.npos ? names.datastores()
                                       : prefix[mark] == '@'
                                           ? names.tags_of(prefix.substr(0, mark))
                                           : names.versions_of(prefix.substr(0, mark));
      for (std::string& name : found) out.words.push_back({std::move(name), ""});
      break;
    }
    case Completes::incomplete_create:
      out.words = names.incomplete_creates();
      break;
  }
}

}  // namespace

Candidates find_candidates(const CommandTable& table, const std::vector<std::string>& words,
                           const NameSource& names) {
  Candidates out;
  if (words.empty()) return out;
  Position at;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) advance(table, at, words[i]);
  const std::string& prefix = words.back();

  if (at.awaits_value != nullptr) {
    if (at.awaits_value->name == "--output") out.words = {{"json", ""}, {"text", ""}};
    add_values(out, at.awaits_value->completes, prefix, names);
  } else if (!at.options_ended && prefix.starts_with('-')) {
    out.words = option_words(at.command);
  } else if (at.command == nullptr) {
    out.words = command_words(table, at.group);
  } else if (!at.command->positionals.empty()) {
    const auto& positionals = at.command->positionals;
    std::size_t last = positionals.size() - 1;
    bool has_more = at.positionals <= last || positionals[last].repeatable;
    if (has_more)
      add_values(out, positionals[std::min(at.positionals, last)].completes, prefix, names);
  }
  std::erase_if(out.words,
                [&](const Candidate& candidate) { return !candidate.word.starts_with(prefix); });
  return out;
}

}  // namespace grid::cli
