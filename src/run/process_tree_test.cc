#include "run/process_tree.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>

#include "run/messages.h"
#include "run/system_processes.h"

namespace grid::run {
namespace {

ListedProcess listed(pid_t process, pid_t parent) {
  return {.identity = {process, 7}, .parent = parent};
}

std::set<pid_t> numbers_of(const std::vector<ProcessIdentity>& processes) {
  std::set<pid_t> numbers;
  for (const ProcessIdentity& process : processes) numbers.insert(process.process);
  return numbers;
}

TEST(ProcessTreeTest, FindsChildrenAndTheirChildren) {
  const std::vector<ListedProcess> all = {listed(12, 11), listed(10, 1), listed(11, 10),
                                          listed(13, 10), listed(20, 1), listed(21, 20)};
  EXPECT_EQ(numbers_of(descendants_of(10, all)), (std::set<pid_t>{11, 12, 13}));
  EXPECT_EQ(numbers_of(descendants_of(10, all, {11})), (std::set<pid_t>{13}));
  EXPECT_TRUE(descendants_of(21, all).empty());
}

TEST(ProcessTreeTest, EndsInACircle) {
  EXPECT_EQ(numbers_of(descendants_of(10, {listed(11, 12), listed(12, 11), listed(10, 11)})),
            std::set<pid_t>{});
  EXPECT_EQ(numbers_of(descendants_of(11, {listed(11, 12), listed(12, 11)})), std::set<pid_t>{12});
}

TEST(ProcessTreeTest, SignalsOnlyTheVeryProcess) {
  SystemProcesses processes;
  const ChildProcess child = processes.start(
      {.name = "grid-test"}, [](const FileDescriptor& parent) { receive_message(parent); });
  const auto found = find_listed_process(child.process);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->parent, ::getpid());
  ProcessIdentity another = found->identity;
  ++another.started;
  EXPECT_FALSE(open_process(another));
  send_signal(another, SIGKILL);
  EXPECT_FALSE(processes.find_change(child.process));
  send_signal(found->identity, SIGKILL);
  EXPECT_EQ(processes.wait_for_end(child.process), ExitStatus{.signal = SIGKILL});
  EXPECT_FALSE(find_listed_process(child.process));
}

}  // namespace
}  // namespace grid::run
