#include "service/runs.h"

#include <algorithm>

namespace grid::service {

namespace {

void write_end(JsonWriter& json, const run::RunRecord& record) {
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

void write_costs(JsonWriter& json, const run::ReadCosts& costs) {
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

void write_words(JsonWriter& json, std::string_view name, const std::vector<std::string>& words) {
  json.key(name).begin_array();
  for (const std::string& word : words) json.value(word);
  json.end_array();
}

void write_text_or_null(JsonWriter& json, std::string_view name, const std::string& text) {
  json.key(name);
  text.empty() ? json.null() : json.value(text);
}

}  // namespace

ObservedRun observe_run(const run::Runs& runs, run::RunRecord record) {
  const run::RunState state = run::observe(runs, record);
  // Copies of a whole version are too large to be left there.
  if (state == run::RunState::lost && record.copied) runs.folder_of(record.name).sweep_copies();
  // The run may have ended since the record was read.
  if (run::is_over(state) && !run::is_over(record.state))
    record = runs.folder_of(record.name).read();
  return {std::move(record), state};
}

ShownRun show_run(const Settings& settings, const std::string& name) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  ShownRun shown{.run = observe_run(runs, runs.get(name).read()),
                 .experiments = {},
                 .metrics = newest_metrics(settings, name)};
  for (const std::string& experiment : shown.run.record.experiments)
    shown.experiments.push_back(observe_run(runs, runs.get(experiment).read()));
  return shown;
}

RunList live_runs(const Settings& settings) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  RunList live;
  for (run::RunRecord& record : runs.all()) {
    if (run::is_over(record.state) || !record.parent.empty()) continue;
    if (ObservedRun run = observe_run(runs, std::move(record)); !run::is_over(run.state))
      live.runs.push_back(std::move(run));
  }
  return live;
}

static bool has_text(const ObservedRun& run, std::string_view text) {
  const auto has = [&](std::string_view in) { return in.find(text) != std::string_view::npos; };
  const run::RunRecord& record = run.record;
  return has(record.name) || has(run::name_of(run.state)) ||
         has(fmt::format("{}", fmt::join(record.command, " "))) ||
         std::any_of(record.versions.begin(), record.versions.end(), [&](const auto& version) {
           return has(dataset::spell(version.name, version.version));
         });
}

RunList newest_runs(const Settings& settings, std::size_t count_max,
                    const std::vector<std::string>& texts) {
  const run::Runs runs(settings.run_folder, settings.servers.warn);
  RunList newest;
  for (run::RunRecord& record : runs.all()) {
    if (!record.parent.empty()) continue;
    if (newest.runs.size() == count_max) break;
    ObservedRun run = observe_run(runs, std::move(record));
    if (std::all_of(texts.begin(), texts.end(),
                    [&](const std::string& text) { return has_text(run, text); }))
      newest.runs.push_back(std::move(run));
  }
  return newest;
}

void write_run_members(JsonWriter& json, const ObservedRun& run) {
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
  json.member("literal", record.literal);
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

void write_runs(JsonWriter& json, const std::vector<ObservedRun>& runs) {
  json.begin_array();
  for (const ObservedRun& run : runs) {
    json.begin_object();
    write_run_members(json, run);
    json.end_object();
  }
  json.end_array();
}

void write_document(JsonWriter& json, const ShownRun& shown) {
  json.begin_object();
  write_run_members(json, shown.run);
  write_runs(json.key("experiment_runs"), shown.experiments);
  write_metrics(json.key("metrics"), shown.metrics);
  json.end_object();
}

void write_document(JsonWriter& json, const RunList& list) {
  write_runs(json.begin_object().key("runs"), list.runs);
  json.end_object();
}

}  // namespace grid::service
