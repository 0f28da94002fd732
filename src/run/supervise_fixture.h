// A run whose processes and whose time are fake, for the tests of supervise().
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "mount/fuse_device.h"
#include "run/supervise.h"
#include "tests/support/fake_fuse.h"
#include "tests/support/fake_processes.h"
#include "tests/support/temporary_folder.h"

namespace grid::run {

using namespace std::chrono_literals;
using testing::FakeFuse;
using testing::FakeProcesses;
using testing::read_file;
using testing::TemporaryFolder;
using testing::write_file;

inline constexpr ExitStatus killed{.status = 0, .signal = SIGKILL};

class SuperviseTest : public ::testing::Test {
 protected:
  // Unless a test plans something else, all goes well: the server serves until the last script
  // ends, which the test decides.
  void SetUp() override {
    kernel_can_resend(true);
    processes.when_started("grid-mount", [this](pid_t maker) {
      const FileDescriptor null = open_file("/dev/null", O_RDONLY);
      processes.say(maker, "m", {fuse.device(), null.get(), null.get(), null.get()});
      processes.end(maker);
      // The first server gets the mount; later ones only take over.
      processes.when_started("grid-serve", [this](pid_t next) { processes.say(next, "r"); });
    });
    processes.when_started("grid-keep", [this](pid_t keeper) { processes.close_channel(keeper); });
    play_script([](pid_t) {});
  }

  void kernel_can_resend(bool can_resend) {
    processes.when_started("grid-serve", [=, this](pid_t first) {
      processes.say(first, "r" + FakeFuse::handshake(can_resend));
    });
  }

  // What every script does once it runs.
  void play_script(FakeProcesses::Play play) {
    processes.when_started("grid-script", [=, this](pid_t script) {
      processes.close_channel(script);
      play(script);
    });
  }

  pid_t newest_script() const { return processes.newest("grid-script"); }
  pid_t newest_server() const { return processes.newest("grid-serve"); }

  // The only script ends, and no process is left in the mount.
  void end_script(const ExitStatus& status, const Resources& used = {}) {
    processes.end(newest_script(), status, used);
    leave_mount();
  }
  void leave_mount() {
    processes.after(3ms, [this] {
      fuse.end_mount();
      processes.end(newest_server());
    });
  }

  RunRecord record_called(const std::string& name) const {
    RunRecord record;
    record.id = record.name = name;
    record.command = record.resolved_command = {"/bin/true"};
    record.mount_folder = "/datastores";
    record.store_id = std::string(32, 'b');
    record.versions = {{.name = "cats", .version = 3, .root = {}, .named = true}};
    return record;
  }

  SuperviseRequest request(Streams streams = Streams::callers) {
    SuperviseRequest request{
        .run = {.folder = runs.make("otter"),
                .record = record_called("otter"),
                .experiments = {},
                .environment = {"PATH=/usr/bin:/bin"},
                .references = {}},
        .supervisor = {},
        .attachment_folder = folder / "attachments",
        .streams = streams,
        .open_store = {},
        .on_started = [this] { ++started_count; },
        .on_experiment_end = {},
        .on_problem = [this](std::string_view sentence) { problems.emplace_back(sentence); }};
    request.run.folder.write(request.run.record);
    return request;
  }

  // A sweep of experiments otter-1, otter-2, …
  SuperviseRequest sweep_of(unsigned count, unsigned parallel) {
    SuperviseRequest sweep = request(Streams::log);
    sweep.parallel = parallel;
    for (unsigned i = 1; i <= count; ++i) {
      RunRecord experiment = record_called(fmt::format("otter-{}", i));
      experiment.parent = "otter";
      runs.make(experiment.name).write(experiment);
      sweep.run.record.experiments.push_back(experiment.name);
      sweep.run.experiments.push_back(experiment);
    }
    return sweep;
  }

  RunRecord record(const std::string& name = "otter") const { return runs.get(name).read(); }
  bool is_there(const std::string& name) const {
    return std::filesystem::exists(folder / "runs" / name);
  }

  std::size_t attachment_count() const { return live_attachments(folder / "attachments").size(); }

  TemporaryFolder folder;
  FakeProcesses processes;
  FakeFuse fuse;
  Runs runs{folder / "runs"};
  unsigned started_count = 0;
  std::vector<std::string> problems;
};

}  // namespace grid::run
