// All runs of this user: a folder with a folder for each, named as the run. This file alone knows
// what lies in it.
//
//   record.json    what the run is; see record.h
//   log            what it printed
//   artifacts/     what it wrote to $GRID_ARTIFACTS
//   job            what an executor calls the job that supervises the run
//   environment    of a run that has yet to start: its variables, each with a NUL behind it
//   supervisor     an empty file that is locked for as long as the run has a supervisor
//   door           the socket of a live session; see session.h
//   stop           there if someone asked that the run be stopped
//   datastores/    the copies of a run with --attach copy, while it lives
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_lock.h"
#include "run/record.h"

namespace grid::run {

// "grid:run:NAME" is the artifacts of a run, as a source of a datastore.
inline constexpr std::string_view artifacts_scheme = "grid:run:";

// What belongs to one run. A value; all the rest is on the disk.
class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return path_.filename().string(); }
  std::filesystem::path log() const { return path_ / "log"; }
  std::filesystem::path artifacts() const { return path_ / "artifacts"; }
  std::filesystem::path copies() const { return path_ / "datastores"; }
  std::filesystem::path door() const { return path_ / "door"; }

  // Whole or not at all.
  void write(const RunRecord& record) const;
  // Throws `corrupt` within the file's name; `not_found` if there is none.
  RunRecord read() const;

  // Apart from the record, which is its supervisor's: the job has a name only when it is started.
  void write_job(std::string_view job) const;

  // Only the user may read it: variables hold passwords.
  void write_environment(const std::vector<std::string>& variables) const;
  std::vector<std::string> read_environment() const;
  void remove_environment() const;

  // Waits until no other process supervises the run.
  FileLock become_supervisor() const;
  bool has_supervisor() const;

  void ask_to_stop() const;
  bool was_asked_to_stop() const;

  // Removes the run altogether.
  void remove() const;

 private:
  std::filesystem::path path_;
};

class Runs {
 public:
  // Need not be there yet.
  explicit Runs(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Makes the folder of a new run; an empty name gets a random one. Throws `already_exists`.
  RunFolder make(std::string_view name) const;

  // Throws `not_found` with the nearest names.
  RunFolder get(std::string_view name) const;
  // Of a run that get() or all() gave.
  RunFolder folder_of(std::string_view name) const { return RunFolder(folder_ / name); }

  // Newest first. Runs that cannot be read, or are just being made, are left out.
  std::vector<RunRecord> all() const;

 private:
  const std::filesystem::path folder_;
};

}  // namespace grid::run
