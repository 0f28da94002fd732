#include "cli/commands.h"
#include "cli/run_list.h"
#include "cli/session.h"

namespace grid::cli {

run::RunFolder live_session(const run::Runs& runs, const std::string& name) {
  run::RunFolder folder = runs.get(name);
  const run::RunRecord record = folder.read();
  if (!record.session) fail(ErrorKind::unavailable, "{} is a run, not a session", name);
  if (run::is_over(run::observe(runs, record)))
    fail(ErrorKind::unavailable, "the session {} has ended", name);
  return folder;
}

namespace {

int list_sessions(Context& context, const Arguments&) {
  const run::Runs runs(context.settings.run_folder);
  std::vector<ObservedRun> live;
  for (run::RunRecord& record : runs.all()) {
    if (!record.session || run::is_over(record.state)) continue;
    if (ObservedRun run = observe_run(runs, std::move(record)); !run::is_over(run.state))
      live.push_back(std::move(run));
  }
  if (!context.output.json()) {
    if (live.empty())
      context.output.say("there is no session");
    else
      write_runs(context.output, live);
    return 0;
  }
  service::JsonWriter json(context.output.result_writer());
  json.begin_object().key("sessions").begin_array();
  for (const ObservedRun& session : live) {
    json.begin_object();
    write_run_members(json, session);
    json.end_object();
  }
  json.end_array().end_object();
  return 0;
}

}  // namespace

Command session_list_command() {
  return {.spec = {.path = {"session", "list"},
                   .summary = "List the sessions that live",
                   .examples = {"grid session list", "grid session"}},
          .run = list_sessions};
}

}  // namespace grid::cli
