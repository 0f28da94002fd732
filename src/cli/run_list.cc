#include "cli/run_list.h"

#include <cstring>

#include "base/text.h"
#include "base/utc.h"
#include "cli/record.h"
#include "cli/table.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

std::string spell_versions(const run::RunRecord& record) {
  std::string out;
  for (const run::RunVersion& version : record.versions)
    out += (out.empty() ? "" : ", ") + spell(version.name, version.version);
  return out;
}

void write_end(service::JsonWriter& json, const run::RunRecord& record) {
  const bool exited = record.end && !record.end->signal;
  json.key("exit_status");
  exited ? json.value(record.end->status) : json.null();
  json.key("signal");
  record.end&& record.end->signal ? json.value(*record.end->signal) : json.null();
  json.key("resources");
  if (!record.end) {
    json.null();
    return;
  }
  json.begin_object()
      .member("user_seconds", record.used.user_seconds)
      .member("system_seconds", record.used.system_seconds)
      .member("memory_peak", record.used.memory_peak)
      .end_object();
}

void write_costs(service::JsonWriter& json, const run::ReadCosts& costs) {
  json.key("read_costs")
      .begin_object()
      .member("request_count", costs.request_count)
      .member("request_ns", costs.request_ns)
      .member("store_ns", costs.store_ns)
      .member("store_bytes", costs.store_bytes)
      .member("unpack_ns", costs.unpack_ns)
      .member("check_ns", costs.check_ns)
      .member("cache_hit_bytes", costs.cache_hit_bytes)
      .member("cache_missed_bytes", costs.cache_missed_bytes)
      .member("remote_bytes", costs.remote_bytes)
      .end_object();
}

void write_words(service::JsonWriter& json, std::string_view name,
                 const std::vector<std::string>& words) {
  json.key(name).begin_array();
  for (const std::string& word : words) json.value(word);
  json.end_array();
}

void write_text_or_null(service::JsonWriter& json, std::string_view name, const std::string& text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

}  // namespace

ObservedRun observe_run(const run::Runs& runs, run::RunRecord record) {
  const run::RunState state = run::observe(runs, record);
  // Since the record was read, the run may have ended.
  if (run::is_over(state) && !run::is_over(record.state))
    record = runs.folder_of(record.name).read();
  return {std::move(record), state};
}

std::string spell_command(const std::vector<std::string>& command) {
  std::string out;
  for (const std::string& word : command) out += (out.empty() ? "" : " ") + shell_word(word);
  return escape_controls(out);
}

std::string spell_state(const ObservedRun& run) {
  const std::string word(run::name_of(run.state));
  const run::RunRecord& record = run.record;
  if (run.state != run::RunState::failed || !record.end) return word;
  if (record.end->signal)
    return fmt::format("{} (signal {}, {})", word, *record.end->signal,
                       ::strsignal(*record.end->signal));
  return fmt::format("{} (status {})", word, record.end->status);
}

std::string spell_time_taken(const ObservedRun& run) {
  using std::chrono::system_clock;
  const auto started = parse_rfc3339(run.record.started);
  if (!started) return "";
  auto ended = parse_rfc3339(run.record.ended);
  if (!ended && run::is_over(run.state)) return "";  // lost: nobody knows
  if (!ended) ended = system_clock::now();
  const auto taken = std::chrono::floor<std::chrono::seconds>(*ended - *started);
  const auto seconds = std::max(taken, std::chrono::seconds(0));
  if (seconds.count() < 100) return fmt::format("{} s", seconds.count());
  return format_duration(seconds);
}

void write_runs(Output& output, const std::vector<ObservedRun>& runs) {
  Table table;
  table.columns = {{.title = "RUN"},
                   {.title = "STATUS"},
                   {.title = "STARTED"},
                   {.title = "TIME", .align = Align::right},
                   {.title = "WHERE"},
                   {.title = "DATASTORES", .may_shrink = true},
                   {.title = "COMMAND", .may_shrink = true}};
  for (const ObservedRun& run : runs) {
    const run::RunRecord& record = run.record;
    table.rows.push_back(
        {record.name, spell_state(run),
         record.started.empty() ? "" : format_time(std::string_view(record.started)),
         spell_time_taken(run),
         record.executor == "local" ? "" : fmt::format("{} {}", record.executor, record.job),
         spell_versions(record), spell_command(record.command)});
  }
  output.write(table.layout(output.result_width()));
}

void write_run_members(service::JsonWriter& json, const ObservedRun& run) {
  const run::RunRecord& record = run.record;
  json.member("name", record.name).member("id", record.id);
  json.member("status", run::name_of(run.state));
  write_text_or_null(json, "reason", record.reason);
  write_text_or_null(json, "parent", record.parent);
  write_words(json, "experiments", record.experiments);
  json.key("parameters").begin_object();
  for (const run::Parameter& parameter : record.parameters)
    json.member(parameter.name, parameter.value);
  json.end_object();
  write_words(json, "command", record.command);
  write_words(json, "resolved_command", record.resolved_command);
  json.name_member("folder", record.folder);
  json.member("user", record.user).member("host", record.host);
  json.member("executor", record.executor);
  write_text_or_null(json, "job", record.job);
  json.member("pid", record.pid).name_member("store", record.store);
  json.member("mount_folder", record.mount_folder);
  json.member("attach", record.copied ? "copy" : "mount");
  json.member("prefetch", run::name_of(record.prefetch));
  json.key("versions").begin_array();
  for (const run::RunVersion& version : record.versions) {
    json.begin_object().member("name", version.name).member("version", version.version);
    json.member("root", version.root.hex()).member("named", version.named);
    json.member("touched", version.touched).member("bytes_read", version.bytes_read).end_object();
  }
  json.end_array();
  write_costs(json, record.costs);
  json.member("servers_replaced", record.servers_replaced);
  json.member("created", record.created);
  write_text_or_null(json, "started", record.started);
  write_text_or_null(json, "ended", record.ended);
  write_end(json, record);
}

}  // namespace grid::cli
