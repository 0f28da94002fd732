// Lists live sessions, attaches datastores to them, and prepares commands that enter them.
#pragma once

#include <string>
#include <vector>

#include "dataset/open_store.h"
#include "run/program.h"
#include "service/run_stops.h"
#include "service/runs.h"

namespace grid::service {

struct SessionList {
  std::vector<ObservedRun> sessions;  // newest first
};
SessionList live_sessions(const Settings& settings);

// A session that was live when it was looked up.
struct Session {
  run::RunFolder folder;
  run::RunRecord record;
};

// Throws `not_found` with the nearest names, and `unavailable` for a run that is not a session and
// for a session that has ended.
Session get_session(const Settings& settings, const std::string& name);

struct SessionAttachment {
  std::string session;
  std::string name;  // of the datastore
  dataset::VersionNumber version = 0;
};

// Lets the datastore's name mean this version in the session. Throws `invalid_argument` if the
// session reads another store, `not_found` with the nearest names or versions, and as
// run::attach_to_session() does.
SessionAttachment attach_to_session(const Session& session, const dataset::OpenStore& store,
                                    const dataset::Reference& reference);

struct SessionDetachment {
  std::string session;
  std::string name;  // of the datastore
};

// Throws as run::detach_from_session() does.
SessionDetachment detach_from_session(const Session& session, const std::string& name);

// A command for a session: a process that has entered the session (see run::enter_session()) can
// become it.
struct SessionCommand {
  run::Program program;
  std::vector<std::string> environment;
};

struct SessionCommandRequest {
  std::vector<std::string> command;
  bool literal = false;                  // the command has no references: the store is not opened
  std::vector<std::string> environment;  // the caller's
};

// Looks the command up in this process's current folder, and opens the session's store. Throws as
// run::resolve_references() and run::find_program() do.
SessionCommand prepare_command(const Settings& settings, const Session& session,
                               SessionCommandRequest request);

// As stop_run(), and throws as get_session() does.
StoppedRun delete_session(const Settings& settings, const std::string& name,
                          const StopRequest& request);

void write_document(JsonWriter& json, const SessionList& list);
void write_document(JsonWriter& json, const SessionAttachment& attachment);
void write_document(JsonWriter& json, const SessionDetachment& detachment);

}  // namespace grid::service
