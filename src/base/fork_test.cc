#include "base/fork.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <new>
#include <stdexcept>

namespace grid {
namespace {

int status_of(pid_t process) {
  int status = -1;
  ::waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// An object of the parent, whose destructor must not run in the child.
struct Parents {
  pid_t parent = ::getpid();
  ~Parents() {
    if (::getpid() != parent) ::_exit(77);
  }
};

TEST(ForkTest, AChildEndsWithTheStatusOfItsBody) {
  EXPECT_EQ(status_of(fork_child([] { return 0; })), 0);
  EXPECT_EQ(status_of(fork_child([] { return 3; })), 3);
}

TEST(ForkTest, AChildThatThrowsDoesNotUnwindIntoItsParent) {
  const Parents object;
  EXPECT_EQ(status_of(fork_child([]() -> int { throw std::bad_alloc(); })), 1);
  EXPECT_EQ(status_of(fork_child([]() -> int { throw 5; })), 1);
}

}  // namespace
}  // namespace grid
