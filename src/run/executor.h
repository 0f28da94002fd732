// Where a run goes that does not stay in the caller's hands: this machine, or an engine that has
// many. An executor starts one command, which supervises the run wherever it comes to be, and
// knows nothing of what that does. Every implementation passes tests/e2e/executors.sh.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "run/runs.h"

namespace grid::run {

// What a job asks of an engine; empty and 0: its defaults. Unused by the local executor.
struct JobResources {
  unsigned cpus = 0;
  std::string memory;  // as the engine spells it: "8G"
  std::string gpus;    // "1", "a100:2"
  unsigned nodes = 0;
  std::vector<std::string> options;  // passed on as they are
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

  // Throws `unavailable` with what to do if no job could be started now.
  virtual void check() const = 0;

  // Returns when the executor has the job, with what it calls it. The job has this process's
  // environment and current folder. Throws if it refuses it.
  virtual std::string start(const JobRequest& request) const = 0;

  // `queued` or `running`; empty if the executor has no such job any more.
  virtual std::optional<RunState> find_state(const std::string& job) const = 0;

  // Asks the job's command to end (SIGTERM), or to end at once with all that it started. No such
  // job is no failure.
  virtual void ask_to_end(const std::string& job) const = 0;
  virtual void kill(const std::string& job) const = 0;
};

// How a job's command says on its standard output, before it closes it, that the run did not start.
std::string encode_refusal(const Error& error);
Error decode_refusal(std::string_view text);

// "local" or "slurm". Throws `invalid_argument` for others.
std::unique_ptr<Executor> make_executor(std::string_view name);

// The state of a run as it is now, whoever may have been killed: see RunState.
RunState observe(const Runs& runs, const RunRecord& record);

}  // namespace grid::run
