// Parses a command line as getopt_long(3) would: `--name value`, `--name=value`, `-m value`,
// `-mvalue`, combined flags as in `-lR`, options and positionals in any order, and `--` before
// positionals that begin with a dash.
//
// The leading words that are not options name the command. Its spec and the global options then
// decide what each further word is; with `raw_rest` only up to the first positional.
//
// Written by hand, since CLI11 2.1 takes the word after an empty `--text=` as its value, and splits
// a folder called "[a,b]" in two.
#include "cli/args.h"

#include <algorithm>
#include <cassert>
#include <deque>

#include "base/error.h"
#include "base/text.h"
#include "cli/known_words.h"
#include "dataset/reference.h"

namespace grid::cli {

namespace {

using Words = std::deque<std::string>;
using Values = std::map<std::string, std::vector<std::string>>;

std::string joined(const std::vector<std::string>& path) {
  std::string out = "grid";
  for (const std::string& word : path) out += " " + word;
  return out;
}

bool is_option(std::string_view word) { return word.size() > 1 && word[0] == '-'; }

const OptionSpec* find_option(const std::vector<OptionSpec>& options, std::string_view name) {
  for (const OptionSpec& option : options)
    if (option.name == name || (!option.short_name.empty() && option.short_name == name))
      return &option;
  return nullptr;
}

// Takes options of a given list from the front of the words.
class OptionReader {
 public:
  OptionReader(std::string command, std::vector<OptionSpec> options)
      : command_(std::move(command)), options_(std::move(options)) {}

  // Takes the option at the front, and its value; false if the list has no such option.
  bool take(Words& words, Values& values) const {
    const std::string word = words.front();
    if (!word.starts_with("--")) return take_short(words, values);
    std::size_t equals = word.find('=');
    const OptionSpec* option = find_option(options_, word.substr(0, equals));
    if (option == nullptr) return false;
    words.pop_front();
    if (option->value.empty()) {
      if (equals != word.npos)
        fail(ErrorKind::invalid_argument, "{}: {} takes no value", command_, option->name);
      values[option->name].emplace_back();
    } else if (equals != word.npos) {
      give(*option, word.substr(equals + 1), values);
    } else {
      take_value(*option, words, values);
    }
    return true;
  }

  [[noreturn]] void fail_unknown(std::string_view word) const {
    std::vector<std::string> names;
    for (const OptionSpec& option : options_) names.push_back(option.name);
    word = word.substr(0, word.find('='));
    fail(ErrorKind::invalid_argument, "{}: there is no option {}{}", command_, word,
         dataset::did_you_mean(word, names));
  }

 private:
  // "-l", "-lR", "-m TEXT" or "-mTEXT".
  bool take_short(Words& words, Values& values) const {
    const std::string word = words.front();
    std::size_t letter = 1;
    for (; letter < word.size(); ++letter) {
      const OptionSpec* option = find_option(options_, std::string("-") + word[letter]);
      if (option == nullptr) return false;
      if (option->value.empty()) continue;
      words.pop_front();
      take_flags(word.substr(1, letter - 1), values);
      if (letter + 1 < word.size())
        give(*option, word.substr(letter + 1), values);
      else
        take_value(*option, words, values);
      return true;
    }
    words.pop_front();
    take_flags(word.substr(1), values);
    return true;
  }

  void take_flags(std::string_view letters, Values& values) const {
    for (char letter : letters)
      values[find_option(options_, std::string("-") + letter)->name].emplace_back();
  }

  void take_value(const OptionSpec& option, Words& words, Values& values) const {
    if (words.empty())
      fail(ErrorKind::invalid_argument, "{}: {} needs a value, {}", command_, option.name,
           option.value);
    give(option, std::move(words.front()), values);
    words.pop_front();
  }

  static void give(const OptionSpec& option, std::string value, Values& values) {
    if (option.negates.empty())
      values[option.name].push_back(std::move(value));
    else
      values[option.negates].push_back("!" + std::move(value));
  }

