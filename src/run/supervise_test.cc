// The life of a run from its first process to its last: what is passed on, recorded and reported
// as its processes act. The processes and the time are fake.
#include "run/supervise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "mount/fuse_device.h"
#include "tests/support/fake_fuse.h"
#include "tests/support/fake_processes.h"
#include "tests/support/temporary_folder.h"

namespace grid::run {
namespace {

using namespace std::chrono_literals;
using testing::FakeFuse;
using testing::FakeProcesses;
using testing::read_file;
using testing::TemporaryFolder;
using testing::write_file;

constexpr ExitStatus killed{.status = 0, .signal = SIGKILL};

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

TEST_F(SuperviseTest, RecordsAScriptThatSucceeds) {
  const Resources used{.user_seconds = 1.5, .system_seconds = 0.25, .memory_peak = 1 << 20};
  play_script([&](pid_t) {
    EXPECT_EQ(attachment_count(), 1u);
    processes.after(2s, [&] {
      EXPECT_EQ(record().state, RunState::running);
      EXPECT_EQ(record().script_pid, newest_script());
      end_script({}, used);
    });
  });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{});
  EXPECT_EQ(record().state, RunState::done);
  EXPECT_EQ(record().end, ExitStatus{});
  EXPECT_EQ(record().used, used);
  EXPECT_EQ(record().servers_replaced, 0u);
  EXPECT_FALSE(record().ended.empty());
  EXPECT_EQ(started_count, 1u);
  EXPECT_EQ(problems, std::vector<std::string>{});
  EXPECT_EQ(processes.started(),
            (std::vector<std::string>{"grid-serve", "grid-mount", "grid-script"}));
  EXPECT_TRUE(processes.all_were_waited_for());
  EXPECT_EQ(attachment_count(), 0u);
}

TEST_F(SuperviseTest, RecordsAScriptThatFailsOrIsKilled) {
  play_script([&](pid_t) { end_script({.status = 3}); });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{.status = 3});
  EXPECT_EQ(record().state, RunState::failed);
  EXPECT_EQ(record().end, ExitStatus{.status = 3});
  runs.get("otter").remove();

  fuse = {};
  kernel_can_resend(true);
  play_script([&](pid_t) { end_script({.signal = SIGSEGV}); });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{.signal = SIGSEGV});
  EXPECT_EQ(record().state, RunState::failed);
  EXPECT_EQ(record().end, ExitStatus{.signal = SIGSEGV});
}

TEST_F(SuperviseTest, KeepsWhatTheScriptWrites) {
  play_script([&](pid_t) {
    write_file(runs.get("otter").artifacts() / "model", "weights");
    end_script({.status = 1});
  });
  supervise(processes, runs, request());
  EXPECT_EQ(read_file(runs.get("otter").artifacts() / "model"), "weights");
}

TEST_F(SuperviseTest, StartsNothingWhenTheServerCannotServe) {
  processes.when_started("grid-serve", [&](pid_t server) {
    processes.fail(server, Error(ErrorKind::unavailable, "the store does not answer"));
    processes.end(server);
  });
  EXPECT_THROW(supervise(processes, runs, request()), Error);
  EXPECT_EQ(processes.count_of("grid-script"), 0u);
  EXPECT_EQ(started_count, 0u);
  EXPECT_FALSE(is_there("otter"));
  EXPECT_EQ(attachment_count(), 0u);
}

TEST_F(SuperviseTest, StartsNothingWhenNoMountCanBeMade) {
  processes.when_started("grid-mount", [&](pid_t maker) {
    processes.fail(maker, Error(ErrorKind::unsupported, "cannot make a mount namespace"));
    processes.end(maker);
  });
  EXPECT_THROW(supervise(processes, runs, request()), Error);
  EXPECT_EQ(processes.count_of("grid-script"), 0u);
  EXPECT_FALSE(is_there("otter"));
}

