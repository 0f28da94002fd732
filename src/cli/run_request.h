// What `grid run` and its relatives take from the machine and the command line.
#pragma once

#include <string>
#include <vector>

#include "cli/args.h"
#include "run/prepare.h"

namespace grid::cli {

// The options by which datastores are attached.
std::vector<OptionSpec> attach_options();

// All variables, as "NAME=VALUE".
std::vector<std::string> callers_environment();

// A request with everything but its command and its name.
run::RunRequest run_request(const Context& context, const Arguments& arguments);

// Where datastores are attached, from what was written: absolute, without "." and "..", and
// without a '/' at the end. Throws `invalid_argument` for "/" and nothing.
std::string mount_folder_of(const std::string& written);

// "cats:2  3ac1b031e827  10,000 files  5.2 MB  (newest)", one line for each version.
void say_versions(Output& output, const run::ResolvedReferences& resolved);

}  // namespace grid::cli
