// Turns a person's request into a run that can start. Mistakes in the request are found here,
// before anything starts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "dataset/open_store.h"
#include "run/program.h"
#include "run/references.h"
#include "run/runs.h"
#include "run/sweep.h"

namespace grid::run {

struct RunRequest {
  ReferenceRequest references;           // the command, and what it attaches where
  std::vector<std::string> environment;  // the caller's whole environment
  std::vector<std::string> settings;     // "NAME=VALUE", set in it
  std::string name;                      // empty: a random one
  std::string executor = "local";
  SweepOptions sweep;  // how lists in the arguments are read
  bool copy = false;   // attach by copying
  dataset::Prefetch prefetch = dataset::Prefetch::none;
  bool session = false;
  std::string artifacts_source;          // see RunRecord
  std::string folder;                    // it starts in; empty: the current one
  std::string store;                     // its location, recorded
  std::string user, host, grid_version;  // recorded
};

// A run with a folder but no process. Its owner either supervises it or removes the folder.
struct PreparedRun {
  RunFolder folder;
  RunRecord record;
  std::vector<RunRecord> experiments;    // of a sweep
  std::vector<std::string> environment;  // of every script in it, without what each run adds
  ResolvedReferences references;
};

// Throws what expand_sweep(), resolve_references() and find_program() throw, and `invalid_argument`
// for a malformed setting; then nothing was made.
PreparedRun prepare_run(const Runs& runs, const dataset::OpenStore& store,
                        const RunRequest& request);

// Requests the same command on the same versions as an earlier run: fills in `references`,
// `settings` and `artifacts_source`. Throws `not_found` if the store is another one or lacks a
// version.
RunRequest repeat_request(const RunRecord& record, const dataset::OpenStore& store,
                          RunRequest request);

std::vector<std::string> with_settings(std::vector<std::string> environment,
                                       const std::vector<std::string>& settings);

// The environment of the script of `record`.
std::vector<std::string> environment_of(const RunFolder& folder, const RunRecord& record,
                                        std::vector<std::string> environment);

// The program of the script of `record`, to be started in `folder`, or in the current folder if
// that is empty. Throws as find_program() does.
Program program_of(const RunRecord& record, const std::vector<std::string>& environment,
                   const std::string& folder = "");

}  // namespace grid::run
