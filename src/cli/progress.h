// How far a long piece of work is: a line that is redrawn on a terminal, a line now and then
// elsewhere, nothing with --quiet.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "cli/io.h"

namespace grid::cli {

struct ProgressState {
  std::uint64_t files_done = 0, bytes_done = 0;
  std::uint64_t files_total = 0, bytes_total = 0;  // files_total 0: work that has no files
  bool total_known = true;                         // else the totals still grow
};

// How much of the work is done, 0 to 1. A file weighs as much as reading `file_weight` bytes.
double fraction_done(const ProgressState& state);

struct Pace {
  double bytes_per_second = 0;
  std::chrono::duration<double> elapsed{};
};

// One line of at most `width` columns, without a newline: percentage, bar, files, bytes, speed and
// time left, the least important left out first. While the total is unknown it claims no
// percentage and no time left.
std::string progress_line(std::string_view doing, const ProgressState& state, const Pace& pace,
                          std::size_t width);

// Draws from a thread of its own until it is destroyed. `read` is called in that thread.
class ProgressBar {
 public:
  ProgressBar(Output& output, std::string doing, std::function<ProgressState()> read);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

 private:
  void draw_until_stopped();
  void draw();

  Output& output_;
  const std::string doing_;
  const std::function<ProgressState()> read_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point last_drawn_;  // the thread's
  std::uint64_t last_bytes_ = 0;                      // the thread's
  double pace_ = 0;                                   // the thread's; bytes per second

  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stopped_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace grid::cli
