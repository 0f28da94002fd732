// How signals and job control reach scripts, and how scripts start. The processes are fake.
#include "run/scripts.h"

#include <gtest/gtest.h>

#include <array>
#include <csignal>

#include "base/error.h"
#include "run/messages.h"
#include "tests/support/fake_processes.h"

namespace grid::run {
namespace {

using namespace std::chrono_literals;
using testing::FakeProcesses;
using Sent = FakeProcesses::Sent;

class ScriptsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    processes.when_started("grid-script",
                           [this](pid_t script) { processes.close_channel(script); });
  }

  // Starts a script; returns its process.
  pid_t start(bool own_group = false) {
    return scripts.process_of(
        scripts.start({.program = {"/bin/true", {"true"}}, .own_group = own_group}));
  }

  ScriptEnd wait_for_end() {
    for (;;)
      if (std::optional<ScriptEnd> end = scripts.wait(1s, {})) return *end;
  }

  void end_after(std::chrono::milliseconds delay, pid_t script, const ExitStatus& status = {}) {
    processes.after(delay, [=, this] { processes.end(script, status); });
  }

  FakeProcesses processes;
  Scripts scripts{processes};
};

TEST_F(ScriptsTest, AreIdentifiedByTheirNumbers) {
  const pid_t first = start(), second = start();
  end_after(2s, first, {.status = 7});
  end_after(1s, second, {.signal = SIGSEGV});
  ScriptEnd end = wait_for_end();
  EXPECT_EQ(end.number, 1u);
  EXPECT_EQ(end.status, ExitStatus{.signal = SIGSEGV});
  EXPECT_EQ(scripts.running_count(), 1u);
  end = wait_for_end();
  EXPECT_EQ(end.number, 0u);
  EXPECT_EQ(end.status, ExitStatus{.status = 7});
  EXPECT_EQ(processes.elapsed(), 2s);
}

TEST_F(ScriptsTest, ThrowTheErrorThatKeepsAProgramFromRunning) {
  processes.when_started("grid-script", [this](pid_t script) {
    processes.fail(script, Error(ErrorKind::permission_denied, "cannot start /bin/true"));
    processes.end(script, {.status = 1});
  });
  EXPECT_THROW(start(), Error);
  EXPECT_EQ(scripts.running_count(), 0u);
  EXPECT_TRUE(processes.all_were_waited_for());
}

TEST_F(ScriptsTest, AreNotRunningWhenNoProcessCanBeMade) {
  processes.fail_starts("grid-script", 1);
  EXPECT_THROW(start(), Error);
  EXPECT_EQ(scripts.running_count(), 0u);
  start();
  EXPECT_EQ(scripts.running_count(), 1u);
}

TEST_F(ScriptsTest, AreKilledByTheDestructor) {
  pid_t alone, group;
  {
    Scripts others(processes);
    const ScriptRequest request{.program = {"/bin/true", {"true"}}};
    alone = others.process_of(others.start(request));
    ScriptRequest job = request;
    job.own_group = true;
    group = others.process_of(others.start(job));
  }
  EXPECT_EQ(processes.sent(), (std::vector<Sent>{{alone, SIGKILL}, {-group, SIGKILL}}));
  EXPECT_TRUE(processes.all_were_waited_for());
}

TEST_F(ScriptsTest, AllGetASignalToEnd) {
  const pid_t first = start(), second = start(true);
  processes.after(1s, [&] { processes.arrive(SIGTERM); });
  end_after(2s, first);
  wait_for_end();
  EXPECT_EQ(processes.sent(), (std::vector<Sent>{{first, SIGTERM}, {-second, SIGTERM}}));
  EXPECT_EQ(scripts.told_to_end(), SIGTERM);
}

TEST_F(ScriptsTest, AreNotSentTheTerminalsSignalsAgain) {
  const pid_t script = start();
  processes.arrive(SIGINT, true);
  end_after(1s, script);
  wait_for_end();
  EXPECT_TRUE(processes.sent().empty());
  EXPECT_EQ(scripts.told_to_end(), SIGINT);
}

