#include "cli/start_job.h"

#include "service/json.h"

namespace grid::cli {

namespace {

std::string own_program() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw system_error(error.value(), "cannot tell where grid is");
  return program.string();
}

}  // namespace

int start_job(Context& context, const run::Runs& runs, run::PreparedRun& run,
              const StartJobOptions& options) {
  const run::RunFolder& folder = run.folder;
  try {
    folder.write(run.record);
    folder.write_environment(run.environment);
    for (const run::RunRecord& experiment : run.experiments)
      runs.folder_of(experiment.name).write(experiment);
    run.record.job = options.executor.start(
        {.folder = folder,
         .command = {own_program(), "--quiet", "run-job", "--parallel",
                     std::to_string(options.parallel), folder.path().string()},
         .resources = options.resources});
  } catch (const Error&) {
    folder.remove();
    for (const run::RunRecord& experiment : run.experiments)
      runs.folder_of(experiment.name).remove();
    throw;
  }
  folder.write_job(run.record.job);
  if (!context.output.json()) {
    context.output.write(run.record.name + "\n");
    return 0;
  }
  service::JsonWriter(context.output.result_writer())
      .begin_object()
      .member("name", run.record.name)
      .member("executor", run.record.executor)
      .member("job", run.record.job)
      .end_object();
  return 0;
}

}  // namespace grid::cli
