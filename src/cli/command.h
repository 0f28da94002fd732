// A command: a description as data, which drives parsing, --help and completion, and the function
// that runs it.
//
// To add one, write `Command x_command()` in a file of its own, declare it in commands.h and list
// it in commands.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/io.h"
#include "cli/settings.h"
#include "dataset/open_store.h"

namespace grid::cli {

class Arguments;

// What completes a word on the command line.
enum class Completes { nothing, datastore, version, incomplete_create, run, file, folder };

struct OptionSpec {
  std::string name;        // "--exclude"
  std::string short_name;  // "-x", or empty
  std::string value;       // what --help calls its value, "GLOB"; empty: a flag
  std::string help;
  std::string default_value;
  bool repeatable = false;
  Completes completes = Completes::nothing;
  // The option that this one negates: its values are kept among that option's, each after a '!',
  // because their order counts.
  std::string negates{};
};

struct PositionalSpec {
  std::string name;  // "SOURCE"
  bool required = true;
  bool repeatable = false;  // the last one only
  Completes completes = Completes::nothing;
};

struct CommandSpec {
  std::vector<std::string> path;  // {"datastore", "create"}
  std::string summary;            // one line that begins with a verb, no full stop
  std::string description;        // for --help, "\n\n" between paragraphs; may be empty
  std::vector<PositionalSpec> positionals;
  std::vector<OptionSpec> options;
  std::vector<std::string> examples;  // whole command lines
  // The first positional and everything after it belong to another program and are not parsed.
  bool raw_rest = false;
  bool hidden = false;  // not in --help
};

using service::StoreUse;

// What a command works with.
struct Context {
  const Settings& settings;
  Output& output;

  // Throws as service::open_store() does.
  std::shared_ptr<dataset::OpenStore> open_store(StoreUse use = StoreUse::existing,
                                                 dataset::ReadCostCounters* costs = nullptr) const {
    return service::open_store(settings, use, costs);
  }
};

struct Command {
  CommandSpec spec;
  // Returns the exit status; throws Error, which main() reports.
  int (*run)(Context& context, const Arguments& arguments);
};

// A word that several commands begin with: `grid datastore …`.
struct CommandGroup {
  std::string name;
  std::string summary;
  std::string default_command{};  // run by the word alone; empty: the word alone shows the help
};

struct CommandTable {
  std::vector<CommandGroup> groups;
  std::vector<Command> commands;
};

}  // namespace grid::cli
