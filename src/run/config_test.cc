#include "run/config.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grid::run {
namespace {

void expect_refused(const std::string& text, const std::string& part) {
  try {
    parse_config(text, "grid.yml");
    ADD_FAILURE() << text << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(Config, SetsEverythingThatARunTakesFromIt) {
  EXPECT_EQ(parse_config(R"(
compute:
  train:
    datastore_name: cats
    datastore_version: 3
    datastore_mount_dir: /data
    environment:
      SEED: 1
      WORDS: "a b"
hyper_params:
  settings:
    strategy: random_search
    strategy_options:
      num_trials: 4
      seed: 7
  params:
    lr: [0.1, 1e-2]
    opt: [adam, 'it''s']
    depth: range(1,4)
)",
                         "grid.yml"),
            (RunConfig{.datastore_names = {"cats"},
                       .datastore_version = "3",
                       .datastore_mount_folder = "/data",
                       .settings = {"SEED=1", "WORDS=a b"},
                       .strategy = "random_search",
                       .num_trials = 4,
                       .seed = 7,
                       .parameters = {{"lr", "[0.1, 1e-2]"},
                                      {"opt", "['adam', \"it's\"]"},
                                      {"depth", "range(1,4)"}}}));
}

TEST(Config, AcceptsListsAndEmptyMaps) {
  EXPECT_EQ(parse_config("", "grid.yml"), RunConfig{});
  EXPECT_EQ(parse_config("compute:\n  train:\n", "grid.yml"), RunConfig{});
  const RunConfig config = parse_config(
      "compute: {train: {datastore_name: [cats:2, dogs], environment: [A=1, B=2]}}", "grid.yml");
  EXPECT_EQ(config.datastore_names, (std::vector<std::string>{"cats:2", "dogs"}));
  EXPECT_EQ(config.settings, (std::vector<std::string>{"A=1", "B=2"}));
}

TEST(Config, RefusesUnknownKeysAndSuggestsTheNearest) {
  expect_refused("compute:\n  train:\n    datastore_nam: cats\n",
                 "grid.yml:3: compute.train: there is no key datastore_nam; did you mean "
                 "datastore_name");
  expect_refused("computer: {}", "did you mean compute?");
  expect_refused("zzzzzzzz: {}", "the keys are compute, hyper_params");
  expect_refused("hyper_params: {settings: {strategy: bayes}}", "grid_search");
  expect_refused("hyper_params: {settings: {strategy_options: {seed: x}}}", "whole number");
  expect_refused("hyper_params: {params: [1]}", "a map");
  expect_refused("compute: {train: {datastore_name: {a: b}}}", "one value");
  expect_refused("compute: 7", "a map with train");
  expect_refused("compute: [", "grid.yml:");
  EXPECT_THROW(read_config("/no/such/grid.yml"), Error);
}

}  // namespace
}  // namespace grid::run
