// Where a run goes that does not stay with the caller: this machine, or an engine with many
// machines. An executor starts one command, which supervises the run wherever it is placed, and
// knows nothing of what that command does. Every implementation passes tests/e2e/executors.sh.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "run/runs.h"

namespace grid::run {

// What a job asks of an engine; empty and 0 mean its defaults. Unused by the local executor.
struct JobResources {
  unsigned cpus = 0;
  std::string memory;  // as the engine spells it: "8G"
  std::string gpus;    // "1", "a100:2"
  unsigned nodes = 0;
  std::vector<std::string> options;  // passed on unchanged
};

struct JobRequest {
  RunFolder folder;
  std::vector<std::string> command;  // the program's absolute path first
  JobResources resources;
};

class Executor {
 public:
  virtual ~Executor() = default;

  virtual std::string_view name() const = 0;

  // Throws `unavailable`, with what to do, if no job can be started now.
  virtual void check() const = 0;

  // Returns the executor's name for the job once it has accepted it. The job has this process's
  // environment and current folder. Throws if the executor refuses it.
  virtual std::string start(const JobRequest& request) const = 0;

  // `queued` or `running`; empty if the executor no longer has such a job.
  virtual std::optional<RunState> find_state(const std::string& job) const = 0;

  // ask_to_end() sends SIGTERM to the job's command; kill() ends it at once, with all it started.
  // Neither fails if there is no such job.
  virtual void ask_to_end(const std::string& job) const = 0;
  virtual void kill(const std::string& job) const = 0;
};

// What a job's command writes to its standard output, before closing it, if the run did not start.
std::string encode_refusal(const Error& error);
Error decode_refusal(std::string_view text);

// "local" or "slurm". Throws `invalid_argument` for others.
std::unique_ptr<Executor> make_executor(std::string_view name);

// The true state of a run now, even if its supervisor was killed: see RunState.
RunState observe(const Runs& runs, const RunRecord& record);

}  // namespace grid::run
