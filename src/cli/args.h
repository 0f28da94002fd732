// Parses what was written after `grid` by the rules of a CommandSpec.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace grid::cli {

// The values of one command's options and positionals, under the names that its spec gives them
// ("--exclude", "SOURCE"). Asking for a name that the spec does not have is a bug.
class Arguments {
 public:
  Arguments(const CommandSpec& spec, std::map<std::string, std::vector<std::string>> values,
            std::vector<std::string> rest)
      : spec_(&spec), values_(std::move(values)), rest_(std::move(rest)) {}

  // Whether a flag, option or positional was given.
  bool has(std::string_view name) const;
  // The last value given, else the spec's default; empty if there is neither.
  std::optional<std::string> find(std::string_view name) const;
  // The same for a value that is required or has a default.
  std::string get(std::string_view name) const;
  // Every value, in the order given.
  const std::vector<std::string>& all(std::string_view name) const;
  // For commands with `raw_rest`: the first positional and everything after it, untouched.
  const std::vector<std::string>& rest() const { return rest_; }

 private:
  const CommandSpec* spec_;
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> rest_;
};

// A time as people write it: "30d", "12h", "45m", "90s". Throws `invalid_argument`, which names the
// option.
std::chrono::seconds parse_duration(std::string_view option, const std::string& text);

// The options that every command accepts, in any place.
const std::vector<OptionSpec>& global_options();

struct GlobalOptions {
  std::optional<std::string> store;
  bool json = false, quiet = false, debug = false;
};

// What a command line asks for.
struct Invocation {
  enum class What { run, help, version };
  What what = What::run;
  GlobalOptions globals;
  std::vector<std::string> help_path;  // help: of this command or group; empty: of grid
  const Command* command = nullptr;    // run
  std::optional<Arguments> arguments;  // run
};

// `words` is the command line without the program's name. Throws `invalid_argument`, with the
// nearest names, for words that no command accepts.
Invocation parse(const CommandTable& table, const std::vector<std::string>& words);

// Whether `words` ask for -o json: for reporting that they cannot be parsed.
bool asks_for_json(const std::vector<std::string>& words);

}  // namespace grid::cli
