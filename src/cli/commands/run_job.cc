// Started by an executor: supervises a run that `grid run` has prepared.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/user.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/run_request.h"
#include "run/executor.h"
#include "run/supervise.h"

namespace grid::cli {

namespace {

unsigned job_parallel_of(const Arguments& arguments) {
  return parse_number<unsigned>(arguments.get("--parallel")).value_or(1);
}

// Closes the standard output of the job, which tells the process that started it to wait no longer.
void let_caller_go() {
  const FileDescriptor null = open_file("/dev/null", O_WRONLY);
  ::dup2(null.get(), STDOUT_FILENO);
}

int supervise_job(Context& context, const Arguments& arguments) {
  const run::RunFolder folder(arguments.get("FOLDER"));
  const run::Runs runs(folder.path().parent_path());
  try {
    FileLock supervisor = folder.become_supervisor();
    run::PreparedRun prepared = service::read_job(folder, host_name(), callers_environment());
    if (::chdir(prepared.record.folder.c_str()) != 0)
      throw system_error(errno, fmt::format("cannot go to {}", prepared.record.folder));
    Settings settings = context.settings;
    settings.store = prepared.record.store;
    const Context job_context{settings, context.output};
    run::supervise(runs, {.run = std::move(prepared),
                          .supervisor = std::move(supervisor),
                          .attachment_folder = settings.attachment_folder,
                          .streams = run::Streams::log,
                          .parallel = job_parallel_of(arguments),
                          .keep_failed = true,
                          .open_store =
                              [&](dataset::ReadCostCounters* costs) {
                                return job_context.open_store(StoreUse::attach, costs);
                              },
                          .on_started = let_caller_go,
                          .on_problem = [&](std::string_view text) { context.output.warn(text); }});
    return 0;
  } catch (const Error& error) {
    // For the process that started the job, if it still waits.
    context.output.write(run::encode_refusal(error));
    context.output.flush();
    return 1;
  }
}

}  // namespace

Command run_job_command() {
  return {.spec = {.path = {"run-job"},
                   .summary = "Supervise a prepared run",
                   .positionals = {{.name = "FOLDER"}},
                   .options = {{.name = "--parallel",
                                .value = "N",
                                .help = "number of experiments to run at the same time",
                                .default_value = "1"}},
                   .hidden = true},
          .run = supervise_job};
}

}  // namespace grid::cli
