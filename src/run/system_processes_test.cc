// Real processes and signals: what a supervisor of runs relies on.
#include "run/system_processes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "run/messages.h"

namespace grid::run {
namespace {

using namespace std::chrono_literals;

class SystemProcessesTest : public ::testing::Test {
 protected:
  // Waits for the next change.
  ProcessChange next_change(pid_t child) {
    for (int i = 0; i < 10; ++i) {
      if (const auto change = processes.find_change(child)) return *change;
      pollfd arrived{.fd = processes.signals(), .events = POLLIN, .revents = 0};
      processes.poll({&arrived, 1}, 1s);
      while (processes.take_signal()) {
      }
    }
    ADD_FAILURE() << "nothing happens to the child";
    return {};
  }

  SystemProcesses processes;
};

TEST_F(SystemProcessesTest, HaveAChannelToTheirParent) {
  const ChildProcess child = processes.start({.name = "grid-test"}, [](FileDescriptor parent) {
    send_message(parent, receive_message(parent).text + ", heard");
  });
  send_message(child.channel, "hello");
  EXPECT_EQ(receive_message(child.channel).text, "hello, heard");
  EXPECT_EQ(receive_message(child.channel).text, "") << "it has ended";
  EXPECT_EQ(processes.wait_for_end(child.process), ExitStatus{});
}

TEST_F(SystemProcessesTest, TellHowTheyEnd) {
  const auto end_of = [&](const Processes::Work& work) {
    return processes.wait_for_end(processes.start({.name = "grid-test"}, work).process);
  };
  EXPECT_EQ(end_of([](const FileDescriptor&) { ::_exit(3); }), ExitStatus{.status = 3});
  EXPECT_EQ(end_of([](const FileDescriptor&) { ::raise(SIGKILL); }), ExitStatus{.signal = SIGKILL});
  EXPECT_EQ(processes.wait_for_end(::getppid()), std::nullopt) << "it is not a child";
}

TEST_F(SystemProcessesTest, TellThatTheyAreStoppedAndContinued) {
  const ChildProcess child =
      processes.start({.name = "grid-test"}, [](const FileDescriptor& parent) {
        ::raise(SIGSTOP);
        receive_message(parent);
      });
  EXPECT_EQ(next_change(child.process).kind, ProcessChange::Kind::stopped);
  EXPECT_FALSE(processes.was_continued(child.process));
  EXPECT_FALSE(processes.find_change(child.process));
  processes.send(child.process, SIGCONT);
  EXPECT_EQ(next_change(child.process).kind, ProcessChange::Kind::continued);
  processes.send(child.process, SIGKILL);
  const ProcessChange end = next_change(child.process);
  EXPECT_EQ(end.kind, ProcessChange::Kind::ended);
  EXPECT_EQ(end.status, ExitStatus{.signal = SIGKILL});
  EXPECT_GT(end.used.memory_peak, 0u);
}

TEST_F(SystemProcessesTest, CanHaveTheirOwnGroup) {
  for (const bool own_group : {false, true}) {
    const ChildProcess child = processes.start(
        {.name = "grid-test", .own_group = own_group},
        [](const FileDescriptor& parent) { send_message(parent, std::to_string(::getpgrp())); });
    EXPECT_EQ(receive_message(child.channel).text,
              std::to_string(own_group ? child.process : ::getpgrp()));
    processes.wait_for_end(child.process);
  }
}

TEST_F(SystemProcessesTest, TakeSignalsThatWouldEndThisProcess) {
  ::raise(SIGTERM);
  pollfd arrived{.fd = processes.signals(), .events = POLLIN, .revents = 0};
  EXPECT_TRUE(processes.poll({&arrived, 1}, 0ms));
  const auto signal = processes.take_signal();
  ASSERT_TRUE(signal);
  EXPECT_EQ(signal->number, SIGTERM);
  EXPECT_FALSE(signal->from_terminal);
  EXPECT_FALSE(processes.take_signal());
}

TEST_F(SystemProcessesTest, RestoreTheCallersSignalsForAProgram) {
  const ChildProcess child = processes.start({.name = "grid-test"}, [&](const FileDescriptor&) {
    processes.restore_callers_signals();
    ::raise(SIGTERM);
    ::_exit(0);
  });
  EXPECT_EQ(processes.wait_for_end(child.process), ExitStatus{.signal = SIGTERM});
}

}  // namespace
}  // namespace grid::run
