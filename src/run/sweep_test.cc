#include "run/sweep.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace grid::run {
namespace {

using Words = std::vector<std::string>;

std::vector<Words> commands_of(const Words& command, const SweepOptions& options = {}) {
  std::vector<Words> out;
  for (Experiment& experiment : expand_sweep(command, options))
    out.push_back(std::move(experiment.command));
  return out;
}

void expect_impossible(const Words& command, std::string_view part, SweepOptions options = {}) {
  try {
    expand_sweep(command, options);
    ADD_FAILURE() << command.back() << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos) << error.what();
  }
}

TEST(Sweeps, AreEveryCombinationWithTheLastArgumentFastest) {
  EXPECT_EQ(commands_of({"main.py", "--batch", "[32, 64]", "--opt=['adam', \"sgd\"]"}),
            (std::vector<Words>{{"main.py", "--batch", "32", "--opt=adam"},
                                {"main.py", "--batch", "32", "--opt=sgd"},
                                {"main.py", "--batch", "64", "--opt=adam"},
                                {"main.py", "--batch", "64", "--opt=sgd"}}));
}

TEST(Sweeps, NameTheirParametersAfterTheArguments) {
  const auto found =
      expand_sweep({"x", "--lr", "[1]", "model.depth=[2]", "+a=[3]", "[4]", "-b=[5]"}, {});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].parameters,
            (std::vector<Parameter>{
                {"lr", "1"}, {"model.depth", "2"}, {"a", "3"}, {"argument 5", "4"}, {"b", "5"}}));
}

TEST(Sweeps, HaveRangesLikePython) {
  auto values = [](const std::string& range) {
    std::string out;
    for (const Words& command : commands_of({"x", range})) out += command[1] + " ";
    return out;
  };
  EXPECT_EQ(values("range(1,10,2)"), "1 3 5 7 9 ");
  EXPECT_EQ(values("range(3)"), "0 1 2 ");
  EXPECT_EQ(values("range(2, 4)"), "2 3 ");
  EXPECT_EQ(values("range(5,0,-2)"), "5 3 1 ");
  EXPECT_EQ(values("range(9223372036854775806,9223372036854775807)"), "9223372036854775806 ");
}

TEST(Sweeps, DrawTheSameNumbersFromTheSameSeed) {
  const Words command = {"x", "--lr=uniform(1e-5, 1e-1, 3)"};
  const auto first = commands_of(command, {.seed = 7});
  ASSERT_EQ(first.size(), 3u);
  EXPECT_EQ(first, commands_of(command, {.seed = 7}));
  EXPECT_NE(first, commands_of(command, {.seed = 8}));
  for (const Words& one : first) {
    const double drawn = std::stod(one[1].substr(5));
    EXPECT_GE(drawn, 1e-5);
    EXPECT_LT(drawn, 1e-1);
  }
}

TEST(Sweeps, TrySomeCombinationsEachOnce) {
  const Words command = {"x", "range(100)", "range(100)"};
  const SweepOptions options{.strategy = Strategy::random_search, .num_trials = 50, .seed = 3};
  const auto found = commands_of(command, options);
  EXPECT_EQ(found.size(), 50u);
  EXPECT_EQ(std::set<Words>(found.begin(), found.end()).size(), 50u);
  EXPECT_EQ(found, commands_of(command, options));
  // All combinations, if that many are wanted.
  const auto all =
      commands_of({"x", "range(20)"}, {.strategy = Strategy::random_search, .num_trials = 20});
  EXPECT_EQ(std::set<Words>(all.begin(), all.end()).size(), 20u);
  // Some of more than could ever be written out.
  EXPECT_EQ(commands_of({"x", "range(10, -10000000000, -1)", "range(10000000000)"},
                        {.strategy = Strategy::random_search, .num_trials = 20})
                .size(),
            20u);
}

TEST(Sweeps, LeaveOtherArgumentsAlone) {
  for (const std::string argument :
       {"model.lr=0.1", "+x=[a,b]", "x=[]", "[]", "[1,2", "list[0]", "[1,[2,3]]", "range",
        "--range", "hydra.sweeper.params={a: [1]}", "my_range(1,2)", "['a','b", "[1 2]", "a[1]"})
    EXPECT_TRUE(expand_sweep({"x", argument}, {}).empty()) << argument;
  EXPECT_TRUE(expand_sweep({"[1,2]"}, {}).empty()) << "the script itself";
  EXPECT_TRUE(expand_sweep({"x", "[1,2]"}, {.strategy = Strategy::none}).empty());
}

TEST(Sweeps, ThatAreImpossibleAreRefused) {
  expect_impossible({"x", "range(5,1)"}, "no values");
  expect_impossible({"x", "range(1,5,0)"}, "steps of 0");
  expect_impossible({"x", "--n=range(a,b)"}, "--strategy none");
  expect_impossible({"x", "range(1,2,3,4)"}, "whole numbers");
  expect_impossible({"x", "range()"}, "whole numbers");
  expect_impossible({"x", "uniform(1,2)"}, "how many");
  expect_impossible({"x", "uniform(2,1,3)"}, "not below");
  expect_impossible({"x", "uniform(0,1,0)"}, "1 to 10000");
  expect_impossible({"x", "range(200)", "range(200)"}, "40000 experiments");
  expect_impossible({"x", "range(10000000000)"}, "has 10000000000 experiments");
  expect_impossible({"x", "range(100000)", "range(100000)"}, "has 10000000000 experiments");
  expect_impossible({"x", "range(10000000000)", "range(10000000000)"}, "at least");
  expect_impossible({"x", "range(-9223372036854775808, 9223372036854775807, 2)"},
                    "has 9223372036854775808 experiments");
  expect_impossible({"x", "range(999999999999)"}, "more than 10000");
  expect_impossible({"x", "[1,2]"}, "1 to 2",
                    {.strategy = Strategy::random_search, .num_trials = 3});
  expect_impossible({"x", "[1,2]"}, "needs --num_trials", {.strategy = Strategy::random_search});
  expect_impossible({"x", "[1,2]"}, "is for", {.num_trials = 1});
  expect_impossible({"x", "y"}, "nothing to search", {.num_trials = 1});
  EXPECT_THROW(parse_strategy("bayes"), Error);
}

}  // namespace
}  // namespace grid::run
