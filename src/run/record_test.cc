#include "run/record.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace grid::run {
namespace {

RunRecord example() {
  RunRecord record;
  record.id = "20261122-215445-0a1b2c";
  record.name = "baseline";
  record.command = {"main.py", "--data=grid:cats", "with \"quotes\" and\nlines"};
  record.resolved_command = {"main.py", "--data=/datastores/cats/5", "with \"quotes\" and\nlines"};
  record.folder = "/home/ann/project";
  record.user = "ann";
  record.host = "node-7";
  record.grid_version = "0.1.0";
  record.pid = 4711;
  record.store = "/home/ann/.local/share/grid";
  record.store_id = std::string(32, 'a');
  record.mount_folder = "/datastores";
  record.versions = {{"cats", 5, digest_of(as_bytes("cats"))}};
  record.touched = {{"cats", 5}, {"dogs", 1}};
  record.started = "2026-11-22T21:54:45Z";
  return record;
}

TEST(RunRecord, ReadsBackAsItWasWritten) {
  testing::TemporaryFolder folder;
  RunRecord record = example();
  write_record(folder / "state/runs", record);
  EXPECT_EQ(find_record(folder / "state/runs", record.id), record);

  record.ended = "2026-11-22T22:54:45Z";
  record.end = ExitStatus{.status = 3};
  write_record(folder / "state/runs", record);
  EXPECT_EQ(find_record(folder / "state/runs", record.id), record);

  record.end = ExitStatus{.signal = 9};
  write_record(folder / "state/runs", record);
  EXPECT_EQ(find_record(folder / "state/runs", record.id), record);
}

TEST(RunRecord, TakesArgumentsThatAreNoText) {
  testing::TemporaryFolder folder;
  RunRecord record = example();
  record.command = {"main.py", "\xff\xfe"};
  write_record(folder.path(), record);
  EXPECT_EQ(find_record(folder.path(), record.id)->command[1], "\uFFFD\uFFFD");
}

TEST(RunRecord, IsAbsentOrDamagedInSoManyWords) {
  testing::TemporaryFolder folder;
  EXPECT_EQ(find_record(folder.path(), "20261122-215445-000000"), std::nullopt);
  for (const std::string text : {"", "{", "{}", "[]", R"({"id": 7})"}) {
    testing::write_file(folder / "x.json", text);
    try {
      find_record(folder.path(), "x");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
      EXPECT_NE(std::string(error.what()).find("x.json"), std::string::npos) << error.what();
    }
  }
}

TEST(RunRecord, IsGoneAfterItsRemoval) {
  testing::TemporaryFolder folder;
  write_record(folder.path(), example());
  remove_record(folder.path(), example().id);
  EXPECT_EQ(find_record(folder.path(), example().id), std::nullopt);
}

TEST(RunIds, SortByTimeAndDiffer) {
  using namespace std::chrono_literals;
  const auto then = std::chrono::system_clock::time_point(1'000'000'000s);
  EXPECT_EQ(format_time(then), "2001-09-09T01:46:40Z");
  EXPECT_EQ(make_run_id(then).substr(0, 16), "20010909-014640-");
  EXPECT_LT(make_run_id(then), make_run_id(then + 1s));
  EXPECT_NE(make_run_id(then), make_run_id(then));
}

}  // namespace
}  // namespace grid::run
