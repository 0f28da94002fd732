// A machine in a temporary folder, with a store that has the versions cats:1 and cats:2, for tests
// that involve runs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "service/run_starts.h"
#include "tests/support/expect_error.h"
#include "tests/support/node.h"
#include "tests/support/test_store.h"

namespace grid::testing {

class RunNode {
 public:
  RunNode() : store_(node_.open()) {
    for (const char* content : {"old", "new"}) {
      write_file(node_ / "cats/a.txt", content);
      create_version(*store_, node_ / "cats", {.storing = {.force = true}});
    }
    add_script("work/train", "exit 0");
  }

  const service::Settings& settings() const { return node_.settings(); }
  const dataset::OpenStore& store() const { return *store_; }
  run::Runs runs() const { return run::Runs(settings().run_folder); }
  std::filesystem::path operator/(std::string_view name) const { return node_ / name; }

  // Returns its path.
  std::string add_script(std::string_view name, std::string_view commands) const {
    const std::filesystem::path path = node_ / name;
    write_file(path, "#!/bin/sh\n" + std::string(commands) + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path.string();
  }

  // A request by a caller in the folder work/, which has a script `train`.
  service::StartRequest request(std::vector<std::string> command, std::string name = "") const {
    return {.command = std::move(command),
            .name = std::move(name),
            .caller = {.folder = node_ / "work",
                       .environment = {"PATH=/usr/bin:/bin"},
                       .user = "ann",
                       .host = "box",
                       .grid_version = "1.2.3"}};
  }

  // Prepares and records a run. It is queued while something supervises it, then lost.
  run::PreparedRun record_run(const service::StartRequest& asked) const {
    run::PreparedRun prepared = service::prepare_run(settings(), store(), asked);
    prepared.folder.write(prepared.record);
    for (const run::RunRecord& experiment : prepared.experiments)
      runs().folder_of(experiment.name).write(experiment);
    return prepared;
  }

 private:
  Node node_;
  const std::shared_ptr<dataset::OpenStore> store_;
};

}  // namespace grid::testing
