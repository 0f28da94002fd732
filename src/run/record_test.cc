#include "run/record.h"

#include <gtest/gtest.h>

#include "base/error.h"

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
  record.versions = {
      {.name = "cats", .version = 5, .root = digest_of(as_bytes("cats")), .named = true},
      {.name = "dogs", .version = 1, .touched = true, .bytes_read = 1ull << 40}};
  record.pins = {{"cats", 5}};
  record.costs = {
      .request_count = 7, .request_ns = 9, .store_bytes = 1ull << 41, .remote_bytes = 3};
  record.servers_replaced = 2;
  record.prefetch = dataset::Prefetch::all;
  record.settings = {"A=b c"};
  record.created = "2026-11-22T21:54:45Z";
  return record;
}

TEST(RunRecord, ReadsBackAsItWasWritten) {
  RunRecord record = example();
  EXPECT_EQ(decode_record(encode_record(record)), record);

  record.started = "2026-11-22T21:54:46Z";
  record.state = RunState::running;
  EXPECT_EQ(decode_record(encode_record(record)), record);

  record.ended = "2026-11-22T22:54:45Z";
  record.state = RunState::failed;
  record.end = ExitStatus{.status = 3};
  record.used = {.user_seconds = 1.5, .system_seconds = 0.25, .memory_peak = 1 << 20};
  EXPECT_EQ(decode_record(encode_record(record)), record);

  record.end = ExitStatus{.signal = 9};
  record.parent = "sweep";
  record.parameters = {{"lr", "0.1"}};
  EXPECT_EQ(decode_record(encode_record(record)), record);
}

TEST(RunRecord, ReplacesInArgumentsWhatIsNotUtf8) {
  RunRecord record = example();
  record.command = {"main.py", "\xff\xfe"};
  EXPECT_EQ(decode_record(encode_record(record)).command[1], "\uFFFD\uFFFD");
}

TEST(RunRecord, ThatIsDamagedThrowsCorrupt) {
  for (const std::string text : {"", "{", "{}", "[]", R"({"id": 7})"}) {
    try {
      decode_record(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt);
    }
  }
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
