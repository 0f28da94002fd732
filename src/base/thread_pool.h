// A few threads that run tasks in the order in which they were submitted.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace grid {

// Thread-safe. Threads start with the first task. Destruction waits for the tasks that have begun
// and drops the others: their futures then throw std::future_error.
class ThreadPool {
 public:
  explicit ThreadPool(unsigned thread_count) : thread_count_(thread_count) {}
  ~ThreadPool();

  // Runs `task` on one of the threads; what it returns or throws comes through the future. Throws
  // `unavailable` if there is no thread and none can be started; a single one will do.
  template <class Task>
  auto submit(Task task) {
    using Result = std::invoke_result_t<Task>;
    auto packaged = std::make_shared<std::packaged_task<Result()>>(std::move(task));
    std::future<Result> result = packaged->get_future();
    push([packaged] { (*packaged)(); });
    return result;
  }

 private:
  void push(std::function<void()> task);
  void work();

  const unsigned thread_count_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool ending_ = false;                      // guarded by mutex_
  std::vector<std::thread> threads_;         // guarded by mutex_
};

}  // namespace grid
