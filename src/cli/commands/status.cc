#include "cli/args.h"
#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/run_list.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/run_artifacts.h"

namespace grid::cli {

namespace {

// One experiment a line, with a column for each hyper-parameter.
void write_experiments(Output& output, const std::vector<ObservedRun>& experiments) {
  if (experiments.empty()) return;
  Table table;
  table.columns = {{.title = "EXPERIMENT"}};
  for (const run::Parameter& parameter : experiments[0].record.parameters)
    table.columns.push_back({.title = parameter.name, .align = Align::right});
  for (const char* title : {"STATUS", "TIME", "CPU", "MEMORY"})
    table.columns.push_back({.title = title, .align = Align::right});
  for (const ObservedRun& run : experiments) {
    std::vector<std::string> row = {run.record.name};
    for (const run::Parameter& parameter : run.record.parameters)
      row.push_back(escape_controls(parameter.value));
    row.resize(table.columns.size() - 4);
    row.push_back(spell_state(run));
    row.push_back(spell_time_taken(run));
    const run::Resources& used = run.record.used;
    row.push_back(run.record.end ? fmt::format("{:.1f} s", used.user_seconds + used.system_seconds)
                                 : "");
    row.push_back(run.record.end ? format_size(used.memory_peak) : "");
    table.rows.push_back(std::move(row));
  }
  output.write("\n" + table.layout(output.result_width()));
}

void write_versions(Output& output, const run::RunRecord& record) {
  if (record.versions.empty()) return;
  Table table;
  table.columns = {
      {.title = "  VERSION"}, {.title = "ROOT"}, {.title = "READ", .align = Align::right}};
  for (const run::RunVersion& version : record.versions)
    table.rows.push_back({"  " + dataset::spell(version.name, version.version),
                          version.root.short_hex(),
                          version.touched ? format_size(version.bytes_read) : "not looked into"});
  output.write("\n" + table.layout(output.result_width()));
}

void write_metrics(Output& output, const std::vector<service::RunMetric>& metrics) {
  if (metrics.empty()) return;
  Table table;
  table.columns = {{.title = "  METRIC"},
                   {.title = "NEWEST", .align = Align::right},
                   {.title = "STEP", .align = Align::right},
                   {.title = "VALUES", .align = Align::right}};
  for (const service::RunMetric& metric : metrics)
    table.rows.push_back({"  " + escape_controls(metric.name), fmt::format("{:.6g}", metric.value),
                          metric.step ? std::to_string(*metric.step) : "",
                          std::to_string(metric.count)});
  output.write("\n" + table.layout(output.result_width()));
}

void write_run(Output& output, const ObservedRun& run, std::size_t artifact_count) {
  const run::RunRecord& record = run.record;
  auto row = [&](std::string_view title, std::string_view text) {
    if (!text.empty()) output.write(fmt::format("  {:<12}{}\n", title, escape_controls(text)));
  };
  output.write(record.name + "\n");
  row("status", spell_state(run));
  row("reason", record.reason);
  row("command", spell_command(record.command));
  row("folder", record.folder);
  row("who", fmt::format("{}@{} with grid {}", record.user, record.host, record.grid_version));
  row("where", record.executor == "local"
                   ? (run::is_over(run.state) ? "" : fmt::format("process {}", record.pid))
                   : fmt::format("{} job {}", record.executor, record.job));
  row("sweep", record.parent);
  row("started", record.started.empty() ? "" : format_time(std::string_view(record.started)));
  row("ended", record.ended.empty() ? "" : format_time(std::string_view(record.ended)));
  row("time", spell_time_taken(run));
  if (record.end)
    row("used", fmt::format("{:.2f} s user, {:.2f} s system, at most {}", record.used.user_seconds,
                            record.used.system_seconds, format_size(record.used.memory_peak)));
  if (record.servers_replaced > 0)
    row("server", fmt::format("was killed {}; another took over",
                              format_count(record.servers_replaced, "time")));
  if (artifact_count > 0)
    row("artifacts",
        fmt::format("{}: grid artifacts {}", format_count(artifact_count, "file"), record.name));
  write_versions(output, record);
  if (const std::string reading = explain_reading(record); !reading.empty())
    output.write("\n  " + reading);
}

int show_run(Context& context, const std::string& name) {
  Output& output = context.output;
  const service::ShownRun shown = service::show_run(context.settings, name);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, shown);
    return 0;
  }
  write_run(output, shown.run, service::list_artifacts(context.settings, name).artifacts.size());
  write_metrics(output, shown.metrics);
  write_experiments(output, shown.experiments);
  return 0;
}

int show_live_runs(Context& context) {
  Output& output = context.output;
  const service::RunList live = service::live_runs(context.settings);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, live);
  } else if (live.runs.empty()) {
    output.say("nothing is running; grid history lists earlier runs");
  } else {
    write_runs(output, live.runs);
  }
  return 0;
}

int show_status(Context& context, const Arguments& arguments) {
  if (arguments.has("RUN")) return show_run(context, arguments.get("RUN"));
  return show_live_runs(context);
}

}  // namespace

Command status_command() {
  return {
      .spec =
          {.path = {"status"},
           .summary = "Show what is running, or the details of one run",
           .description =
               "A run is queued, running, done (ended with status 0), failed (ended with "
               "another status or by a signal, or could not start), stopped (was told to end) "
               "or lost (its supervisor or machine died; the outcome is unknown). READ is what the "
               "kernel requested of a version; what it had in memory is not counted.",
           .positionals = {{.name = "RUN", .required = false, .completes = Completes::run}},
           .examples = {"grid status", "grid status quiet-otter-42"}},
      .run = show_status};
}

}  // namespace grid::cli
