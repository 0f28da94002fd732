#include "base/thread_pool.h"

#include "base/start_thread.h"

namespace grid {

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    tasks_.clear();
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::push(std::function<void()> task) {
  std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  if (threads_.size() < thread_count_) try {
      threads_.push_back(start_thread([this] { work(); }));
    } catch (const Error&) {
      // Those that there are do the work, only later.
      if (threads_.empty()) {
        tasks_.pop_back();
        throw;
      }
    }
  changed_.notify_one();
}

void ThreadPool::work() {
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ending_ || !tasks_.empty(); });
      if (ending_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace grid
