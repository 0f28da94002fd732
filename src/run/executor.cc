#include "run/executor.h"

#include "base/error.h"
#include "base/text.h"
#include "run/executor_local.h"
#include "run/executor_slurm.h"
#include "run/run_books.h"

namespace grid::run {

std::unique_ptr<Executor> make_executor(std::string_view name) {
  if (name == "local") return std::make_unique<LocalExecutor>();
  if (name == "slurm") return std::make_unique<SlurmExecutor>();
  fail(ErrorKind::invalid_argument, "--cluster {}: expected local or slurm", name);
}

std::string encode_refusal(const Error& error) {
  return fmt::format("{} {}", static_cast<int>(error.kind()), error.what());
}

Error decode_refusal(std::string_view text) {
  const std::size_t space = text.find(' ');
  const std::optional<int> kind = parse_number<int>(text.substr(0, space));
  if (space == text.npos || !kind) return Error(ErrorKind::unavailable, std::string(text));
  return Error(static_cast<ErrorKind>(*kind), std::string(text.substr(space + 1)));
}

namespace {

// The state of a run that is not over, if its files tell.
std::optional<RunState> find_supervised_state(const Runs& runs, const RunRecord& record) {
  const RunFolder folder = runs.folder_of(record.name);
  const RunFolder supervised = record.parent.empty() ? folder : runs.folder_of(record.parent);
  if (supervised.has_supervisor()) return record.state;
  // It may have ended since its record was read.
  const RunRecord now = folder.read();
  if (is_over(now.state)) return now.state;
  return std::nullopt;
}

}  // namespace

RunState observe(const Runs& runs, const RunRecord& record) {
  if (is_over(record.state)) return record.state;
  if (auto state = find_supervised_state(runs, record)) return *state;
  if (!record.job.empty())
    if (auto state = make_executor(record.executor)->find_state(record.job)) return *state;
  // The job may have started and ended since the first look.
  if (auto state = find_supervised_state(runs, record)) return *state;
  const RunFolder folder = runs.folder_of(record.name);
  // The supervisor may have been killed after the script's end, while it kept the artifacts.
  if (const auto end = folder.read().end) return state_after(*end, folder.was_asked_to_stop());
  return folder.was_asked_to_stop() ? RunState::stopped : RunState::lost;
}

}  // namespace grid::run
