#include "run/record.h"

#include <ctime>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"

namespace grid::run {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

std::string format_utc(std::chrono::system_clock::time_point time, const char* format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, format, &utc)};
}

fs::path path_of(const fs::path& folder, std::string_view id) {
  return folder / fmt::format("{}.json", id);
}

Json encode(const RunRecord& record) {
  Json versions = Json::array(), touched = Json::array();
  for (const PinnedVersion& pinned : record.versions)
    versions.push_back(
        {{"name", pinned.name}, {"version", pinned.version}, {"root_digest", pinned.root.hex()}});
  for (const UsedVersion& used : record.touched)
    touched.push_back({{"name", used.name}, {"version", used.version}});
  Json json = {{"format", 1},
               {"id", record.id},
               {"name", record.name},
               {"state", record.end ? "ended" : "running"},
               {"command", record.command},
               {"resolved_command", record.resolved_command},
               {"folder", record.folder},
               {"user", record.user},
               {"host", record.host},
               {"grid_version", record.grid_version},
               {"pid", record.pid},
               {"store", record.store},
               {"store_id", record.store_id},
               {"mount_folder", record.mount_folder},
               {"versions", versions},
               {"touched", touched},
               {"started", record.started},
               {"ended", nullptr},
               {"exit_status", nullptr},
               {"signal", nullptr}};
  if (!record.end) return json;
  json["ended"] = record.ended;
  if (record.end->signal)
    json["signal"] = *record.end->signal;
  else
    json["exit_status"] = record.end->status;
  return json;
}

RunRecord decode(const Json& json) {
  RunRecord record;
  record.id = json.at("id");
  record.name = json.at("name");
  record.command = json.at("command").get<std::vector<std::string>>();
  record.resolved_command = json.at("resolved_command").get<std::vector<std::string>>();
  record.folder = json.at("folder");
  record.user = json.at("user");
  record.host = json.at("host");
  record.grid_version = json.at("grid_version");
  record.pid = json.at("pid");
  record.store = json.at("store");
  record.store_id = json.at("store_id");
  record.mount_folder = json.at("mount_folder");
  for (const Json& pinned : json.at("versions")) {
    auto root = parse_digest(pinned.at("root_digest").get<std::string>());
    if (!root) fail(ErrorKind::corrupt, "a root digest is no digest");
    record.versions.push_back({pinned.at("name"), pinned.at("version"), *root});
  }
  for (const Json& used : json.at("touched"))
    record.touched.push_back({used.at("name"), used.at("version")});
  record.started = json.at("started");
  if (json.at("ended").is_null()) return record;
  record.ended = json.at("ended");
  record.end.emplace();
  if (json.at("signal").is_null())
    record.end->status = json.at("exit_status");
  else
    record.end->signal = json.at("signal").get<int>();
  return record;
}

}  // namespace

std::string make_run_id(std::chrono::system_clock::time_point now) {
  return format_utc(now, "%Y%m%d-%H%M%S-") + random_hex(6);
}

std::string format_time(std::chrono::system_clock::time_point time) {
  return format_utc(time, "%Y-%m-%dT%H:%M:%SZ");
}

void write_record(const fs::path& folder, const RunRecord& record) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw system_error(error.value(), fmt::format("cannot make {}", folder.string()));
  // An argument may be no UTF-8, JSON must be: then the record shows replacement characters.
  replace_file(path_of(folder, record.id),
               as_bytes(encode(record).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"));
}

void remove_record(const fs::path& folder, std::string_view id) {
  std::error_code ignored;
  fs::remove(path_of(folder, id), ignored);
}

std::optional<RunRecord> find_record(const fs::path& folder, std::string_view id) {
  const fs::path path = path_of(folder, id);
  std::optional<Bytes> bytes = find_file_bytes(path);
  if (!bytes) return std::nullopt;
  try {
    return decode(Json::parse(as_text(*bytes)));
  } catch (const Json::exception& error) {
    fail(ErrorKind::corrupt, "{}: {}", path.string(), error.what());
  } catch (const Error& error) {
    throw error.within(path.string());
  }
}

}  // namespace grid::run
