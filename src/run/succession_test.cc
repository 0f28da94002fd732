#include "run/succession.h"

#include <gtest/gtest.h>

#include <csignal>

namespace grid::run {
namespace {

using namespace std::chrono_literals;
using Step = Succession::Step;
using Mount = ServerDeath::Mount;

constexpr ExitStatus killed{.status = 0, .signal = SIGKILL};
constexpr ExitStatus crashed{.status = 0, .signal = SIGSEGV};

class SuccessionTest : public ::testing::Test {
 protected:
  // A server starts, serves for a while and dies.
  Succession::Decision serve(Succession::Time::duration for_how_long,
                             const ServerDeath& death = {.end = killed}) {
    succession.note_start(now);
    succession.note_ready();
    now += for_how_long;
    return succession.after(death, now);
  }
  // A server starts and fails to begin.
  Succession::Decision fail_to_begin(const std::string& sentence, Mount mount = Mount::goes_on) {
    succession.note_start(now);
    succession.note_failure(sentence);
    return succession.after({.end = ExitStatus{}, .mount = mount}, now);
  }

  Succession succession;
  Succession::Time now{1000h};
};

TEST_F(SuccessionTest, ReplacesAServerThatWasKilledHoweverOften) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(serve(1ms).step, Step::replace);
}

TEST_F(SuccessionTest, ReplacesAServerWhoseEndIsNotKnownHoweverOften) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(serve(1ms, {.end = {}}).step, Step::replace);
}

TEST_F(SuccessionTest, EndsAfterSixCrashesInARow) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(serve(1s, {.end = crashed}).step, Step::replace);
  const Succession::Decision last = serve(1s, {.end = crashed});
  EXPECT_EQ(last.step, Step::end);
  EXPECT_NE(last.sentence.find("failed 6 times in a row"), std::string::npos) << last.sentence;
}

TEST_F(SuccessionTest, ForgivesCrashesAfterALongLifeOrADeathOfAnotherKind) {
  for (int i = 0; i < 5; ++i) serve(1s, {.end = crashed});
  EXPECT_EQ(serve(10s, {.end = crashed}).step, Step::replace);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(serve(1s, {.end = crashed}).step, Step::replace);
  EXPECT_EQ(serve(1s, {.end = killed}).step, Step::replace);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(serve(1s, {.end = crashed}).step, Step::replace);
  EXPECT_EQ(serve(1s, {.end = crashed}).step, Step::end);
}

TEST_F(SuccessionTest, CountsAnExitAsACrash) {
  for (int i = 0; i < 5; ++i) serve(1s, {.end = ExitStatus{.status = 1, .signal = {}}});
  EXPECT_EQ(serve(1s, {.end = ExitStatus{.status = 1, .signal = {}}}).step, Step::end);
}

TEST_F(SuccessionTest, EndsSilentlyWhenTheMountIsOver) {
  EXPECT_EQ(serve(1s, {.end = ExitStatus{}, .mount = Mount::is_over}),
            (Succession::Decision{Step::end, ""}));
  EXPECT_EQ(serve(1s, {.end = {}, .mount = Mount::is_over}), (Succession::Decision{Step::end, ""}));
}

TEST_F(SuccessionTest, EndsWithASentenceIfTheMountDiedWithTheServer) {
  const Succession::Decision decision = serve(1h, {.end = killed, .mount = Mount::is_lost});
  EXPECT_EQ(decision.step, Step::end);
  EXPECT_NE(decision.sentence.find("was killed: the run ends"), std::string::npos);
}

TEST_F(SuccessionTest, WaitsBetweenServersThatCannotBeginAndGivesUpAfterAMinute) {
  serve(1h);
  const Succession::Time served_until = now;
  unsigned count = 0;
  Succession::Decision decision;
  while ((decision = fail_to_begin("no such bucket")).step == Step::wait) {
    EXPECT_FALSE(succession.is_time_to_retry(now));
    now += Succession::retry_interval;
    EXPECT_TRUE(succession.is_time_to_retry(now));
    ASSERT_LT(++count, 1000u);
  }
  EXPECT_EQ(decision.step, Step::end);
  EXPECT_NE(decision.sentence.find("no other could take over: no such bucket"), std::string::npos)
      << decision.sentence;
  EXPECT_EQ(now - served_until, 60s);
  EXPECT_EQ(count, 120u);
}

TEST_F(SuccessionTest, CountsTheMinuteAnewWhenAServerHasServed) {
  serve(1h);
  for (int i = 0; i < 100; ++i, now += 500ms)
    ASSERT_EQ(fail_to_begin("the store does not answer").step, Step::wait);
  EXPECT_EQ(serve(1s).step, Step::replace);
  for (int i = 0; i < 100; ++i, now += 500ms)
    ASSERT_EQ(fail_to_begin("the store does not answer").step, Step::wait);
}

TEST_F(SuccessionTest, DoesNotWaitForAMountThatIsOver) {
  serve(1h);
  EXPECT_EQ(fail_to_begin("the store does not answer", Mount::is_over),
            (Succession::Decision{Step::end, ""}));
}

}  // namespace
}  // namespace grid::run