TEST_F(SuperviseTest, LeavesARecordOfWhyAJobDidNotStart) {
  processes.when_started("grid-script", [&](pid_t script) {
    processes.fail(script, Error(ErrorKind::not_found, "cannot start /bin/true: no such file"));
    processes.end(script, {.status = 1});
  });
  SuperviseRequest job = request(Streams::log);
  job.keep_failed = true;
  EXPECT_THROW(supervise(processes, runs, std::move(job)), Error);
  EXPECT_EQ(record().state, RunState::failed);
  EXPECT_EQ(record().reason, "cannot start /bin/true: no such file");
  EXPECT_EQ(started_count, 0u);
}

TEST_F(SuperviseTest, ReplacesAServerThatDiesWhileTheScriptRuns) {
  play_script([&](pid_t) {
    processes.after(3s, [&] { processes.end(newest_server(), killed); });
    processes.after(10s, [&] {
      EXPECT_EQ(processes.count_of("grid-serve"), 2u);
      EXPECT_TRUE(mount::is_connected(fuse.device()));
      end_script({});
    });
  });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{});
  EXPECT_EQ(record().state, RunState::done);
  EXPECT_EQ(record().servers_replaced, 1u);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("another has taken over"), std::string::npos) << problems[0];
  EXPECT_TRUE(processes.sent().empty()) << "the script does not notice";
}

TEST_F(SuperviseTest, ReportsServerDeathsOnceAndCountsThem) {
  play_script([&](pid_t) {
    for (int i = 1; i <= 20; ++i)
      processes.after(i * 10ms, [&] { processes.end(newest_server(), killed); });
    processes.after(10s, [&] { end_script({}); });
  });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{});
  EXPECT_EQ(record().servers_replaced, 20u);
  EXPECT_EQ(problems.size(), 1u);
}

TEST_F(SuperviseTest, KillsTheScriptWhenNoServerCanTakeOver) {
  kernel_can_resend(false);
  play_script([&](pid_t) { processes.after(3s, [&] { processes.end(newest_server(), killed); }); });
  EXPECT_EQ(supervise(processes, runs, request()), killed);
  EXPECT_EQ(record().state, RunState::failed);
  EXPECT_EQ(record().end, killed);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("was killed: the run ends"), std::string::npos) << problems[0];
  EXPECT_EQ(processes.elapsed(), 3s);
}

TEST_F(SuperviseTest, KillsTheScriptWhenTheStoreDoesNotAnswerForAMinute) {
  play_script([&](pid_t) {
    processes.when_started("grid-serve", [&](pid_t next) {
      processes.fail(next, Error(ErrorKind::unavailable, "the store does not answer"));
      processes.end(next);
    });
    processes.end(newest_server(), killed);
  });
  EXPECT_EQ(supervise(processes, runs, request()), killed);
  EXPECT_GE(processes.elapsed(), 60s);
  EXPECT_LE(processes.elapsed(), 62s);
  EXPECT_NE(problems.back().find("the store does not answer"), std::string::npos);
}

TEST_F(SuperviseTest, ReportsProblemsThatTheServerFinds) {
  play_script([&](pid_t) {
    processes.after(1s, [&] { processes.say(newest_server(), "pchunk 5f2c91 is damaged"); });
    processes.after(2s, [&] { end_script({}); });
  });
  supervise(processes, runs, request());
  EXPECT_EQ(problems, std::vector<std::string>{"chunk 5f2c91 is damaged"});
}

TEST_F(SuperviseTest, HandsTheServerOverWhenProcessesAreLeftInside) {
  play_script([&](pid_t script) { processes.end(script); });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{});
  EXPECT_EQ(record().state, RunState::done);
  EXPECT_EQ(processes.count_of("grid-keep"), 1u);
  EXPECT_TRUE(processes.is_running(newest_server()));
}

TEST_F(SuperviseTest, PassesOnASignalToStop) {
  processes.when_sent(SIGTERM, [&](pid_t) { end_script({.signal = SIGTERM}); });
  play_script([&](pid_t) { processes.after(5s, [&] { processes.arrive(SIGTERM); }); });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{.signal = SIGTERM});
  EXPECT_EQ(processes.sent(), (std::vector<FakeProcesses::Sent>{{newest_script(), SIGTERM}}));
  EXPECT_EQ(record().state, RunState::stopped);
  EXPECT_EQ(processes.elapsed(), 5003ms);
}

