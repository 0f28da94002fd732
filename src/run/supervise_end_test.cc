// How a run ends when something odd happens: it is interrupted while it starts, asked to stop, or
// something that it needs fails. The processes and the time are fake.
#include "run/supervise_fixture.h"

namespace grid::run {
namespace {

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

TEST_F(SuperviseTest, SaysAtTheEndThatItsLogIsIncomplete) {
  play_script([&](pid_t) {
    processes.after(1s, [&] { processes.say(processes.newest("grid-log"), "kNo space left"); });
    processes.after(2s, [&] {
      EXPECT_TRUE(problems.empty()) << "while the terminal is the script's";
      end_script({});
      processes.after(1s, [&] { processes.say(processes.newest("grid-log"), "finished"); });
    });
  });
  EXPECT_EQ(supervise(processes, runs, request(Streams::callers_and_log)), ExitStatus{});
  EXPECT_EQ(problems, std::vector<std::string>{"the log of otter is incomplete: No space left"});
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
