// What a run was, what it read and how it ended: one JSON file, written before the script starts
// and replaced when something changes, so that a result can be traced to the exact content it came
// from.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "dataset/prefetch.h"
#include "run/attachment.h"
#include "run/process_end.h"
#include "run/read_costs.h"

namespace grid::run {

enum class RunState {
  queued,  // waits for a machine
  running,
  done,     // ended with status 0
  failed,   // ended with another status, or by a signal
  stopped,  // was asked to end
  lost,     // its machine or its supervisor ended before it did: how it ended is not known
};
std::string_view name_of(RunState state);
std::string_view name_of(dataset::Prefetch prefetch);
// Empty for an unknown word.
std::optional<dataset::Prefetch> parse_prefetch(std::string_view word);
bool is_over(RunState state);

struct RunVersion {
  std::string name;  // of the datastore
  dataset::VersionNumber version = 0;
  Digest root;                   // names the version's whole content
  bool named = false;            // by the command line
  bool touched = false;          // looked into
  std::uint64_t bytes_read = 0;  // that the kernel asked for, without reads from its page cache

  bool operator==(const RunVersion&) const = default;
};

// A hyper-parameter of an experiment.
struct Parameter {
  std::string name;  // "lr" of "--lr=0.1", "--lr 0.1" and "lr=0.1"
  std::string value;

  bool operator==(const Parameter&) const = default;
};

struct RunRecord {
  std::string id;                             // sorts by creation time
  std::string name;                           // of its folder; unique on this machine
  std::string parent;                         // of an experiment: its sweep; else empty
  std::vector<std::string> experiments;       // of a sweep: their names
  std::vector<Parameter> parameters;          // of an experiment
  bool session = false;                       // can be entered by other commands
  std::vector<std::string> command;           // as written
  std::vector<std::string> resolved_command;  // with paths in place of references
  std::vector<std::string> settings;          // "NAME=VALUE", by --env
  std::string folder;                         // it started in
  std::string user, host;                     // host: of the script
  std::string grid_version;
  std::string executor = "local";
  std::string job;  // the executor's name for it, or empty
  pid_t pid = 0;    // of the supervisor, on `host`; 0: none yet
  pid_t script_pid = 0;
  std::string store, store_id;  // location and identity
  std::string mount_folder;     // where the script sees the datastores
  bool literal = false;         // the command was passed as it is, without references
  dataset::Prefetch prefetch = dataset::Prefetch::none;
  bool copied = false;                                 // attached as copies, not by a mount
  std::vector<RunVersion> versions;                    // by name, then version
  std::map<std::string, dataset::VersionNumber> pins;  // what MOUNT_FOLDER/NAME stands for
  ReadCosts costs;                      // a sweep's cover its experiments, which have none
  unsigned servers_replaced = 0;        // servers that died while the run went on
  std::string artifacts_source;         // the folder given by --artifacts, absolute; or empty
  std::string created, started, ended;  // RFC 3339, UTC; empty: not yet
  RunState state = RunState::queued;    // as last written; `lost` is never written
  std::string reason;                   // why it could not start, or empty
  std::optional<ExitStatus> end;
  Resources used;

  bool operator==(const RunRecord&) const = default;

  // The entry of `version` in `versions`, inserted if needed.
  RunVersion& settle(const UsedVersion& version);
};

// A unique id that starts with the time.
std::string make_run_id(std::chrono::system_clock::time_point now);

// For instance 2026-11-22T21:54:45Z.
std::string format_time(std::chrono::system_clock::time_point time);

std::string encode_record(const RunRecord& record);
// Throws `corrupt`.
RunRecord decode_record(std::string_view text);

}  // namespace grid::run
