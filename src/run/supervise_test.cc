// The life of a run from its first process to its last: what is passed on, recorded and reported
// as its processes act. The processes and the time are fake.
#include "run/supervise_fixture.h"

namespace grid::run {
namespace {

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

}  // namespace
}  // namespace grid::run
