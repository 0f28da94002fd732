#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "base/error.h"
#include "tests/support/no_more_threads.h"

namespace grid {
namespace {

TEST(ThreadPool, RunsEveryTaskOnce) {
  std::atomic<int> sum = 0;
  std::vector<std::future<int>> results;
  ThreadPool pool(4);
  for (int i = 0; i < 1000; ++i)
    results.push_back(pool.submit([&sum, i] {
      sum += i;
      return i;
    }));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i);
  EXPECT_EQ(sum, 999 * 1000 / 2);
}

TEST(ThreadPool, PassesExceptionsThroughTheFuture) {
  ThreadPool pool(1);
  auto failed = pool.submit([]() -> int { throw std::runtime_error("no"); });
  auto good = pool.submit([] { return 1; });
  EXPECT_THROW(failed.get(), std::runtime_error);
  EXPECT_EQ(good.get(), 1);
}

TEST(ThreadPool, EndsWithTasksLeft) {
  std::future<void> dropped;
  {
    ThreadPool pool(1);
    std::promise<void> begun;
    auto first = pool.submit([&] { begun.set_value(); });
    begun.get_future().wait();
    for (int i = 0; i < 1000; ++i) dropped = pool.submit([] {});
  }
  EXPECT_TRUE(dropped.valid());
}

TEST(ThreadPool, AThreadThatCannotBeStartedIsAnError) {
  ThreadPool pool(2);
  {
    testing::NoMoreThreads none;
    EXPECT_THROW(pool.submit([] { return 1; }), Error);
  }
  EXPECT_EQ(pool.submit([] { return 1; }).get(), 1);
  testing::NoMoreThreads none;
  EXPECT_EQ(pool.submit([] { return 2; }).get(), 2);  // the one that there is does it
}

}  // namespace
}  // namespace grid
