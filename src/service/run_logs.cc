#include "service/run_logs.h"

#include <fcntl.h>

#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/own_file.h"
#include "run/executor.h"

namespace grid::service {

namespace {

constexpr std::chrono::milliseconds look_again{100};
constexpr std::size_t piece_size_max = 64 << 10;

}  // namespace

RunLog::RunLog(const Settings& settings, const std::string& name, std::uint64_t offset)
    : runs_(settings.run_folder), folder_(runs_.get(name)), offset_(offset) {
  run::RunRecord record = folder_.read();
  if (!record.experiments.empty())
    fail(ErrorKind::invalid_argument, "{} is a sweep: name one of its experiments, for instance {}",
         record.name, record.experiments.front());
  reason_ = std::move(record.reason);
}

BytesView RunLog::read_next() {
  const std::filesystem::path path = folder_.log();
  if (!file_) file_ = find_regular_file(path, O_RDONLY);
  if (!file_) return {};
  piece_.resize(piece_size_max);
  const std::size_t got = read_at(file_.get(), piece_, offset_, path.native());
  offset_ += got;
  return BytesView(piece_).first(got);
}

bool RunLog::is_at_end() {
  if (over_) return true;
  // A run prints nothing after its end, so one more read finds its last bytes. Its end is on record
  // before its last output is in the log, but not before its supervisor has ended.
  over_ = run::is_over(run::observe(runs_, folder_.read())) && !folder_.has_supervisor();
  return false;
}

bool RunLog::wait_for_more(const std::atomic<bool>* stop) {
  if ((stop && *stop) || is_at_end()) return false;
  if (!over_) std::this_thread::sleep_for(look_again);
  return !(stop && *stop);
}

}  // namespace grid::service