TEST_F(SuperviseTest, IsDoneWhenTheScriptSucceedsAfterItWasToldToStop) {
  processes.when_sent(SIGTERM, [&](pid_t) { processes.after(2s, [&] { end_script({}); }); });
  play_script([&](pid_t) { processes.arrive(SIGTERM); });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{});
  EXPECT_EQ(record().state, RunState::done);
}

TEST_F(SuperviseTest, WaitsForAScriptThatIgnoresASignalToStop) {
  play_script([&](pid_t) {
    processes.arrive(SIGTERM);
    processes.after(10min, [&] { end_script({.status = 1}); });
  });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{.status = 1});
  EXPECT_EQ(record().state, RunState::stopped);
}

TEST_F(SuperviseTest, StartsNothingAfterASignalThatArrivesBeforeTheServerIsReady) {
  processes.when_started("grid-serve", [&](pid_t server) {
    processes.arrive(SIGTERM);
    processes.say(server, "r" + FakeFuse::handshake());
  });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{.signal = SIGTERM});
  EXPECT_EQ(processes.count_of("grid-script"), 0u);
  EXPECT_FALSE(is_there("otter"));
}

// Each process that is waited for while the run starts, one after the other.
class InterruptedStart : public SuperviseTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(InterruptedStart, EndsAtOnceAndLeavesNothing) {
  const std::string name = GetParam();
  processes.when_started(name, [&](pid_t) {  // and it says nothing
    processes.after(10s, [&] { processes.arrive(SIGINT); });
  });
  SuperviseRequest interrupted = request();
  if (name == "grid-copy") interrupted.run.record.copied = true;
  EXPECT_EQ(supervise(processes, runs, std::move(interrupted)), ExitStatus{.signal = SIGINT});
  EXPECT_LE(processes.elapsed(), 10s + 200ms);
  EXPECT_FALSE(processes.is_running(processes.newest(name)));
  EXPECT_FALSE(is_there("otter"));
  EXPECT_EQ(attachment_count(), 0u);
  EXPECT_EQ(started_count, 0u);
}

INSTANTIATE_TEST_SUITE_P(WaitsFor, InterruptedStart,
                         ::testing::Values("grid-serve", "grid-mount", "grid-copy", "grid-script"),
                         [](const auto& tested) { return std::string(tested.param).substr(5); });

TEST_F(SuperviseTest, RecordsAJobThatIsInterruptedWhileItAttaches) {
  processes.when_started("grid-serve", [&](pid_t) { processes.arrive(SIGTERM); });
  SuperviseRequest job = request(Streams::log);
  job.keep_failed = true;
  EXPECT_EQ(supervise(processes, runs, std::move(job)), ExitStatus{.signal = SIGTERM});
  EXPECT_EQ(record().state, RunState::stopped);
}

TEST_F(SuperviseTest, TriesAgainWhileNoServerCanBeStarted) {
  play_script([&](pid_t) {
    write_file(runs.get("otter").artifacts() / "model", "weights");
    processes.after(3s, [&] {
      processes.fail_starts("grid-serve", 7);
      processes.end(newest_server(), killed);
    });
    processes.after(20s, [&] {
      EXPECT_EQ(processes.count_of("grid-serve"), 2u);
      end_script({});
    });
  });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{});
  EXPECT_EQ(record().state, RunState::done);
  EXPECT_EQ(record().servers_replaced, 1u);
  EXPECT_EQ(read_file(runs.get("otter").artifacts() / "model"), "weights");
}

TEST_F(SuperviseTest, KeepsTheEndWhenNothingCanTakeTheServerOver) {
  processes.fail_starts("grid-keep", 1);
  play_script([&](pid_t script) { processes.end(script); });
  EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{});
  EXPECT_EQ(record().state, RunState::done);
}

TEST_F(SuperviseTest, RecordsALaterFailureAsTheEndAndKeepsWhatWasWritten) {
  play_script([&](pid_t) { write_file(runs.get("otter").artifacts() / "model", "weights"); });
  SuperviseRequest failing = request();
  failing.on_started = [] { fail(ErrorKind::no_space, "there is no memory"); };
  EXPECT_EQ(supervise(processes, runs, std::move(failing)), killed);
  EXPECT_EQ(record().state, RunState::failed);
  EXPECT_EQ(record().reason, "there is no memory");
  EXPECT_EQ(problems, std::vector<std::string>{"there is no memory"});
  EXPECT_EQ(read_file(runs.get("otter").artifacts() / "model"), "weights");
}

