// What a run was and what it read: one JSON file for each, written before the script starts and
// replaced when it ends, so that a result can be traced to the exact content it came from.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "run/attachment.h"
#include "run/process.h"

namespace grid::run {

struct PinnedVersion {
  std::string name;  // of the datastore
  dataset::VersionNumber version = 0;
  Digest root;  // names the version's whole content

  bool operator==(const PinnedVersion&) const = default;
};

struct RunRecord {
  std::string id;                             // sorts by start
  std::string name;                           // given by the user, or the script's
  std::vector<std::string> command;           // as it was written
  std::vector<std::string> resolved_command;  // with paths in the place of references
  std::string folder;                         // in which it started
  std::string user, host;
  std::string grid_version;
  pid_t pid = 0;                        // of grid
  std::string store, store_id;          // location and identity
  std::string mount_folder;             // where the script saw the datastores
  std::vector<PinnedVersion> versions;  // that the command line names
  std::vector<UsedVersion> touched;     // that were looked into
  std::string started;                  // RFC 3339, UTC
  std::string ended;                    // the same; empty while it runs
  std::optional<ExitStatus> end;        // empty while it runs

  bool operator==(const RunRecord&) const = default;
};

// An identity that no other run has, starting with the time.
std::string make_run_id(std::chrono::system_clock::time_point now);

// For instance 2026-11-22T21:54:45Z.
std::string format_time(std::chrono::system_clock::time_point time);

// Writes FOLDER/ID.json, whole or not at all; the folder is made if need be.
void write_record(const std::filesystem::path& folder, const RunRecord& record);

// Removes a record, if it is there.
void remove_record(const std::filesystem::path& folder, std::string_view id);

// Empty if there is no such run. Throws `corrupt`.
std::optional<RunRecord> find_record(const std::filesystem::path& folder, std::string_view id);

}  // namespace grid::run
