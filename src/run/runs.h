// All runs of this user: a folder with one folder per run, named like the run. Only this file knows
// what is in there.
//
//   record.json    what the run is; see record.h
//   log            what it printed
//   artifacts/     what it wrote to $GRID_ARTIFACTS
//   job            the executor's name for the job that supervises the run
//   environment    of a run that has not started yet: its variables, each followed by a NUL
//   supervisor     an empty file, locked while the run has a supervisor
//   door           the socket of a live session; see session.h
//   stop           exists once the run was asked to stop
//   kill           exists once its time to stop was over
//   asked          of a sweep: an experiment was asked to stop, and its supervisor has not looked
//   yet room           keeps room on the disk for the last record of a live run datastores/    the
//   copies of a run with --attach copy, while it lives
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_lock.h"
#include "run/record.h"

namespace grid::run {

// "grid:run:NAME" means the artifacts of a run, as a source of a datastore.
inline constexpr std::string_view artifacts_scheme = "grid:run:";

// The folder of one run. A value: all state is on the disk.
class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::string name() const { return path_.filename().string(); }
  std::filesystem::path log() const { return path_ / "log"; }
  std::filesystem::path artifacts() const { return path_ / "artifacts"; }
  std::filesystem::path copies() const { return path_ / "datastores"; }
  std::filesystem::path door() const { return path_ / "door"; }

  // Writes all of it or nothing.
  void write(const RunRecord& record) const;
  // Throws `corrupt`, naming the file, or `not_found`.
  RunRecord read() const;

  // In a file beside the record, which only the supervisor writes: the job gets its name after it
  // was started.
  void write_job(std::string_view job) const;

  // Readable by the user alone: variables may hold passwords.
  void write_environment(const std::vector<std::string>& variables) const;
  std::vector<std::string> read_environment() const;
  void remove_environment() const;

  // Waits until no other process supervises the run.
  FileLock become_supervisor() const;
  bool has_supervisor() const;

  bool has_record() const;

  // Requests to the supervisor, on whatever machine it is: files that it looks for.
  void ask_to_stop() const;
  bool was_asked_to_stop() const;
  // To kill all that the run has started, and to record its end.
  void ask_to_kill() const;
  bool was_asked_to_kill() const;
  // Lets the supervisor of a sweep look for such requests to its experiments.
  void draw_attention() const;
  // Whether that was done since the last call.
  bool take_attention() const;

  // Takes room on the disk, so that write_last() succeeds when the disk is full. Does nothing if
  // there is none.
  void keep_room() const;
  // As write(), and gives the room back.
  void write_last(const RunRecord& record) const;

  // Removes the copies of a run whose supervisor was killed. Does nothing while the run has one.
  void sweep_copies() const;

  // Removes the folder with all that is in it, as far as that is possible.
  void remove() const;
  // The same for a run that is over; throws if something stays. The record goes last: what was
  // interrupted can be begun again.
  void remove_whole() const;

 private:
  std::filesystem::path path_;
};

class Runs {
 public:
  // Called with a sentence about runs that cannot be read.
  using Report = std::function<void(std::string_view)>;

  // The folder need not exist yet.
  explicit Runs(std::filesystem::path folder, Report report = nullptr)
      : folder_(std::move(folder)), report_(std::move(report)) {}

  // Makes the folder of a new run; an empty name gets a random one. Throws `already_exists`.
  RunFolder make(std::string_view name) const;

  // Throws `not_found` with the nearest names.
  RunFolder get(std::string_view name) const;
  // For a run that get() or all() returned.
  RunFolder folder_of(std::string_view name) const { return RunFolder(folder_ / name); }

  // Newest first, without runs that are damaged or still being made. Skips those that cannot be
  // read, and reports them.
  std::vector<RunRecord> all() const;

 private:
  const std::filesystem::path folder_;
  const Report report_;
};

}  // namespace grid::run
