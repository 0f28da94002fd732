// What `grid run` and the session commands take from the machine and the command line.
#pragma once

#include <string>
#include <vector>

#include "cli/args.h"
#include "service/run_starts.h"

namespace grid::cli {

// The options by which datastores are attached.
std::vector<OptionSpec> attach_options();

// All variables, as "NAME=VALUE".
std::vector<std::string> callers_environment();

std::string host_name();

// The user, this machine, and this process's environment and current folder.
service::RunCaller run_caller();

// A request from the options that attach datastores and --name.
service::StartRequest start_request(const Arguments& arguments);

// "cats:2  3ac1b031e827  10,000 files  5.2 MB  (newest)", one line for each version.
void say_versions(Output& output, const run::ResolvedReferences& resolved);

}  // namespace grid::cli
