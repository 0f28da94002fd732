#include "run/record.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "base/utc.h"

namespace grid::run {

using Json = nlohmann::ordered_json;

namespace {

constexpr std::array<std::string_view, 6> state_names = {"queued", "running", "done",
                                                         "failed", "stopped", "lost"};

RunState parse_state(std::string_view name) {
  for (std::size_t i = 0; i < state_names.size(); ++i)
    if (state_names[i] == name) return static_cast<RunState>(i);
  fail(ErrorKind::corrupt, "{} is not a state of a run", name);
}

Json encode_versions(const std::vector<RunVersion>& versions) {
  Json out = Json::array();
  for (const RunVersion& version : versions)
    out.push_back({{"name", version.name},
                   {"version", version.version},
                   {"root_digest", version.root.hex()},
                   {"named", version.named},
                   {"touched", version.touched},
                   {"bytes_read", version.bytes_read}});
  return out;
}

std::vector<RunVersion> decode_versions(const Json& json) {
  std::vector<RunVersion> out;
  for (const Json& version : json) {
    auto root = parse_digest(version.at("root_digest").get<std::string>());
    if (!root) fail(ErrorKind::corrupt, "a root digest is malformed");
    out.push_back({.name = version.at("name"),
                   .version = version.at("version"),
                   .root = *root,
                   .named = version.at("named"),
                   .touched = version.at("touched"),
                   .bytes_read = version.at("bytes_read")});
  }
  return out;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

std::string text_of(const Json& json) { return json.is_null() ? "" : json.get<std::string>(); }

Json encode_costs(const ReadCosts& costs) {
  return {{"request_count", costs.request_count},
          {"request_ns", costs.request_ns},
          {"store_ns", costs.store_ns},
          {"store_bytes", costs.store_bytes},
          {"unpack_ns", costs.unpack_ns},
          {"check_ns", costs.check_ns},
          {"cache_hit_bytes", costs.cache_hit_bytes},
          {"cache_missed_bytes", costs.cache_missed_bytes},
          {"remote_bytes", costs.remote_bytes}};
}

// Records by earlier versions of grid have none.
ReadCosts decode_costs(const Json& json) {
  if (json.is_null()) return {};
  return {.request_count = json.at("request_count"),
          .request_ns = json.at("request_ns"),
          .store_ns = json.at("store_ns"),
          .store_bytes = json.at("store_bytes"),
          .unpack_ns = json.at("unpack_ns"),
          .check_ns = json.at("check_ns"),
          .cache_hit_bytes = json.at("cache_hit_bytes"),
          .cache_missed_bytes = json.at("cache_missed_bytes"),
          .remote_bytes = json.at("remote_bytes")};
}

void encode_end(Json& json, const RunRecord& record) {
  json["exit_status"] = nullptr;
  json["signal"] = nullptr;
  json["resources"] = nullptr;
  if (!record.end) return;
  if (record.end->signal)
    json["signal"] = *record.end->signal;
  else
    json["exit_status"] = record.end->status;
  json["resources"] = {{"user_seconds", record.used.user_seconds},
                       {"system_seconds", record.used.system_seconds},
                       {"memory_peak", record.used.memory_peak}};
}

void decode_end(const Json& json, RunRecord& record) {
  if (json.at("resources").is_null()) return;
  record.end.emplace();
  if (json.at("signal").is_null())
    record.end->status = json.at("exit_status");
  else
    record.end->signal = json.at("signal").get<int>();
  const Json& used = json.at("resources");
  record.used = {.user_seconds = used.at("user_seconds"),
                 .system_seconds = used.at("system_seconds"),
                 .memory_peak = used.at("memory_peak")};
}

Json encode(const RunRecord& record) {
  Json parameters = Json::array();
  for (const Parameter& parameter : record.parameters)
    parameters.push_back({{"name", parameter.name}, {"value", parameter.value}});
  Json json = {{"format", 2},
               {"id", record.id},
               {"name", record.name},
               {"state", name_of(record.state)},
               {"kind", record.session ? "session" : "run"},
               {"parent", text_or_null(record.parent)},
               {"experiments", record.experiments},
               {"parameters", parameters},
               {"command", record.command},
               {"resolved_command", record.resolved_command},
               {"environment", record.settings},
               {"folder", record.folder},
               {"user", record.user},
               {"host", record.host},
               {"grid_version", record.grid_version},
               {"executor", record.executor},
               {"job", text_or_null(record.job)},
               {"pid", record.pid},
               {"script_pid", record.script_pid},
               {"store", record.store},
               {"store_id", record.store_id},
               {"mount_folder", record.mount_folder},
               {"literal", record.literal},
               {"prefetch", name_of(record.prefetch)},
               {"attach", record.copied ? "copy" : "mount"},
               {"versions", encode_versions(record.versions)},
               {"pins", Json(record.pins)},
               {"read_costs", encode_costs(record.costs)},
               {"servers_replaced", record.servers_replaced},
               {"artifacts_source", text_or_null(record.artifacts_source)},
               {"created", record.created},
               {"started", text_or_null(record.started)},
               {"ended", text_or_null(record.ended)},
               {"reason", text_or_null(record.reason)}};
  encode_end(json, record);
  return json;
}

RunRecord decode(const Json& json) {
  RunRecord record;
  record.id = json.at("id");
  record.name = json.at("name");
  record.state = parse_state(json.at("state").get<std::string>());
  record.session = json.value("kind", "run") == "session";
  record.parent = text_of(json.at("parent"));
  record.experiments = json.at("experiments").get<std::vector<std::string>>();
  for (const Json& parameter : json.at("parameters"))
    record.parameters.push_back({parameter.at("name"), parameter.at("value")});
  record.command = json.at("command").get<std::vector<std::string>>();
  record.resolved_command = json.at("resolved_command").get<std::vector<std::string>>();
  record.settings = json.at("environment").get<std::vector<std::string>>();
  record.folder = json.at("folder");
  record.user = json.at("user");
  record.host = json.at("host");
  record.grid_version = json.at("grid_version");
  record.executor = json.at("executor");
  record.job = text_of(json.at("job"));
  record.pid = json.at("pid");
  record.script_pid = json.at("script_pid");
  record.store = json.at("store");
  record.store_id = json.at("store_id");
  record.mount_folder = json.at("mount_folder");
  record.literal = json.value("literal", false);
  record.prefetch =
      parse_prefetch(json.value("prefetch", "none")).value_or(dataset::Prefetch::none);
  record.copied = json.at("attach") == "copy";
  record.versions = decode_versions(json.at("versions"));
  record.pins = json.at("pins").get<std::map<std::string, dataset::VersionNumber>>();
  record.costs = decode_costs(json.value("read_costs", Json(nullptr)));
  record.servers_replaced = json.value("servers_replaced", 0u);
  record.artifacts_source = text_of(json.at("artifacts_source"));
  record.created = json.at("created");
  record.started = text_of(json.at("started"));
  record.ended = text_of(json.at("ended"));
  record.reason = text_of(json.at("reason"));
  decode_end(json, record);
  return record;
}

}  // namespace

std::string make_run_id(std::chrono::system_clock::time_point now) {
  const auto microseconds =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  return fmt::format("{}{:06}-{}", format_utc(now, "%Y%m%d-%H%M%S-"), microseconds % 1'000'000,
                     random_hex(4));
}

std::string format_time(std::chrono::system_clock::time_point time) { return format_rfc3339(time); }

RunVersion& RunRecord::settle(const UsedVersion& version) {
  const auto at = std::lower_bound(
      versions.begin(), versions.end(), version, [](const RunVersion& a, const UsedVersion& b) {
        return std::tie(a.name, a.version) < std::tie(b.name, b.version);
      });
  if (at != versions.end() && at->name == version.name && at->version == version.version)
    return *at;
  return *versions.insert(at, RunVersion{.name = version.name, .version = version.version});
}

std::string_view name_of(RunState state) { return state_names[static_cast<std::size_t>(state)]; }

static constexpr std::array<std::string_view, 3> prefetch_names = {"none", "trace", "all"};

std::string_view name_of(dataset::Prefetch prefetch) {
  return prefetch_names[static_cast<std::size_t>(prefetch)];
}

std::optional<dataset::Prefetch> parse_prefetch(std::string_view word) {
  for (std::size_t i = 0; i < prefetch_names.size(); ++i)
    if (prefetch_names[i] == word) return static_cast<dataset::Prefetch>(i);
  return std::nullopt;
}

bool is_over(RunState state) { return state != RunState::queued && state != RunState::running; }

std::string encode_record(const RunRecord& record) {
  // JSON must be UTF-8, an argument need not be: the record then has replacement characters.
  return encode(record).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

RunRecord decode_record(std::string_view text) {
  try {
    return decode(parse_ordered_json(text, "the record", {.size_max = 64 << 20}));
  } catch (const Json::exception& error) {
    fail(ErrorKind::corrupt, "{}", error.what());
  }
}

}  // namespace grid::run
