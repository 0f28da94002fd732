// Shows the progress of long work: a line that is redrawn on a terminal, a line now and then
// elsewhere, events with -o json, nothing with --quiet.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "cli/io.h"
#include "service/pace.h"

namespace grid::cli {

using service::Pace;
using service::PaceMeter;
using service::ProgressState;
using service::Savings;

// One line of at most `width` columns, without a newline: phase, bar, percentage, files, bytes,
// time left, speed and what the store had already; the least important is left out first. Without a
// width, everything but the bar. While the total is unknown, it shows no percentage and no time
// left.
std::string progress_line(std::string_view doing, const ProgressState& state, const Pace& pace,
                          std::optional<std::size_t> width);

// Shows the progress from a thread of its own until it is destroyed; if an exception destroys it,
// the work has failed. `read` is called in that thread, and by the destructor.
class ProgressBar {
 public:
  ProgressBar(Output& output, std::string doing, std::function<ProgressState()> read);
  ~ProgressBar();
  // A failure while `stop` is true counts as an interruption. `stop` outlives the bar.
  void interrupted_if(const std::atomic<bool>& stop) { stop_ = &stop; }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

 private:
  void show_until_stopped();
  void show(const ProgressState& state, const Pace& pace);

  Output& output_;
  const std::string doing_;
  const std::function<ProgressState()> read_;
  const std::chrono::steady_clock::time_point started_;
  const std::atomic<bool>* stop_ = nullptr;
  const int exceptions_;  // uncaught when it was made
  PaceMeter meter_;       // used by the thread while it runs

  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stopped_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace grid::cli
