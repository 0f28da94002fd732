#include "run/executor_slurm.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "run/command_output.h"

namespace grid::run {

namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Throws the program's first line of errors.
std::string output_of(const std::vector<std::string>& command, const std::string& input = "") {
  CommandOutput result = run_command(command, input);
  if (result.status == 127)
    fail(ErrorKind::unavailable,
         "Slurm is not available: there is no program {} in the PATH; install Slurm's commands, "
         "or leave out --cluster slurm",
         command[0]);
  if (result.status != 0)
    fail(ErrorKind::unavailable, "{}: {}", command[0],
         result.errors.empty() ? fmt::format("it ended with status {}", result.status)
                               : first_line(result.errors));
  return result.output;
}

std::vector<std::string> options_of(const JobRequest& request) {
  const JobResources& wanted = request.resources;
  std::vector<std::string> options = {"--job-name=" + request.folder.name(),
                                      "--output=/dev/null",
                                      "--error=" + request.folder.log().string(),
                                      "--open-mode=append",
                                      "--no-requeue",
                                      "--export=ALL"};
  if (wanted.cpus > 0) options.push_back(fmt::format("--cpus-per-task={}", wanted.cpus));
  if (!wanted.memory.empty()) options.push_back("--mem=" + wanted.memory);
  if (!wanted.gpus.empty()) options.push_back("--gpus=" + wanted.gpus);
  if (wanted.nodes > 0) options.push_back(fmt::format("--nodes={}", wanted.nodes));
  options.insert(options.end(), wanted.options.begin(), wanted.options.end());
  return options;
}

}  // namespace

void SlurmExecutor::check() const {
  try {
    output_of({"sinfo", "--noheader", "--format=%P"});
  } catch (const Error& error) {  // add what was attempted
    throw Error(error.kind(), fmt::format("no job can be started: {}", error.what()));
  }
}

std::string SlurmExecutor::start(const JobRequest& request) const {
  std::vector<std::string> command = {"sbatch", "--parsable"};
  for (std::string& option : options_of(request)) command.push_back(std::move(option));
  std::string script = "#!/bin/sh\nexec";
  for (const std::string& word : request.command) script += " " + shell_word(word);
  const std::string answer(trimmed(output_of(command, script + "\n")));
  return answer.substr(0, answer.find(';'));  // a cluster's name may follow
}

std::optional<RunState> SlurmExecutor::find_state(const std::string& job) const {
  const CommandOutput result =
      run_command({"squeue", "--noheader", "--format=%T", "--jobs=" + job});
  // For a job that ended a while ago Slurm says "Invalid job id". After any other failure the state
  // is not known, and the job is assumed to be there still.
  if (result.status != 0)
    return result.errors.find("Invalid job id") == std::string::npos && result.status != 127
               ? std::optional(RunState::queued)
               : std::nullopt;
  const std::string state(trimmed(first_line(result.output)));
  static const std::vector<std::string> waiting = {"PENDING", "CONFIGURING", "REQUEUED",
                                                   "REQUEUE_HOLD", "SUSPENDED"};
  if (std::find(waiting.begin(), waiting.end(), state) != waiting.end()) return RunState::queued;
  if (state == "RUNNING" || state == "COMPLETING" || state == "SIGNALING" || state == "STAGE_OUT")
    return RunState::running;
  return std::nullopt;
}

// A job that has not started has no process to signal; it is taken off the queue.
void SlurmExecutor::ask_to_end(const std::string& job) const {
  if (find_state(job) == RunState::queued)
    output_of({"scancel", "--quiet", job});
  else
    run_command({"scancel", "--quiet", "--batch", "--signal=TERM", job});
}

void SlurmExecutor::kill(const std::string& job) const {
  run_command({"scancel", "--quiet", "--signal=KILL", "--full", job});
  run_command({"scancel", "--quiet", job});
}

}  // namespace grid::run
