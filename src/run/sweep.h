// Turns one command into several: finds lists, ranges and distributions in a script's arguments
// and makes an experiment of each combination. Pure functions.
//
//   "[32, 64]"  "['adam', 'sgd']"     the whole argument, or all after its first '='
//   "range(1,10,2)"                   1, 3, 5, 7, 9: as in Python, whole numbers
//   "uniform(1e-5,1e-1,3)"            three numbers drawn from [1e-5, 1e-1)
//
// A list consists of numbers and quoted texts. Anything else, such as Hydra's "+x=[a,b]", is passed
// to the script unchanged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "run/record.h"

namespace grid::run {

enum class Strategy {
  grid_search,    // every combination
  random_search,  // some of them
  none,           // no sweep: every argument is taken literally
};

// Throws `invalid_argument`, listing the strategies.
Strategy parse_strategy(std::string_view name);

struct SweepOptions {
  Strategy strategy = Strategy::grid_search;
  std::optional<std::uint64_t> num_trials;  // for random_search
  std::uint64_t seed = 0;                   // the same one draws the same numbers
};

struct Experiment {
  std::vector<std::string> command;
  std::vector<Parameter> parameters;

  bool operator==(const Experiment&) const = default;
};

inline constexpr std::size_t experiment_count_max = 10'000;

// The experiments in the order of the arguments, the last one changing fastest; in the order drawn
// for a random search. Empty if `command` is not a sweep. Its first word, the script, is skipped.
// Throws `invalid_argument` for an impossible sweep: a range or distribution without values or with
// the wrong arguments, too many experiments, more trials than combinations.
std::vector<Experiment> expand_sweep(const std::vector<std::string>& command,
                                     const SweepOptions& options);

// The arguments that set a hyper-parameter of a configuration file: "--lr", "0.1" or, for
// "model.lr" and "+lr", "model.lr=0.1".
std::vector<std::string> spell_parameter(const std::string& name, const std::string& value);

}  // namespace grid::run
