#include "cli/args.h"
#include "cli/commands.h"
#include "cli/incomplete.h"
#include "cli/record.h"
#include "cli/run_list.h"
#include "cli/table.h"
#include "cli/text.h"
#include "run/attachment.h"

namespace grid::cli {

namespace {

// A datastore, or one version of it, and who uses it.
struct Shown {
  std::string name;
  std::string description;
  std::vector<dataset::Version> versions;
  std::vector<run::Attachment> users;
  IncompleteCreates creates;      // of its next versions
  std::vector<ObservedRun> runs;  // that used it, newest first
  dataset::DriftKnowledge drift;  // of one version in place
};

bool uses(const run::Attachment& user, const std::string& name,
          std::optional<dataset::VersionNumber> number) {
  for (const run::UsedVersion& used : user.versions)
    if (used.name == name && (!number || used.version == *number)) return true;
  return false;
}

bool used(const run::RunRecord& record, const std::string& name,
          std::optional<dataset::VersionNumber> number) {
  for (const run::RunVersion& version : record.versions)
    if (version.name == name && (!number || version.version == *number)) return true;
  return false;
}

Shown find_shown(const Context& context, const dataset::Reference& reference) {
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  Shown shown{.name = reference.name};
  bool whole = !reference.version && !reference.named_latest;
  if (whole) {
    shown.versions = store->datastores->versions(reference.name);
    shown.creates =
        of_datastore(of_store(find_incomplete(context), store->marker.store_id), reference.name);
  }
  // Of one that is unknown, resolve() has more to say than an empty list; of a deleted version
  // only its absence is known.
  if (shown.versions.empty() && shown.creates.empty())
    shown.versions = {store->datastores->resolve(reference)};
  shown.description = store->datastores->description(reference.name);
  std::optional<dataset::VersionNumber> number;
  if (!whole) number = shown.versions[0].record.number;
  if (!whole) shown.drift = store->drift->find(shown.versions[0].record.root);
  for (run::Attachment& user : run::live_attachments(context.settings.attachment_folder))
    if (user.store_id == store->marker.store_id && uses(user, reference.name, number))
      shown.users.push_back(std::move(user));
  const run::Runs runs(context.settings.run_folder);
  for (run::RunRecord& record : runs.all())
    if (record.store_id == store->marker.store_id && record.parent.empty() &&
        used(record, reference.name, number))
      shown.runs.push_back(observe_run(runs, std::move(record)));
  return shown;
}

std::string spell_uses(const Shown& shown, const run::Attachment& user) {
  std::string versions;
  for (const run::UsedVersion& used : user.versions)
    if (used.name == shown.name)
      versions += (versions.empty() ? "" : ", ") + spell(used.name, used.version);
  return fmt::format("{} {} (process {}): {}", run::name_of(user.kind), user.label, user.pid,
                     versions);
}

void write_users(Output& output, const Shown& shown) {
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

void write_creates(Output& output, const Shown& shown) {
  if (shown.creates.empty()) return;
  output.write("\nIncomplete\n");
  for (const create::IncompleteCreate& create : shown.creates)
    output.write(fmt::format("  {}\n", escape_controls(spell_create(create))));
}

void write_shown_runs(Output& output, const Shown& shown) {
  constexpr std::size_t count_max = 20;
  if (shown.runs.empty()) return;
  output.write("\nUsed by runs\n");
  std::vector<ObservedRun> newest = shown.runs;
  if (newest.size() > count_max) newest.resize(count_max);
  write_runs(output, newest);
  if (shown.runs.size() > count_max)
    output.write(fmt::format("and {} older ones\n", shown.runs.size() - count_max));
}

void write_datastore(Output& output, const Shown& shown) {
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
  write_creates(output, shown);
  write_users(output, shown);
  write_shown_runs(output, shown);
}

// The warning of a version in place.
void write_in_place(Output& output, const std::string& version,
                    const dataset::VersionRecord& record, const dataset::DriftKnowledge& drift) {
  constexpr std::size_t count_max = 20;
  if (record.totals.files_in_place == 0) return;
  output.write(fmt::format(
      "\nIn place: {} ({}) in a bucket and not in this store; what is overwritten or deleted there "
      "cannot be read any more\n",
      format_count(record.totals.files_in_place, "file"),
      format_size(record.totals.bytes_in_place)));
  const std::string compared = drift.compared.empty()
                                   ? "never compared on this machine"
                                   : fmt::format("compared {}", format_time(drift.compared));
  output.write(fmt::format(
      "  drifted: {} ({}; now: grid datastore verify {})\n",
      drift.reasons.empty() ? "none that is known" : format_count(drift.reasons.size(), "file"),
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

void write_version(Output& output, const Shown& shown) {
  const dataset::VersionRecord& record = shown.versions[0].record;
  auto row = [&](std::string_view title, std::string_view text) {
    if (!text.empty()) output.write(fmt::format("  {:<12}{}\n", title, escape_controls(text)));
  };
  output.write(spell(shown.name, record.number) + "\n");
  row("description", shown.description);
  row("status", dataset::name_of(shown.versions[0].state));
  row("message", record.message);
  row("source", record.source);
  row("created", fmt::format("{} by {} with {}", format_time(record.created), record.created_by,
                             record.program));
  row("parent", record.parent ? spell(shown.name, *record.parent) : "");
  row("files", format_count(record.totals.files));
  row("folders", format_count(record.totals.folders));
  row("symlinks", format_count(record.totals.symlinks));
  row("size", fmt::format("{} ({} bytes)", format_size(record.totals.bytes),
                          format_count(record.totals.bytes)));
  row("stored", fmt::format("{} ({} bytes)", format_size(record.stored_bytes),
                            format_count(record.stored_bytes)));
  if (record.left_out > 0) row("left out", format_count(record.left_out));
  row("root", record.root.hex());
  write_in_place(output, spell(shown.name, record.number), record, shown.drift);
  write_users(output, shown);
  write_shown_runs(output, shown);
}

void write_document(Output& output, const Shown& shown) {
  service::JsonWriter json(output.result_writer());
  json.begin_object().member("name", shown.name).member("description", shown.description);
  json.key("versions").begin_array();
  for (const dataset::Version& version : shown.versions) {
    json.begin_object();
    write_version_members(json, shown.name, version);
    json.end_object();
  }
  json.end_array().key("drift").begin_object().member("compared", shown.drift.compared);
  json.key("files").begin_array();
  for (const auto& [path, reason] : shown.drift.reasons)
    json.begin_object().name_member("path", path).member("reason", reason).end_object();
  json.end_array().end_object();
  json.key("used_by").begin_array();
  for (const run::Attachment& user : shown.users) {
    json.begin_object().member("kind", run::name_of(user.kind)).name_member("label", user.label);
    json.member("pid", user.pid).key("versions").begin_array();
    for (const run::UsedVersion& used : user.versions)
      if (used.name == shown.name) json.value(used.version);
    json.end_array().end_object();
  }
  json.end_array().key("incomplete");
  write_incomplete_array(json, shown.creates);
  json.key("runs").begin_array();
  for (const ObservedRun& run : shown.runs) {
    json.begin_object().member("name", run.record.name);
    json.member("status", run::name_of(run.state)).key("versions").begin_array();
    for (const run::RunVersion& version : run.record.versions)
      if (version.name == shown.name) json.value(version.version);
    json.end_array().end_object();
  }
  json.end_array().end_object();
}

int show_datastore(Context& context, const Arguments& arguments) {
  dataset::Reference reference = dataset::Reference::parse(arguments.get("NAME[:V]"));
  Shown shown = find_shown(context, reference);
  if (context.output.json())
    write_document(context.output, shown);
  else if (reference.version || reference.named_latest)
    write_version(context.output, shown);
  else
    write_datastore(context.output, shown);
  return 0;
}

}  // namespace

Command datastore_show_command() {
  return {.spec = {.path = {"datastore", "show"},
                   .summary = "Show a datastore's versions, or all about one version",
                   .positionals = {{.name = "NAME[:V]", .completes = Completes::version}},
                   .examples = {"grid datastore show cats", "grid datastore show cats:3"}},
          .run = show_datastore};
}

}  // namespace grid::cli
