#include "service/sessions.h"

#include "base/error.h"
#include "run/prepare.h"
#include "run/session.h"

namespace grid::service {

SessionList live_sessions(const Settings& settings) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  SessionList live;
  for (run::RunRecord& record : runs.all()) {
    if (!record.session || run::is_over(record.state)) continue;
    if (ObservedRun run = observe_run(runs, std::move(record)); !run::is_over(run.state))
      live.sessions.push_back(std::move(run));
  }
  return live;
}

Session get_session(const Settings& settings, const std::string& name) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  run::RunFolder folder = runs.get(name);
  run::RunRecord record = folder.read();
  if (!record.session) fail(ErrorKind::unavailable, "{} is a run, not a session", name);
  if (run::is_over(run::observe(runs, record)))
    fail(ErrorKind::unavailable, "the session {} has ended", name);
  return {std::move(folder), std::move(record)};
}

SessionAttachment attach_to_session(const Session& session, const dataset::OpenStore& store,
                                    const dataset::Reference& reference) {
  const run::RunRecord& record = session.record;
  if (store.marker.store_id != record.store_id)
    fail(ErrorKind::invalid_argument, "{} reads another store, {}", record.name, record.store);
  const dataset::VersionRecord version = store.datastores->resolve(reference).record;
  run::attach_to_session(session.folder, {reference.name, version.number}, version.root);
  return {.session = record.name, .name = reference.name, .version = version.number};
}

SessionDetachment detach_from_session(const Session& session, const std::string& name) {
  run::detach_from_session(session.folder, name);
  return {.session = session.record.name, .name = name};
}

// The command with paths in the place of references.
static std::vector<std::string> resolved_in_session(const Settings& settings,
                                                    const run::RunRecord& session,
                                                    const std::vector<std::string>& command) {
  run::ReferenceRequest references{.command = command,
                                   .datastore_names = {},
                                   .datastore_version = {},
                                   .mount_folder = session.mount_folder};
  // A reference without a version means the version that the session pinned.
  for (const auto& [name, number] : session.pins)
    references.datastore_names.push_back(fmt::format("{}:{}", name, number));
  Settings of_session = settings;
  of_session.store = session.store;
  const std::shared_ptr<dataset::OpenStore> store = open_store(of_session);
  return run::resolve_references(references,
                                 [&](const dataset::Reference& reference) {
                                   return store->datastores->resolve(reference);
                                 })
      .command;
}

SessionCommand prepare_command(const Settings& settings, const Session& session,
                               SessionCommandRequest request) {
  if (request.command.empty()) fail(ErrorKind::invalid_argument, "there is no command to run");
  run::RunRecord record = session.record;
  record.resolved_command =
      request.literal ? request.command : resolved_in_session(settings, record, request.command);
  record.command = std::move(request.command);
  SessionCommand prepared;
  prepared.environment = run::environment_of(
      session.folder, record, run::with_settings(std::move(request.environment), record.settings));
  prepared.program = run::program_of(record, prepared.environment);
  return prepared;
}

StoppedRun delete_session(const Settings& settings, const std::string& name,
                          const StopRequest& request) {
  get_session(settings, name);
  return stop_run(settings, name, request);
}

void write_document(JsonWriter& json, const SessionList& list) {
  write_runs(json.begin_object().key("sessions"), list.sessions);
  json.end_object();
}

void write_document(JsonWriter& json, const SessionAttachment& attachment) {
  json.begin_object()
      .member("session", attachment.session)
      .member("name", attachment.name)
      .member("version", attachment.version)
      .end_object();
}

void write_document(JsonWriter& json, const SessionDetachment& detachment) {
  json.begin_object()
      .member("session", detachment.session)
      .member("name", detachment.name)
      .end_object();
}

}  // namespace grid::service