TEST_F(ScriptsTest, InTheirOwnGroupAreSentTheTerminalsSignals) {
  const pid_t script = start(true);
  EXPECT_TRUE(processes.has_own_group(script));
  processes.arrive(SIGINT, true);
  end_after(1s, script);
  wait_for_end();
  EXPECT_EQ(processes.sent(), (std::vector<Sent>{{-script, SIGINT}}));
}

TEST_F(ScriptsTest, AreNotToldToEndByOtherSignals) {
  const pid_t script = start();
  processes.arrive(SIGWINCH);
  processes.arrive(SIGUSR1);
  end_after(1s, script);
  wait_for_end();
  EXPECT_EQ(processes.sent(), (std::vector<Sent>{{script, SIGWINCH}, {script, SIGUSR1}}));
  EXPECT_EQ(scripts.told_to_end(), std::nullopt);
  EXPECT_TRUE(scripts.take_resize());
  EXPECT_FALSE(scripts.take_resize());
}

TEST_F(ScriptsTest, StopAndContinueWithTheirSupervisor) {
  const pid_t script = start();
  processes.when_sent(SIGTSTP, [&](pid_t sent_to) {
    processes.after(100ms, [=, this] { processes.stop(sent_to); });
  });
  processes.when_sent(SIGCONT, [&](pid_t sent_to) { processes.go_on(sent_to); });
  processes.when_stopped([&] { EXPECT_EQ(processes.elapsed(), 1100ms); });
  processes.after(1s, [&] { processes.arrive(SIGTSTP); });
  end_after(5s, script);
  EXPECT_EQ(wait_for_end().status, ExitStatus{});
  EXPECT_EQ(processes.own_stops(), std::vector<int>{SIGTSTP});
  EXPECT_EQ(processes.sent(), (std::vector<Sent>{{script, SIGTSTP}, {script, SIGCONT}}));
}

TEST_F(ScriptsTest, AreNotContinuedTwice) {
  const pid_t script = start();
  processes.when_stopped([&] { processes.go_on(script); });  // the shell continues the whole group
  processes.arrive(SIGTSTP, true);
  processes.stop(script);
  end_after(5s, script);
  wait_for_end();
  EXPECT_EQ(processes.own_stops(), std::vector<int>{SIGTSTP});
  EXPECT_TRUE(processes.sent().empty());
}

// As with kill -STOP: the script's children still need the mount.
TEST_F(ScriptsTest, ThatAreStoppedAloneDoNotStopTheirSupervisor) {
  const pid_t script = start();
  processes.stop(script);
  end_after(5s, script);
  wait_for_end();
  EXPECT_TRUE(processes.own_stops().empty());
}

TEST_F(ScriptsTest, StopTheirSupervisorOnlyWhenAllAreStopped) {
  const pid_t first = start(), second = start();
  processes.arrive(SIGTSTP, true);
  processes.stop(first);
  end_after(1s, second);
  wait_for_end();
  EXPECT_TRUE(processes.own_stops().empty());
  end_after(1s, first);
  processes.when_stopped([&] { processes.go_on(first); });
  wait_for_end();
  EXPECT_EQ(processes.own_stops(), std::vector<int>{SIGTSTP}) << "all that still run are stopped";
}

TEST_F(ScriptsTest, AreNotWaitedForWhenAWatchedDescriptorIsReady) {
  start();
  Channel channel = make_channel();
  processes.after(300ms, [&] { send_message(channel.theirs, "news"); });
  std::array<pollfd, 1> watched{{{.fd = channel.ours.get(), .events = POLLIN, .revents = 0}}};
  EXPECT_FALSE(scripts.wait(1s, watched));
  EXPECT_EQ(watched[0].revents, POLLIN);
  EXPECT_EQ(processes.elapsed(), 300ms);
}

}  // namespace
}  // namespace grid::run
