#include "service/run_starts.h"

#include <gtest/gtest.h>

#include "service/runs.h"
#include "tests/support/run_node.h"

namespace grid::service {
namespace {

using testing::document_of;
using testing::expect_error;
using testing::RunNode;
using Words = std::vector<std::string>;

run::PreparedRun prepare(const RunNode& node, const StartRequest& request) {
  return prepare_run(node.settings(), node.store(), request);
}

std::size_t folder_count(const RunNode& node) {
  std::error_code absent;
  const std::filesystem::directory_iterator folders(node.settings().run_folder, absent);
  return static_cast<std::size_t>(std::distance(begin(folders), end(folders)));
}

TEST(RunStart, ResolvesVersionsAndPathsForTheCallersFolder) {
  const RunNode node;
  const run::PreparedRun run = prepare(node, node.request({"./train", "grid:cats:1", "grid:cats"}));
  EXPECT_EQ(run.record.resolved_command,
            (Words{"./train", "/datastores/cats/1", "/datastores/cats/2"}));
  EXPECT_EQ(run.record.folder, node / "work");
  EXPECT_EQ(run.record.store, node.settings().store);
  EXPECT_EQ(run.record.user, "ann");
  EXPECT_EQ(run.references.versions.size(), 2u);
}

TEST(RunStart, LooksForTheProgramInTheCallersFolder) {
  const RunNode node;
  EXPECT_NO_THROW(prepare(node, node.request({"train"})));
  EXPECT_NO_THROW(prepare(node, node.request({"sh"})));
  const std::size_t count = folder_count(node);
  expect_error(ErrorKind::not_found, "cannot start ./other",
               [&] { prepare(node, node.request({"./other"})); });
  expect_error(ErrorKind::invalid_argument, "no command", [&] { prepare(node, node.request({})); });
  EXPECT_EQ(folder_count(node), count);
}

TEST(RunStart, TakesWhatTheRequestLacksFromTheFile) {
  const RunNode node;
  StartRequest request = node.request({"./train"});
  request.config = run::RunConfig{.datastore_names = {"cats:1"},
                                  .datastore_mount_folder = "data/",
                                  .settings = {"A=1", "B=1"},
                                  .strategy = "none",
                                  .parameters = {{"lr", "[1, 2]"}}};
  request.settings = {"B=2"};
  run::PreparedRun run = prepare(node, request);
  EXPECT_EQ(run.record.command, (Words{"./train", "--lr", "[1, 2]"}));
  EXPECT_TRUE(run.experiments.empty());
  EXPECT_EQ(run.record.mount_folder, node / "work/data");
  EXPECT_EQ(run.record.pins.at("cats"), 1u);
  EXPECT_EQ(run.environment, (Words{"PATH=/usr/bin:/bin", "A=1", "B=2"}));

  request.strategy = run::Strategy::grid_search;
  request.mount_folder = "/elsewhere";
  request.datastore_names = {"cats:2"};
  run = prepare(node, request);
  EXPECT_EQ(run.experiments.size(), 2u);
  EXPECT_EQ(run.record.mount_folder, "/elsewhere");
  EXPECT_EQ(run.record.pins.at("cats"), 2u);

  request.mount_folder = "/";
  expect_error(ErrorKind::invalid_argument, "datastores cannot be attached at /",
               [&] { prepare(node, request); });
  std::filesystem::create_directory_symlink(node / "store", node / "work/link");
  for (const char* own : {"store", "store/packs", "state/runs", "cache", "", "work/link"}) {
    request.mount_folder = node / own;
    expect_error(ErrorKind::invalid_argument, "from grid itself", [&] { prepare(node, request); });
  }
}

TEST(RunStart, RepeatsARunOnTheSameVersionsInTheSameFolder) {
  const RunNode node;
  node.record_run(node.request({"./train", "grid:cats:1"}, "first"));
  StartRequest request = node.request({});
  request.repeated = "first";
  request.caller.folder = "/";
  const run::PreparedRun again = prepare(node, request);
  EXPECT_EQ(again.record.command, (Words{"./train", "/datastores/cats/1"}));
  EXPECT_EQ(again.record.folder, node / "work");
  EXPECT_EQ(again.record.pins.at("cats"), 1u);

  request.command = {"more"};
  expect_error(ErrorKind::invalid_argument, "leave out more", [&] { prepare(node, request); });
  request.command = {};
  std::filesystem::remove_all(node / "work");
  expect_error(ErrorKind::not_found, "cannot go to the folder of first",
               [&] { prepare(node, request); });
}

TEST(RunStart, LeavesNothingOfARefusedJob) {
  const RunNode node;
  const std::string program = node.add_script("grid", "echo '7 the mount is forbidden'");
  run::PreparedRun run = prepare(node, node.request({"./train", "--lr=[1, 2]"}));
  EXPECT_EQ(folder_count(node), 3u);
  expect_error(static_cast<ErrorKind>(7), "the mount is forbidden",
               [&] { start_job(node.settings(), std::move(run), {.program = program}); });
  EXPECT_EQ(folder_count(node), 0u);
}

TEST(RunStart, LeavesARunThatTheJobCanRead) {
  const RunNode node;
  const std::string program = node.add_script("grid", "echo \"$@\" >\"$5/../../words\"; exec >&-");
  run::PreparedRun run = prepare(node, node.request({"./train", "--lr=[1, 2]"}, "sweep"));
  const run::RunFolder folder = run.folder;
  const StartedJob started =
      start_job(node.settings(), std::move(run), {.program = program, .parallel = 2});
  EXPECT_EQ(document_of(started),
            "{\n  \"name\": \"sweep\",\n  \"executor\": \"local\",\n"
            "  \"job\": \"" +
                started.job + "\"\n}\n");
  EXPECT_EQ(testing::read_file(node / "state/words"),
            "--quiet run-job --parallel 2 " + folder.path().string() + "\n");

  run = read_job(folder, "node7", {"PATH=/sbin", "SLURM_JOB_ID=8"});
  EXPECT_EQ(run.record.job, started.job);
  EXPECT_EQ(run.record.host, "node7");
  EXPECT_EQ(run.experiments.size(), 2u);
  EXPECT_EQ(run.environment, (Words{"PATH=/usr/bin:/bin", "SLURM_JOB_ID=8"}));
}

}  // namespace
}  // namespace grid::service
