#include "cli/progress.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cli/text.h"

namespace grid::cli {

namespace {

using std::chrono::steady_clock;

constexpr std::uint64_t file_weight = 16 << 10;  // bytes: opening a file costs about as much
constexpr auto redraw_interval = std::chrono::milliseconds(100);
constexpr auto line_interval = std::chrono::seconds(5);
constexpr double pace_memory = 2.0;  // seconds that the shown speed looks back
constexpr std::size_t bar_width_min = 6, bar_width_max = 30;

std::string format_remaining(double seconds) {
  auto whole = static_cast<std::uint64_t>(std::llround(std::min(seconds, 360000.0)));
  if (whole < 3600) return fmt::format("{}:{:02} left", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02} left", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string bar(double fraction, std::size_t width) {
  auto filled = static_cast<std::size_t>(std::floor(fraction * static_cast<double>(width)));
  return "[" + std::string(filled, '=') + std::string(width - filled, ' ') + "]";
}

std::string counts(const ProgressState& state) {
  std::string files, bytes = format_size(state.bytes_done);
  if (state.files_total > 0) {
    files = format_count(state.files_done);
    if (state.total_known) files += "/" + format_count(state.files_total);
    files += " files  ";
  }
  if (state.total_known) bytes += "/" + format_size(state.bytes_total);
  return files + bytes;
}

}  // namespace

double fraction_done(const ProgressState& state) {
  auto weight = [](std::uint64_t files, std::uint64_t bytes) {
    return static_cast<double>(bytes) + static_cast<double>(files) * file_weight;
  };
  double total = weight(state.files_total, state.bytes_total);
  return total <= 0 ? 0 : std::clamp(weight(state.files_done, state.bytes_done) / total, 0.0, 1.0);
}

std::string progress_line(std::string_view doing, const ProgressState& state, const Pace& pace,
                          std::size_t width) {
  std::string line(doing);
  double fraction = fraction_done(state);
  std::vector<std::string> parts;  // the most important first
  if (state.total_known) parts.push_back(fmt::format("{:3.0f} %", std::floor(100 * fraction)));
  parts.push_back(counts(state));
  if (!state.total_known)
    parts.push_back("still counting");
  else if (fraction > 0.01 && pace.elapsed.count() > 1)
    parts.push_back(format_remaining(pace.elapsed.count() * (1 - fraction) / fraction));
  if (pace.bytes_per_second >= 1)
    parts.push_back(format_size(static_cast<std::uint64_t>(pace.bytes_per_second)) + "/s");
  std::size_t used = display_width(line);
  std::string tail;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (used + 2 + display_width(parts[i]) > width) break;
    tail += "  " + parts[i];
    used += 2 + display_width(parts[i]);
  }
  if (state.total_known && used + 4 + bar_width_min <= width)
    line += "  " + bar(fraction, std::min(width - used - 4, bar_width_max));
  return fit(line + tail, width);
}

ProgressBar::ProgressBar(Output& output, std::string doing, std::function<ProgressState()> read)
    : output_(output),
      doing_(std::move(doing)),
      read_(std::move(read)),
      started_(steady_clock::now()),
      last_drawn_(started_) {
  if (!output_.quiet()) thread_ = std::thread([this] { draw_until_stopped(); });
}

ProgressBar::~ProgressBar() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stopping_.notify_all();
  thread_.join();
  output_.wipe_line();
}

void ProgressBar::draw_until_stopped() {
  const std::chrono::milliseconds interval =
      output_.message_is_terminal() ? redraw_interval : std::chrono::milliseconds(line_interval);
  std::unique_lock lock(mutex_);
  while (!stopping_.wait_for(lock, interval, [this] { return stopped_; })) {
    lock.unlock();
    draw();
    lock.lock();
  }
}

void ProgressBar::draw() {
  ProgressState state = read_();
  auto now = steady_clock::now();
  double seconds = std::chrono::duration<double>(now - last_drawn_).count();
  double recent = static_cast<double>(state.bytes_done - last_bytes_) / seconds;
  bool first = last_drawn_ == started_;
  pace_ = first ? recent : pace_ + (recent - pace_) * std::min(1.0, seconds / pace_memory);
  last_drawn_ = now;
  last_bytes_ = state.bytes_done;

  Pace pace{.bytes_per_second = pace_, .elapsed = now - started_};
  if (output_.message_is_terminal())
    output_.draw_line(progress_line(doing_, state, pace, output_.message_width() - 1));
  else
    output_.say(progress_line(doing_, state, pace, 80));
}

}  // namespace grid::cli
