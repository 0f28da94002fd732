#include "run/runs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "base/error.h"
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

// False if the name is taken. Only the user may see what a run prints and writes.
bool make_private_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return true;
  if (errno == EEXIST) return false;
  throw system_error(errno, fmt::format("cannot make {}", path.string()));
}

}  // namespace

void RunFolder::write(const RunRecord& record) const {
  replace_file(path_ / record_name, as_bytes(encode_record(record)));
}

RunRecord RunFolder::read() const {
  const fs::path path = path_ / record_name;
  const std::optional<Bytes> bytes = find_file_bytes(path);
  if (!bytes) fail(ErrorKind::not_found, "there is no {}", path.string());
  try {
    RunRecord record = decode_record(as_text(*bytes));
    if (const auto job = find_file_bytes(path_ / job_name)) record.job = as_text(*job);
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
  const std::optional<Bytes> bytes = find_file_bytes(path);
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

void RunFolder::ask_to_stop() const { open_file(path_ / stop_name, O_WRONLY | O_CREAT, 0600); }

bool RunFolder::was_asked_to_stop() const {
  std::error_code ignored;
  return fs::exists(path_ / stop_name, ignored);
}

void RunFolder::remove() const {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
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
  std::error_code error;
  if (fs::exists(folder.path() / record_name, error)) return folder;
  std::vector<std::string> names;
  for (const RunRecord& run : all()) names.push_back(run.name);
  const std::vector<std::string> near = dataset::nearest_names(name, names);
  fail(ErrorKind::not_found, "there is no run {}{}", name,
       near.empty() ? "; grid history lists them"
                    : fmt::format("; did you mean {}?", fmt::join(near, " or ")));
}

std::vector<RunRecord> Runs::all() const {
  std::vector<RunRecord> found;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    try {
      found.push_back(RunFolder(it->path()).read());
    } catch (const Error& unreadable) {
      // A damaged run must not hide the others.
      if (unreadable.kind() == ErrorKind::permission_denied) throw;
    }
  }
  if (error && error != std::errc::no_such_file_or_directory)
    throw system_error(error.value(), fmt::format("cannot list {}", folder_.string()));
  std::sort(found.begin(), found.end(), [](const RunRecord& a, const RunRecord& b) {
    return std::tie(b.id, b.name) < std::tie(a.id, a.name);
  });
  return found;
}

}  // namespace grid::run
