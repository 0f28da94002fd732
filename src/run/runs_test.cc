#include "run/runs.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "run/run_name.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace grid::run {
namespace {

using testing::expect_error;

RunRecord record_called(const std::string& name, const std::string& id) {
  RunRecord record;
  record.name = name;
  record.id = id;
  return record;
}

TEST(Runs, HaveUniqueNames) {
  testing::TemporaryFolder folder;
  const Runs runs(folder / "state/runs");
  EXPECT_EQ(runs.make("baseline").name(), "baseline");
  expect_error(ErrorKind::already_exists, "baseline", [&] { runs.make("baseline"); });
  expect_error(ErrorKind::invalid_argument, "../x", [&] { runs.make("../x"); });
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) names.insert(runs.make("").name());
  EXPECT_EQ(names.size(), 100u);
  for (const std::string& name : names) EXPECT_NO_THROW(check_run_name(name));
}

TEST(Runs, AreListedNewestFirstWithoutUnfinishedOrDamagedOnes) {
  testing::TemporaryFolder folder;
  const Runs runs(folder.path());
  EXPECT_TRUE(Runs(folder / "none").all().empty());
  runs.make("old").write(record_called("old", "1"));
  runs.make("new").write(record_called("new", "2"));
  runs.make("being-made");
  testing::write_file(runs.make("damaged").path() / "record.json", "{");
  const std::vector<RunRecord> all = runs.all();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "new");
  EXPECT_EQ(all[1].name, "old");
}

TEST(Runs, SuggestTheNearestNameForOneThatDoesNotExist) {
  testing::TemporaryFolder folder;
  const Runs runs(folder.path());
  runs.make("baseline").write(record_called("baseline", "1"));
  EXPECT_EQ(runs.get("baseline").read().name, "baseline");
  expect_error(ErrorKind::not_found, "did you mean baseline?", [&] { runs.get("basline"); });
  expect_error(ErrorKind::not_found, "grid history", [&] { runs.get("zzzzzzzzzzzz"); });
}

TEST(Runs, KeepTheirVariablesUntilTheyStart) {
  testing::TemporaryFolder folder;
  const RunFolder run = Runs(folder.path()).make("x");
  const std::vector<std::string> variables = {"A=1", "B=two\nlines", "C=", "\xff=\xfe"};
  run.write_environment(variables);
  EXPECT_EQ(run.read_environment(), variables);
  run.remove_environment();
  expect_error(ErrorKind::not_found, "has started already", [&] { run.read_environment(); });
}

TEST(Runs, AreSupervisedWhileTheLockIsHeld) {
  testing::TemporaryFolder folder;
  const RunFolder run = Runs(folder.path()).make("x");
  EXPECT_FALSE(run.has_supervisor());
  {
    const FileLock supervisor = run.become_supervisor();
    EXPECT_TRUE(run.has_supervisor());
    EXPECT_TRUE(run.has_supervisor()) << "a look does not take the lock";
  }
  EXPECT_FALSE(run.has_supervisor());
}

TEST(Runs, KeepTheirJobBesideTheirRecord) {
  testing::TemporaryFolder folder;
  const RunFolder run = Runs(folder.path()).make("x");
  run.write(record_called("x", "1"));
  EXPECT_EQ(run.read().job, "");
  run.write_job("4711");
  run.write(record_called("x", "1"));
  EXPECT_EQ(run.read().job, "4711");
}

}  // namespace
}  // namespace grid::run
