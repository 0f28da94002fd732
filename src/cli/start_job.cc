#include "cli/start_job.h"

namespace grid::cli {

namespace {

std::string own_program() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw system_error(error.value(), "cannot find the program grid");
  return program.string();
}

}  // namespace

int start_job(Context& context, run::PreparedRun run, run::JobResources resources,
              unsigned parallel) {
  const service::StartedJob started = service::start_job(
      context.settings, std::move(run),
      {.program = own_program(), .resources = std::move(resources), .parallel = parallel});
  if (context.output.json()) {
    service::JsonWriter json(context.output.result_writer());
    service::write_document(json, started);
  } else {
    context.output.write(started.name + "\n");
  }
  return 0;
}

}  // namespace grid::cli