TEST_F(SuperviseTest, GoesOnWithoutDatastoresThatTheScriptUnmounts) {
  for (const bool can_resend : {true, false}) {
    fuse = {};
    kernel_can_resend(can_resend);
    problems.clear();
    play_script([&](pid_t script) {
      processes.after(1s, [&] {
        fuse.end_mount();
        processes.end(newest_server());
      });
      processes.after(5s, [&, script] { processes.end(script, {.status = 4}); });
    });
    EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{.status = 4});
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_NE(problems[0].find("unmounted"), std::string::npos) << problems[0];
    EXPECT_EQ(record().end, ExitStatus{.status = 4});
    runs.get("otter").remove();
  }
}

TEST_F(SuperviseTest, KillsAScriptThatIgnoresARequestToStop) {
  play_script([&](pid_t) {
    write_file(runs.get("otter").artifacts() / "model", "weights");
    processes.after(1s, [&] { runs.get("otter").ask_to_stop(); });
    processes.after(10s, [&] { runs.get("otter").ask_to_kill(); });
  });
  EXPECT_EQ(supervise(processes, runs, request()), killed);
  EXPECT_EQ(processes.sent().front(), (FakeProcesses::Sent{newest_script(), SIGTERM}));
  EXPECT_LE(processes.elapsed(), 10'200ms);
  EXPECT_EQ(record().state, RunState::stopped);
  EXPECT_EQ(record().end, killed);
  EXPECT_EQ(read_file(runs.get("otter").artifacts() / "model"), "weights");
}

TEST_F(SuperviseTest, PassesOnARequestToStopOnlyOnce) {
  for (const bool signal_first : {true, false}) {
    fuse = {};
    kernel_can_resend(true);
    play_script([&](pid_t) {
      const std::size_t before = processes.sent().size();
      processes.after(1s, [&] { runs.get("otter").ask_to_stop(); });
      processes.after(signal_first ? 1s : 4s, [&] { processes.arrive(SIGTERM); });
      processes.after(9s, [&, before] {
        EXPECT_EQ(processes.sent().size(), before + 1);
        end_script({.status = 1});
      });
    });
    EXPECT_EQ(supervise(processes, runs, request()), ExitStatus{.status = 1});
    EXPECT_EQ(record().state, RunState::stopped);
    runs.get("otter").remove();
  }
}

TEST_F(SuperviseTest, StopsOneExperimentRunningOrNot) {
  processes.when_sent(
      SIGTERM, [&](pid_t script) { processes.end(script, {.status = 0, .signal = SIGTERM}); });
  play_script([&](pid_t script) {
    const auto ask = [&](const std::string& name) {
      runs.get(name).ask_to_stop();
      runs.get("otter").draw_attention();
    };
    if (processes.count_of("grid-script") == 1) {
      processes.after(1s, [=] { ask("otter-2"); });
      processes.after(3s, [&] { EXPECT_EQ(record("otter-2").state, RunState::stopped); });
      processes.after(4s, [=] { ask("otter-1"); });
    } else {
      processes.after(20s, [&, script] {
        EXPECT_EQ(record("otter-1").state, RunState::stopped);
        processes.end(script);
        leave_mount();
      });
    }
  });
  EXPECT_EQ(supervise(processes, runs, sweep_of(3, 1)), ExitStatus{.status = 1});
  EXPECT_EQ(processes.count_of("grid-script"), 2u);
  EXPECT_EQ(record("otter-3").state, RunState::done);
}

TEST_F(SuperviseTest, SaysWhichArtifactsCouldNotBeKept) {
  SuperviseRequest keeping = request();
  keeping.run.record.artifacts_source = folder / "out";
  play_script([&](pid_t) {
    write_file(folder / "out/a", "1");
    write_file(folder / "out/b/c", "2");
    write_file(runs.get("otter").artifacts() / "b", "in the way of a folder");
    EXPECT_EQ(record().end, std::nullopt);
    end_script({});
  });
  EXPECT_EQ(supervise(processes, runs, std::move(keeping)), ExitStatus{.status = 1});
  EXPECT_EQ(record().state, RunState::failed);
  EXPECT_EQ(record().end, ExitStatus{}) << "of the script";
  EXPECT_NE(record().reason.find("b/c"), std::string::npos) << record().reason;
  EXPECT_EQ(problems, std::vector<std::string>{record().reason});
  EXPECT_EQ(read_file(runs.get("otter").artifacts() / "a"), "1");
}

TEST_F(SuperviseTest, RunsEachExperimentOfASweepAndFailsIfOneDoes) {
  unsigned running_max = 0, running = 0;
  play_script([&](pid_t script) {
    running_max = std::max(running_max, ++running);
    processes.after(10s, [&, script] {
      --running;
      const std::size_t number = processes.count_of("grid-script");
      processes.end(script, {.status = script == newest_script() && number == 3 ? 1 : 0},
                    {.user_seconds = 2, .system_seconds = 1, .memory_peak = 100});
      if (number == 3 && running == 0) leave_mount();
    });
  });
  std::vector<std::string> ended;
  SuperviseRequest sweep = sweep_of(3, 2);
  sweep.on_experiment_end = [&](const RunRecord& experiment) { ended.push_back(experiment.name); };
  EXPECT_EQ(supervise(processes, runs, std::move(sweep)), ExitStatus{.status = 1});
  EXPECT_EQ(running_max, 2u);
  EXPECT_EQ(started_count, 1u);
  EXPECT_EQ(ended, (std::vector<std::string>{"otter-1", "otter-2", "otter-3"}));
  EXPECT_EQ(record("otter-1").state, RunState::done);
  EXPECT_EQ(record("otter-3").state, RunState::failed);
  EXPECT_EQ(record().state, RunState::failed);
  EXPECT_EQ(record().used, (Resources{.user_seconds = 6, .system_seconds = 3, .memory_peak = 100}));
  EXPECT_EQ(processes.count_of("grid-serve"), 1u) << "one server for all";
}

TEST_F(SuperviseTest, StartsNoMoreExperimentsWhenASweepIsStopped) {
  processes.when_sent(SIGTERM, [&](pid_t) { end_script({.signal = SIGTERM}); });
  play_script([&](pid_t) { processes.after(1s, [&] { processes.arrive(SIGTERM); }); });
  EXPECT_EQ(supervise(processes, runs, sweep_of(3, 1)), ExitStatus{.status = 1});
  EXPECT_EQ(processes.count_of("grid-script"), 1u);
  EXPECT_EQ(record().state, RunState::stopped);
  EXPECT_EQ(record("otter-1").state, RunState::stopped);
  EXPECT_EQ(record("otter-3").state, RunState::stopped);
}

TEST_F(SuperviseTest, ContinuesASweepWhenOneExperimentCannotStart) {
  processes.when_started("grid-script", [&](pid_t script) {
    if (processes.count_of("grid-script") == 2) {
      processes.fail(script, Error(ErrorKind::not_found, "cannot start /bin/true"));
      return processes.end(script, {.status = 1});
    }
    processes.close_channel(script);
    processes.after(1s, [&, script] {
      processes.end(script);
      if (processes.count_of("grid-script") == 3) leave_mount();
    });
  });
  EXPECT_EQ(supervise(processes, runs, sweep_of(3, 1)), ExitStatus{.status = 1});
  EXPECT_EQ(record("otter-1").state, RunState::done);
  EXPECT_EQ(record("otter-2").state, RunState::failed);
  EXPECT_EQ(record("otter-2").reason, "cannot start /bin/true");
  EXPECT_EQ(record("otter-3").state, RunState::done);
}

TEST_F(SuperviseTest, LeavesNoExperimentOfASweepThatCannotStart) {
  processes.fail_starts("grid-serve", 1);
  EXPECT_THROW(supervise(processes, runs, sweep_of(3, 1)), Error);
  EXPECT_FALSE(is_there("otter"));
  EXPECT_FALSE(is_there("otter-1"));
  EXPECT_FALSE(is_there("otter-3"));
}

TEST_F(SuperviseTest, RecordsTheEndBeforeItWaitsForTheReaderOfTheOutput) {
  play_script([&](pid_t) {
    end_script({});
    processes.after(1min, [&] {
      EXPECT_EQ(record().state, RunState::done);
      processes.say(processes.newest("grid-log"), "finished");
    });
  });
  EXPECT_EQ(supervise(processes, runs, request(Streams::callers_and_log)), ExitStatus{});
  EXPECT_EQ(processes.heard_by(processes.newest("grid-log")), std::vector<std::string>{"finish"});
  EXPECT_EQ(record().state, RunState::done);
  EXPECT_GE(processes.elapsed(), 1min);
}

// The life of a run in which a server and a process for the log are replaced, and processes are
// left behind: each start of a process fails once.
class FailingStart : public SuperviseTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(FailingStart, LosesNothingThatWasWritten) {
  constexpr std::size_t starts_before_it_runs = 4;  // a server, the mount, the log and the script
  play_script([&](pid_t script) {
    write_file(runs.get("otter").artifacts() / "model", "weights");
    processes.after(3s, [&] { processes.end(newest_server(), killed); });
    processes.after(6s, [&] { processes.end(processes.newest("grid-log"), killed); });
    processes.after(12s, [&, script] {
      processes.end(script, {.status = 3});
      processes.after(1s, [&] { processes.say(processes.newest("grid-log"), "finished"); });
    });
  });
  processes.fail_start_number(GetParam());
  if (GetParam() <= starts_before_it_runs) {
    EXPECT_THROW(supervise(processes, runs, request(Streams::callers_and_log)), Error);
    EXPECT_FALSE(is_there("otter"));
  } else {
    EXPECT_EQ(supervise(processes, runs, request(Streams::callers_and_log)),
              ExitStatus{.status = 3});
    EXPECT_EQ(record().state, RunState::failed);
    EXPECT_EQ(record().end, ExitStatus{.status = 3});
    EXPECT_EQ(record().servers_replaced, 1u);
    EXPECT_EQ(read_file(runs.get("otter").artifacts() / "model"), "weights");
  }
  EXPECT_GE(processes.start_count(), std::min<std::size_t>(GetParam(), 7));
  EXPECT_EQ(attachment_count(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Starts, FailingStart, ::testing::Range<std::size_t>(1, 9));

TEST_F(SuperviseTest, WaitsForTheReaderOfTheOutputNoLongerThanUntilASignal) {
  play_script([&](pid_t) {
    end_script({.status = 5});
    processes.after(1min, [&] { processes.arrive(SIGTERM); });
  });
  EXPECT_EQ(supervise(processes, runs, request(Streams::callers_and_log)), ExitStatus{.status = 5});
  EXPECT_EQ(record().end, ExitStatus{.status = 5});
  EXPECT_EQ(record().state, RunState::failed);
}

TEST_F(SuperviseTest, ReplacesTheProcessThatKeepsTheLog) {
  play_script([&](pid_t) {
    processes.after(3s, [&] { processes.end(processes.newest("grid-log"), killed); });
    processes.after(9s, [&] {
      EXPECT_EQ(processes.count_of("grid-log"), 2u);
      end_script({});
      processes.after(1s, [&] { processes.say(processes.newest("grid-log"), "finished"); });
    });
  });
  EXPECT_EQ(supervise(processes, runs, request(Streams::callers_and_log)), ExitStatus{});
  EXPECT_EQ(record().state, RunState::done);
}

TEST_F(SuperviseTest, HasNotSucceededIfItsOutputCouldNotBeWritten) {
  play_script([&](pid_t) {
    processes.after(
        1s, [&] { processes.say(processes.newest("grid-log"), "l0 No space left on device"); });
    processes.after(2s, [&] {
      end_script({});
      processes.after(1s, [&] { processes.say(processes.newest("grid-log"), "finished"); });
    });
  });
  EXPECT_EQ(supervise(processes, runs, request(Streams::callers_and_log)), ExitStatus{.status = 1});
  EXPECT_EQ(record().state, RunState::failed);
  EXPECT_NE(record().reason.find("No space left"), std::string::npos) << record().reason;
}

}  // namespace
}  // namespace grid::run
