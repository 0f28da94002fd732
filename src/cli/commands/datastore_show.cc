#include <utility>

#include "base/user.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/damages.h"
#include "cli/incomplete.h"
#include "cli/references.h"
#include "cli/run_list.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/shown_datastore.h"
#include "service/tags.h"

namespace grid::cli {

namespace {

using service::ShownDatastore;

std::string spell_uses(const ShownDatastore& shown, const run::Attachment& user) {
  std::string versions;
  for (const run::UsedVersion& used : user.versions)
    if (used.name == shown.name)
      versions += (versions.empty() ? "" : ", ") + dataset::spell(used.name, used.version);
  return fmt::format("{} {} (process {}): {}", run::name_of(user.kind), user.label, user.pid,
                     versions);
}

void write_users(Output& output, const ShownDatastore& shown) {
  if (shown.users.empty()) return;
  output.write("\nIn use by\n");
  for (const run::Attachment& user : shown.users)
    output.write(fmt::format("  {}\n", escape_controls(spell_uses(shown, user))));
}

std::string spell_create(const create::IncompleteCreate& create) {
  const create::CreateRecord& record = create.record;
  std::string out =
      fmt::format("{} {} of {}, {} done, since {}", record.id, name_of(create.state()),
                  record.source, format_done(record.counts), format_time(record.started));
  return out + (create.live ? fmt::format(" (process {})", record.pid) : ": " + create.reason());
}

void write_creates(Output& output, const ShownDatastore& shown) {
  if (shown.creates.empty()) return;
  output.write("\nIncomplete\n");
  for (const create::IncompleteCreate& create : shown.creates)
    output.write(fmt::format("  {}\n", escape_controls(spell_create(create))));
}

void write_shown_runs(Output& output, const ShownDatastore& shown) {
  constexpr std::size_t count_max = 20;
  if (shown.runs.empty()) return;
  output.write("\nUsed by runs\n");
  std::vector<ObservedRun> newest = shown.runs;
  if (newest.size() > count_max) newest.resize(count_max);
  write_runs(output, newest);
  if (shown.runs.size() > count_max)
    output.write(fmt::format("and {} older ones\n", shown.runs.size() - count_max));
}

// Which deleted versions can still be taken back for sure.
void write_undo(Output& output, const ShownDatastore& shown) {
  bool is_first = true;
  for (const dataset::Version& version : shown.versions) {
    if (version.until.empty() || version.until < utc_now()) continue;
    if (std::exchange(is_first, false)) output.write("\nUndo\n");
    output.write(fmt::format("  grid datastore undelete {}, until {}\n",
                             dataset::spell(shown.name, version.record.number),
                             format_time(version.until)));
  }
}

void write_tags(Output& output, const ShownDatastore& shown) {
  if (shown.tags.empty()) return;
  output.write("\nTags\n");
  for (const dataset::Tag& tag : shown.tags)
    output.write(fmt::format("  {}@{} is {}, since {}\n", shown.name, tag.name,
                             dataset::spell(shown.name, tag.version), format_time(tag.set)));
}

void write_datastore(Output& output, const ShownDatastore& shown) {
  output.write(shown.name + "\n");
  if (!shown.description.empty())
    output.write(fmt::format("  {}\n", escape_controls(shown.description)));
  Table table;
  table.columns = {
      {.title = "VERSION", .align = Align::right}, {.title = "STATUS"},
      {.title = "FILES", .align = Align::right},   {.title = "SIZE", .align = Align::right},
      {.title = "STORED", .align = Align::right},  {.title = "CREATED"},
      {.title = "SOURCE", .may_shrink = true},     {.title = "MESSAGE", .may_shrink = true}};
  for (const dataset::Version& version : shown.versions) {
    const dataset::VersionRecord& record = version.record;
    table.rows.push_back({std::to_string(record.number),
                          std::string(dataset::name_of(version.state)),
                          format_count(record.totals.files), format_size(record.totals.bytes),
                          format_size(record.stored_bytes), format_time(record.created),
                          escape_controls(record.source), escape_controls(record.message)});
  }
  if (!shown.versions.empty()) output.write("\n" + table.layout(output.result_width()));
  write_tags(output, shown);
  write_undo(output, shown);
  write_creates(output, shown);
  write_users(output, shown);
  write_shown_runs(output, shown);
}

// Warns about a version in place.
void write_in_place(Output& output, const std::string& version,
                    const dataset::VersionRecord& record, const dataset::DriftKnowledge& drift) {
  constexpr std::size_t count_max = 20;
  if (record.totals.files_in_place == 0) return;
  output.write(fmt::format(
      "\nIn place: {} ({}) in a bucket and not in this store; what is overwritten or deleted there "
      "can no longer be read\n",
      format_count(record.totals.files_in_place, "file"),
      format_size(record.totals.bytes_in_place)));
  const std::string compared = drift.compared.empty()
                                   ? "never compared on this machine"
                                   : fmt::format("compared {}", format_time(drift.compared));
  output.write(
      fmt::format("  drifted: {} ({}; now: grid datastore verify {})\n",
                  drift.reasons.empty() ? "none known" : format_count(drift.reasons.size(), "file"),
                  compared, version));
  std::size_t count = 0;
  for (const auto& [path, reason] : drift.reasons) {
    if (++count > count_max) {
      output.write(fmt::format("  and {} more\n", drift.reasons.size() - count_max));
      break;
    }
    output.write(fmt::format("  {}: {}\n", escape_name(path), escape_controls(reason)));
  }
}

void write_version(Output& output, const ShownDatastore& shown) {
  const dataset::VersionRecord& record = shown.versions[0].record;
  auto row = [&](std::string_view title, std::string_view text) {
    if (!text.empty()) output.write(fmt::format("  {:<12}{}\n", title, escape_controls(text)));
  };
  output.write(dataset::spell(shown.name, record.number) + "\n");
  row("description", shown.description);
  row("status", dataset::name_of(shown.versions[0].state));
  row("tags", service::tags_of(shown.tags, record.number));
  row("message", record.message);
  row("source", record.source);
  row("created", fmt::format("{} by {} with {}", format_time(record.created), record.created_by,
                             record.program));
  row("parent", record.parent ? dataset::spell(shown.name, *record.parent) : "");
  row("files", format_count(record.totals.files));
  row("folders", format_count(record.totals.folders));
  row("symlinks", format_count(record.totals.symlinks));
  row("size", fmt::format("{} ({} bytes)", format_size(record.totals.bytes),
                          format_count(record.totals.bytes)));
  row("stored", fmt::format("{} ({} bytes)", format_size(record.stored_bytes),
                            format_count(record.stored_bytes)));
  if (record.left_out > 0) row("left out", format_count(record.left_out));
  row("root", record.root.hex());
  write_in_place(output, dataset::spell(shown.name, record.number), record, shown.drift);
  write_users(output, shown);
  write_shown_runs(output, shown);
}

int show_datastore(Context& context, const Arguments& arguments) {
  dataset::Reference reference = parse_reference(arguments.get("NAME[:V]"));
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  const ShownDatastore shown = service::show_datastore(context.settings, *store, reference);
  Output& output = context.output;
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, shown);
  } else if (shown.whole) {
    write_datastore(output, shown);
  } else {
    write_version(output, shown);
  }
  return warn_of_unreadable(output, shown.unreadable);
}

}  // namespace

Command datastore_show_command() {
  return {.spec = {.path = {"datastore", "show"},
                   .summary = "Show a datastore's versions, or the details of one version",
                   .positionals = {{.name = "NAME[:V]", .completes = Completes::version}},
                   .examples = {"grid datastore show cats", "grid datastore show cats:3"}},
          .run = show_datastore};
}

}  // namespace grid::cli
