#include "cli/progress.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <vector>

#include "base/start_thread.h"
#include "cli/text.h"
#include "service/progress_event.h"

namespace grid::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds redraw_interval{100}, event_interval{1000}, line_interval{5000};
constexpr milliseconds look_interval_max{500};  // between looks at the pace
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
  bytes += state.total_known ? "/" + format_size(state.bytes_total) : " so far";
  return files + bytes;
}

// The most important first.
std::vector<std::string> parts_of(const ProgressState& state, const Pace& pace) {
  std::vector<std::string> parts;
  if (state.total_known)
    parts.push_back(fmt::format("{:3.0f} %", std::floor(100 * fraction_done(state))));
  parts.push_back(counts(state));
  if (pace.seconds_left) parts.push_back(format_remaining(*pace.seconds_left));
  if (pace.bytes_per_second >= 1)
    parts.push_back(format_size(static_cast<std::uint64_t>(pace.bytes_per_second)) + "/s");
  if (state.savings)
    if (std::uint64_t known = state.savings->known(state.bytes_done); known > 0)
      parts.push_back(format_size(known) + " known");
  return parts;
}

milliseconds interval_of(const Output& output) {
  if (output.json()) return event_interval;
  return output.message_is_terminal() ? redraw_interval : line_interval;
}

}  // namespace

std::string progress_line(std::string_view doing, const ProgressState& state, const Pace& pace,
                          std::optional<std::size_t> width) {
  std::string line(doing);
  if (!state.phase.empty()) line += fmt::format("  {}", state.phase);
  std::size_t used = display_width(line);
  std::string tail;
  for (const std::string& part : parts_of(state, pace)) {
    if (width && used + 2 + display_width(part) > *width) break;
    tail += "  " + part;
    used += 2 + display_width(part);
  }
  if (state.total_known && width && used + 4 + bar_width_min <= *width)
    line += "  " + bar(fraction_done(state), std::min(*width - used - 4, bar_width_max));
  return width ? fit(line + tail, *width) : line + tail;
}

ProgressBar::ProgressBar(Output& output, std::string doing, std::function<ProgressState()> read)
    : output_(output),
      doing_(std::move(doing)),
      read_(std::move(read)),
      started_(steady_clock::now()),
      exceptions_(std::uncaught_exceptions()) {
  if (!output_.quiet()) thread_ = start_thread([this] { show_until_stopped(); });
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
  if (!output_.json()) return;
  const ProgressState state = read_();
  std::string_view status = "done";
  if (std::uncaught_exceptions() > exceptions_)
    status = stop_ != nullptr && *stop_ ? "interrupted" : "failed";
  output_.write_event(service::progress_event("end", status, doing_, state,
                                              meter_.look(steady_clock::now() - started_, state)));
}

void ProgressBar::show_until_stopped() {
  const milliseconds interval = interval_of(output_);
  auto next = started_ + interval;
  std::unique_lock lock(mutex_);
  while (!stopping_.wait_for(lock, std::min(interval, look_interval_max),
                             [this] { return stopped_; })) {
    lock.unlock();
    const ProgressState state = read_();
    const auto now = steady_clock::now();
    const Pace pace = meter_.look(now - started_, state);
    if (now >= next) {
      show(state, pace);
      next = now + interval;
    }
    lock.lock();
  }
}

void ProgressBar::show(const ProgressState& state, const Pace& pace) {
  if (output_.json())
    output_.write_event(service::progress_event("progress", "", doing_, state, pace));
  else if (output_.message_is_terminal())
    output_.draw_line(progress_line(doing_, state, pace, output_.message_width() - 1));
  else
    output_.say(progress_line(doing_, state, pace, std::nullopt));
}

}  // namespace grid::cli