  std::string command_;
  std::vector<OptionSpec> options_;
};

GlobalOptions globals_of(Values& values) {
  GlobalOptions globals;
  if (auto& stores = values["--store"]; !stores.empty()) {
    if (stores.back().empty())
      fail(ErrorKind::invalid_argument, "--store needs the path or URL of a store");
    globals.store = stores.back();
  }
  for (const std::string& format : values["--output"]) {
    if (format != "json" && format != "text")
      fail(ErrorKind::invalid_argument, "-o takes json or text, not {}", format);
    globals.json = format == "json";
  }
  globals.quiet = !values["--quiet"].empty();
  globals.debug = !values["--debug"].empty();
  return globals;
}

// The command or group that the leading words name.
struct Named {
  const Command* command = nullptr;
  const CommandGroup* group = nullptr;
};

std::vector<std::string> names_below(const CommandTable& table, const CommandGroup* group) {
  std::vector<std::string> names;
  if (group == nullptr)
    for (const CommandGroup& g : table.groups) names.push_back(g.name);
  for (const Command& command : table.commands) {
    const auto& path = command.spec.path;
    if (command.spec.hidden) continue;
    if (group == nullptr ? path.size() == 1 : path.size() == 2 && path[0] == group->name)
      names.push_back(path.back());
  }
  return names;
}

// The command of which a word that people bring along is another name; null if there is none.
const Command* find_alias(const CommandTable& table, const CommandGroup* group,
                          std::string_view word) {
  const KnownWord* known = find_known_word(group == nullptr ? "" : group->name, word);
  if (known == nullptr || known->command.empty()) return nullptr;
  for (const Command& command : table.commands)
    if (command.spec.path == known->command) return &command;
  return nullptr;
}

[[noreturn]] void fail_unknown_command(const CommandTable& table, const CommandGroup* group,
                                       std::string_view word) {
  std::string before = group == nullptr ? "grid" : "grid " + group->name;
  if (const KnownWord* known = find_known_word(group == nullptr ? "" : group->name, word);
      known != nullptr)
    fail(ErrorKind::invalid_argument, "{}: there is no command {}: {}", before, word,
         known->advice);
  std::string hint = dataset::did_you_mean(word, names_below(table, group));
  // The likeliest slip is a word of another level: `grid create` for `grid datastore create`.
  if (hint.empty()) {
    std::string likely;
    for (const Command& command : table.commands)
      if (!command.spec.hidden && command.spec.path.back() == word)
        likely += (likely.empty() ? "" : " or ") + joined(command.spec.path);
    if (!likely.empty()) hint = fmt::format("; did you mean {}?", likely);
  }
  if (hint.empty()) hint = fmt::format("; see {} --help", before);
  fail(ErrorKind::invalid_argument, "{}: there is no command {}{}", before, word, hint);
}

// Takes the words that name a command from the front, and the global options among them.
Named take_command(const CommandTable& table, Words& words, Values& values) {
  OptionReader reader("grid", global_options());
  Named named;
  std::vector<std::string> path;
  while (!words.empty()) {
    if (is_option(words.front())) {
      if (reader.take(words, values)) continue;
      if (named.group == nullptr) reader.fail_unknown(words.front());
      break;
    }
    path.push_back(words.front());
    words.pop_front();
    for (const Command& command : table.commands)
      if (command.spec.path == path) named.command = &command;
    if (named.command != nullptr) return named;
    const CommandGroup* above = named.group;
    if (above == nullptr)
      for (const CommandGroup& group : table.groups)
        if (group.name == path[0]) named.group = &group;
    if (named.group != above) continue;
    named.command = find_alias(table, above, path.back());
    if (named.command != nullptr) return named;
    fail_unknown_command(table, above, path.back());
  }
  return named;
}

// Stores the words that are not options under the names in the spec.
void assign_positionals(const CommandSpec& spec, Words positionals, Values& values) {
  const std::string command = joined(spec.path);
  for (const PositionalSpec& positional : spec.positionals) {
    if (positionals.empty() && positional.required)
      fail(ErrorKind::invalid_argument, "{}: {} is missing; see {} --help", command,
           positional.name, command);
    do {
      if (positionals.empty()) break;
      values[positional.name].push_back(std::move(positionals.front()));
      positionals.pop_front();
    } while (positional.repeatable);
  }
  if (!positionals.empty())
    fail(ErrorKind::invalid_argument, "{}: unexpected argument {}; see {} --help", command,
         positionals.front(), command);
}

// Takes everything after the command's name.
Arguments take_arguments(const CommandSpec& spec, Words& words, Values& values) {
  std::vector<OptionSpec> options = spec.options;
  options.insert(options.end(), global_options().begin(), global_options().end());
  OptionReader reader(joined(spec.path), std::move(options));
  Words positionals;
  bool options_ended = false;
  while (!words.empty()) {
    if (!options_ended && words.front() == "--") {
      options_ended = true;
      words.pop_front();
      continue;
    }
    if (!options_ended && is_option(words.front())) {
      if (!reader.take(words, values)) reader.fail_unknown(words.front());
      continue;
    }
    if (spec.raw_rest) break;
    positionals.push_back(std::move(words.front()));
    words.pop_front();
  }
  if (values.contains("--help")) return Arguments(spec, {}, {});
  if (spec.raw_rest) {
    if (words.empty() && !spec.positionals.empty() && spec.positionals[0].required)
      assign_positionals(spec, {}, values);
    return Arguments(spec, values, {words.begin(), words.end()});
  }
  assign_positionals(spec, std::move(positionals), values);
  return Arguments(spec, values, {});
}

}  // namespace

const std::vector<OptionSpec>& global_options() {
  static const std::vector<OptionSpec> options = {
      {.name = "--store",
       .value = "URL",
       .help = "the store: a folder, s3://BUCKET/PREFIX, or the URL of a grid serve (default: "
               "$GRID_STORE, else ~/.local/share/grid)",
       .completes = Completes::folder},
      {.name = "--output",
       .short_name = "-o",
       .value = "FORMAT",
       .help = "text, or json for one JSON document on standard output",
       .default_value = "text"},
      {.name = "--quiet", .short_name = "-q", .help = "print only results, warnings and errors"},
      {.name = "--debug", .help = "print timings and counters"},
      {.name = "--help", .short_name = "-h", .help = "show this help"},
  };
  return options;
}

Invocation parse(const CommandTable& table, const std::vector<std::string>& all_words) {
  Invocation invocation;
  if (all_words == std::vector<std::string>{"--version"}) {
    invocation.what = Invocation::What::version;
    return invocation;
  }
  Words words(all_words.begin(), all_words.end());
  bool help = !words.empty() && words.front() == "help";
  if (help) words.pop_front();
  Values values;
  Named named = take_command(table, words, values);
  help = help || values.contains("--help");
  if (named.command == nullptr && named.group != nullptr && !help &&
      std::find(words.begin(), words.end(), "--help") == words.end())
    for (const Command& command : table.commands)
      if (command.spec.path ==
          std::vector<std::string>{named.group->name, named.group->default_command})
        named.command = &command;

  if (named.command != nullptr && !help) {
    invocation.arguments = take_arguments(named.command->spec, words, values);
    help = values.contains("--help");
  }
  invocation.globals = globals_of(values);
  if (help || named.command == nullptr) {
    invocation.what = Invocation::What::help;
    if (named.command != nullptr)
      invocation.help_path = named.command->spec.path;
    else if (named.group != nullptr)
      invocation.help_path = {named.group->name};
    return invocation;
  }
  invocation.command = named.command;
  return invocation;
}

bool asks_for_json(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "-ojson" || words[i] == "--output=json") return true;
    if ((words[i] == "-o" || words[i] == "--output") && i + 1 < words.size() &&
        words[i + 1] == "json")
      return true;
  }
  return false;
}

