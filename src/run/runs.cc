#include "run/runs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "base/error.h"
#include "base/own_file.h"
#include "base/text.h"
#include "dataset/reference.h"
#include "run/run_name.h"

namespace grid::run {

namespace fs = std::filesystem;

namespace {

constexpr const char* record_name = "record.json";
constexpr const char* environment_name = "environment";
constexpr const char* supervisor_name = "supervisor";
constexpr const char* job_name = "job";
constexpr const char* stop_name = "stop";
constexpr const char* kill_name = "kill";
constexpr const char* attention_name = "asked";
constexpr const char* room_name = "room";
constexpr off_t room_size = 64 << 10;

// False if the name is taken. Only the user may see what a run prints and writes.
bool make_private_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    // The caller's umask may have taken away the user's own rights.
    ::chmod(path.c_str(), 0700);
    return true;
  }
  if (errno == EEXIST) return false;
  throw system_error(errno, fmt::format("cannot make {}", path.string()));
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

void RunFolder::write(const RunRecord& record) const {
  replace_file(path_ / record_name, as_bytes(encode_record(record)));
}

RunRecord RunFolder::read() const {
  const fs::path path = path_ / record_name;
  const std::optional<Bytes> bytes = find_regular_file_bytes(path);
  if (!bytes) fail(ErrorKind::not_found, "there is no {}", path.string());
  try {
    RunRecord record = decode_record(as_text(*bytes));
    if (const auto job = find_regular_file_bytes(path_ / job_name)) record.job = as_text(*job);
    return record;
  } catch (const Error& error) {
    throw error.within(path.string());
  }
}

void RunFolder::write_job(std::string_view job) const {
  replace_file(path_ / job_name, as_bytes(job));
}

void RunFolder::write_environment(const std::vector<std::string>& variables) const {
  std::string text;
  for (const std::string& variable : variables) text.append(variable).push_back('\0');
  const fs::path path = path_ / environment_name;
  const FileDescriptor file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  write_all(file.get(), as_bytes(text), path.native());
}

std::vector<std::string> RunFolder::read_environment() const {
  const fs::path path = path_ / environment_name;
  const std::optional<Bytes> bytes = find_regular_file_bytes(path);
  if (!bytes)
    fail(ErrorKind::not_found, "there is no {}: the run has started already", path.string());
  std::vector<std::string> variables;
  std::string_view text = as_text(*bytes);
  while (!text.empty()) variables.emplace_back(take_until(text, '\0'));
  return variables;
}

void RunFolder::remove_environment() const {
  std::error_code ignored;
  fs::remove(path_ / environment_name, ignored);
}

FileLock RunFolder::become_supervisor() const {
  return FileLock::get(path_ / supervisor_name, LockKind::flock, 0600);
}

bool RunFolder::has_supervisor() const {
  return FileLock::is_held(path_ / supervisor_name, LockKind::flock);
}

bool RunFolder::has_record() const { return is_there(path_ / record_name); }

void RunFolder::ask_to_stop() const { open_file(path_ / stop_name, O_WRONLY | O_CREAT, 0600); }

bool RunFolder::was_asked_to_stop() const { return is_there(path_ / stop_name); }

void RunFolder::ask_to_kill() const { open_file(path_ / kill_name, O_WRONLY | O_CREAT, 0600); }

bool RunFolder::was_asked_to_kill() const { return is_there(path_ / kill_name); }

void RunFolder::draw_attention() const {
  open_file(path_ / attention_name, O_WRONLY | O_CREAT, 0600);
}

bool RunFolder::take_attention() const { return ::unlink((path_ / attention_name).c_str()) == 0; }

void RunFolder::keep_room() const {
  const FileDescriptor room(
      ::open((path_ / room_name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (room) (void)::posix_fallocate(room.get(), 0, room_size);
}

// The record is written into the room itself, which then takes the record's place: another process
// could be faster to take what was given back.
void RunFolder::write_last(const RunRecord& record) const {
  const fs::path room = path_ / room_name;
  const std::string text = encode_record(record);
  const FileDescriptor file(::open(room.c_str(), O_WRONLY | O_CLOEXEC));
  BytesView left = as_bytes(text);
  if (file && try_write_all(file.get(), left) == 0 &&
      ::ftruncate(file.get(), static_cast<off_t>(text.size())) == 0 &&
      ::rename(room.c_str(), (path_ / record_name).c_str()) == 0)
    return;
  ::unlink(room.c_str());
  write(record);
}

void RunFolder::sweep_copies() const {
  if (!is_there(copies())) return;
  const auto supervisor = FileLock::find(path_ / supervisor_name, LockKind::flock);
  std::error_code ignored;
  if (supervisor) fs::remove_all(copies(), ignored);
}

void RunFolder::remove() const {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void RunFolder::remove_whole() const {
  std::error_code error;
  for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() == record_name) continue;
    std::error_code failed;
    fs::remove_all(at->path(), failed);
    if (failed)
      throw system_error(failed.value(), fmt::format("cannot remove {}", at->path().string()));
  }
  if (!error) fs::remove_all(path_, error);
  if (error) throw system_error(error.value(), fmt::format("cannot remove {}", path_.string()));
}

RunFolder Runs::make(std::string_view name) const {
  make_private_folders(folder_);
  if (!name.empty()) {
    check_run_name(name);
    RunFolder folder = folder_of(name);
    if (!make_private_folder(folder.path()))
      fail(ErrorKind::already_exists, "there is already a run {}: choose another --name", name);
    return folder;
  }
  for (;;) {
    RunFolder folder = folder_of(random_run_name());
    if (make_private_folder(folder.path())) return folder;
  }
}

RunFolder Runs::get(std::string_view name) const {
  check_run_name(name);
  RunFolder folder = folder_of(name);
  if (folder.has_record()) return folder;
  std::vector<std::string> names;
  for (const RunRecord& run : all()) names.push_back(run.name);
  const std::vector<std::string> near = dataset::nearest_names(name, names);
  fail(ErrorKind::not_found, "there is no run {}{}", name,
       near.empty() ? "; grid history lists them"
                    : fmt::format("; did you mean {}?", fmt::join(near, " or ")));
}

std::vector<RunRecord> Runs::all() const {
  std::vector<RunRecord> found;
  std::size_t skipped = 0;
  std::string problem;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    try {
      found.push_back(RunFolder(it->path()).read());
    } catch (const Error& unreadable) {
      // It must not hide the others.
      if (unreadable.kind() != ErrorKind::permission_denied) continue;
      if (skipped++ == 0) problem = unreadable.what();
    }
  }
  if (error && error != std::errc::no_such_file_or_directory)
    throw system_error(error.value(), fmt::format("cannot list {}", folder_.string()));
  if (skipped > 0 && report_)
    report_(fmt::format("{}: skipped {}; make {} your own, or remove {}", problem,
                        skipped == 1 ? "this run" : fmt::format("{} such runs", skipped),
                        skipped == 1 ? "its folder" : "their folders",
                        skipped == 1 ? "it" : "them"));
  std::sort(found.begin(), found.end(), [](const RunRecord& a, const RunRecord& b) {
    return std::tie(b.id, b.name) < std::tie(a.id, a.name);
  });
  return found;
}

}  // namespace grid::run
