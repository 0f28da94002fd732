// Prepares a run from a request, and starts a run as a job, which outlives the process that starts
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dataset/open_store.h"
#include "run/config.h"
#include "run/executor.h"
#include "run/prepare.h"
#include "service/json.h"
#include "service/settings.h"

namespace grid::service {

// The user and the process that request a run.
struct RunCaller {
  std::string folder;  // where the run starts; empty: this process's current folder
  std::vector<std::string> environment;  // all of it, "NAME=VALUE"
  std::string user, host, grid_version;  // recorded
};

// Members that are empty are taken from `config`, else they have their defaults.
struct StartRequest {
  std::vector<std::string> command;     // the script and its arguments
  std::optional<std::string> repeated;  // instead: the name of a run, whose command is run again on
                                        // the same versions in the same folder
  std::optional<run::RunConfig> config;
  std::vector<std::string> datastore_names;  // see run::ReferenceRequest
  std::optional<std::string> datastore_version;
  std::optional<std::string> mount_folder;  // where the script sees the datastores
  bool literal = false;                     // the command has no references
  bool copy = false;                        // attach by copying
  std::vector<std::string> settings;        // "NAME=VALUE", after those of `config`
  std::string name;                         // of the run; empty: a random one
  std::string executor = "local";
  std::optional<run::Strategy> strategy;
  std::optional<std::uint64_t> num_trials, seed;
  dataset::Prefetch prefetch = dataset::Prefetch::none;
  std::string artifacts_source;  // see run::RunRecord
  bool session = false;
  RunCaller caller;
};

// Decides everything: the versions that the command refers to, their places, the experiments of a
// sweep, names and records. Throws `invalid_argument` for a request that contradicts itself, and
// as run::repeat_request() and run::prepare_run() do; then it has made nothing.
run::PreparedRun prepare_run(const Settings& settings, const dataset::OpenStore& store,
                             const StartRequest& request);

struct JobOptions {
  std::string program;  // the path of grid, which supervises the run as `grid run-job`
  run::JobResources resources;
  unsigned parallel = 1;  // experiments that run at the same time
};

struct StartedJob {
  std::string name;      // of the run
  std::string executor;  // of the run
  std::string job;       // what the executor calls it
};

// Hands a run over to its executor: see run::Executor::start(), which starts a process. Throws if
// the job cannot be started; then nothing is left of the run.
StartedJob start_job(const Settings& settings, run::PreparedRun run, const JobOptions& options);

// Reads the run that start_job() left in `folder`; the job's process calls it, on `host`. Adds the
// variables of that process to those that the run was given.
run::PreparedRun read_job(const run::RunFolder& folder, const std::string& host,
                          const std::vector<std::string>& job_environment);

void write_document(JsonWriter& json, const StartedJob& started);

}  // namespace grid::service