bool Arguments::has(std::string_view name) const { return !all(name).empty(); }

std::optional<std::string> Arguments::find(std::string_view name) const {
  const std::vector<std::string>& given = all(name);
  if (!given.empty()) return given.back();
  if (const OptionSpec* option = find_option(spec_->options, name);
      option != nullptr && !option->default_value.empty())
    return option->default_value;
  return std::nullopt;
}

std::string Arguments::get(std::string_view name) const {
  std::optional<std::string> value = find(name);
  assert(value.has_value());
  return *value;
}

const std::vector<std::string>& Arguments::all(std::string_view name) const {
  static const std::vector<std::string> none;
  assert(find_option(spec_->options, name) != nullptr ||
         std::any_of(spec_->positionals.begin(), spec_->positionals.end(),
                     [&](const PositionalSpec& positional) { return positional.name == name; }));
  auto found = values_.find(std::string(name));
  return found == values_.end() ? none : found->second;
}

std::chrono::seconds parse_duration(std::string_view option, const std::string& text) {
  const std::uint64_t unit = text.ends_with('d')   ? 86'400
                             : text.ends_with('h') ? 3'600
                             : text.ends_with('m') ? 60
                             : text.ends_with('s') ? 1
                                                   : 0;
  constexpr std::uint64_t years_max = 100;
  const auto count = parse_number<std::uint32_t>(text.substr(0, text.size() - (unit > 0 ? 1 : 0)));
  if (unit == 0 || !count || *count == 0 || *count * unit > years_max * 365 * 86'400)
    fail(ErrorKind::invalid_argument,
         "{} {}: it takes a number with d, h, m or s, as 30d, up to {} years", option, text,
         years_max);
  return std::chrono::seconds(*count * unit);
}

}  // namespace grid::cli
