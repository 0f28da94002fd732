// Runs a script on this machine with datastores attached.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/open_store.h"
#include "run/process.h"
#include "run/references.h"

namespace grid::run {

struct RunRequest {
  ReferenceRequest references;              // the command, and what it attaches where
  std::vector<std::string> environment;     // of the script, all of it
  std::string name;                         // empty: the script's
  std::string store;                        // its location, recorded
  std::string user, host, grid_version;     // recorded
  std::filesystem::path record_folder;      // see record.h
  std::filesystem::path attachment_folder;  // see attachment.h

  // Called once, when everything is there and nothing has been started.
  std::function<void(const ResolvedReferences&)> on_resolved;
  // Called with a sentence about what went wrong while the script ran; from any thread.
  std::function<void(std::string_view)> on_problem;
};

// Returns when the script has ended. Throws what resolve_references(), find_program() and
// ScriptProcess throw; then nothing was run. Call it while the process has one thread.
ExitStatus run_locally(const std::shared_ptr<dataset::OpenStore>& store, const RunRequest& request);

}  // namespace grid::run
