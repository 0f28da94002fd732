#include "run/use_marks.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/random.h"

namespace grid::run {
namespace {

class UseMarksTest : public ::testing::Test {
 protected:
  std::size_t count(const std::vector<UsedVersion>& versions) const {
    return find_marked(store_id, versions).size();
  }

  const std::string store_id = random_hex(32);
};

TEST_F(UseMarksTest, AreSeenWhileTheyLive) {
  {
    UseMarks marks(store_id);
    marks.set({{"cats", 3}, {"dogs", 1}});
    const auto found = find_marked(store_id, {{"cats", 2}, {"cats", 3}});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].version, (UsedVersion{"cats", 3}));
    EXPECT_EQ(found[0].process, ::getpid());
    EXPECT_TRUE(find_marked(random_hex(32), {{"cats", 3}}).empty());
    marks.set({{"dogs", 1}});
    EXPECT_EQ(count({{"cats", 3}}), 0u);
    EXPECT_EQ(count({{"dogs", 1}}), 1u);
  }
  EXPECT_EQ(count({{"dogs", 1}}), 0u);
}

TEST_F(UseMarksTest, EndWithTheirProcess) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    UseMarks marks(store_id);
    marks.set({{"cats", 1}});
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(count({{"cats", 1}}), 1u);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(count({{"cats", 1}}), 0u);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(UseMarksTest, OfVeryManyVersionsAreForTheWholeStore) {
  std::vector<UsedVersion> all;
  for (dataset::VersionNumber number = 1; number <= 1000; ++number) all.push_back({"cats", number});
  UseMarks marks(store_id);
  marks.set(all);
  EXPECT_EQ(count({{"cats", 7}}), 1u);
  EXPECT_EQ(count({{"dogs", 7}}), 1u);
}

TEST_F(UseMarksTest, FailNothingWithoutDescriptors) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  UseMarks marks(store_id);
  ::setrlimit(RLIMIT_NOFILE, &none);
  marks.set({{"cats", 1}});
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(count({{"cats", 1}}), 0u);
  marks.set({{"cats", 1}});
  EXPECT_EQ(count({{"cats", 1}}), 1u);
}

}  // namespace
}  // namespace grid::run
