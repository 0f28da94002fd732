#include "cli/run_list.h"

#include <cstring>

#include "base/text.h"
#include "base/utc.h"
#include "cli/table.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

std::string spell_versions(const run::RunRecord& record) {
  std::string out;
  for (const run::RunVersion& version : record.versions)
    out += (out.empty() ? "" : ", ") + dataset::spell(version.name, version.version);
  return out;
}

}  // namespace

std::string spell_command(const std::vector<std::string>& command) {
  std::string out;
  for (const std::string& word : command) {
    if (!out.empty()) out += ' ';
    out += shell_word(word);
  }
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
  if (!ended && run::is_over(run.state)) return "";  // lost: its end is unknown
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

}  // namespace grid::cli
