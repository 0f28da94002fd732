#include "cli/args.h"
#include "cli/commands.h"
#include "cli/run_request.h"
#include "cli/start_job.h"
#include "run/executor_local.h"
#include "run/supervise.h"

namespace grid::cli {

namespace {

// What runs in a session without CMD: a shell, or with --detach a command that only waits.
std::vector<std::string> default_command(const Arguments& arguments) {
  if (arguments.has("--detach")) return {"sleep", "infinity"};
  const std::string shell = environment("SHELL");
  return {shell.empty() ? "/bin/sh" : shell};
}

int create_session(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  service::StartRequest request = start_request(arguments);
  request.session = true;
  request.strategy = run::Strategy::none;
  request.command = arguments.rest().empty() ? default_command(arguments) : arguments.rest();
  std::optional<run::PreparedRun> prepared;
  {
    // Closed before anything is forked: see SuperviseRequest::open_store.
    const std::shared_ptr<dataset::OpenStore> store = context.open_store();
    prepared = service::prepare_run(context.settings, *store, request);
  }
  output.say(fmt::format("session {}", prepared->record.name));
  say_versions(output, prepared->references);
  if (arguments.has("--detach")) return start_job(context, std::move(*prepared));

  prepared->record.job = run::own_job();
  FileLock supervisor = prepared->folder.become_supervisor();
  const run::ExitStatus end =
      run::supervise(run::Runs(context.settings.run_folder),
                     {.run = std::move(*prepared),
                      .supervisor = std::move(supervisor),
                      .attachment_folder = context.settings.attachment_folder,
                      .streams = run::Streams::callers,
                      .open_store =
                          [&](dataset::ReadCostCounters* costs) {
                            return context.open_store(StoreUse::attach, costs);
                          },
                      .on_problem = [&](std::string_view sentence) { output.warn(sentence); }});
  if (end.signal) run::exit_like(end);
  return end.status;
}

std::vector<OptionSpec> options() {
  std::vector<OptionSpec> all = attach_options();
  all.push_back(
      {.name = "--name", .value = "NAME", .help = "name of the session (default: random)"});
  all.push_back({.name = "--detach",
                 .short_name = "-d",
                 .help = "return at once; the session keeps running without the terminal"});
  return all;
}

}  // namespace

Command session_create_command() {
  return {.spec = {.path = {"session", "create"},
                   .summary = "Open a shell, or run CMD, with datastores attached",
                   .description =
                       "The session runs until the shell or CMD ends, or until it is deleted. grid "
                       "session exec runs further commands in it. With --detach and without CMD, "
                       "nothing runs in it until then.",
                   .positionals = {{.name = "CMD", .required = false, .completes = Completes::file},
                                   {.name = "ARGS", .required = false, .repeatable = true}},
                   .options = options(),
                   .examples = {"grid session create --datastore_name cats:2",
                                "grid session create --detach --name lab -- jupyter notebook"},
                   .raw_rest = true},
          .run = create_session};
}

}  // namespace grid::cli
