#include <algorithm>
#include <set>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/incomplete.h"
#include "cli/record.h"
#include "cli/table.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

// A datastore in one line.
struct Summary {
  std::string name;
  std::string description;
  // The newest ready version, else the last that was, else nothing: the first is being made.
  std::optional<dataset::Version> newest;
  std::uint64_t ready = 0;  // versions
  std::uint64_t stored_bytes = 0;
  std::string_view status;
};

std::string_view status_of(const Summary& summary, const IncompleteCreates& creates) {
  if (std::any_of(creates.begin(), creates.end(), [](const auto& create) { return create.live; }))
    return name_of(create::CreateState::uploading);
  if (summary.ready == 0 && !creates.empty()) return name_of(create::CreateState::failed);
  return name_of(summary.newest->state);
}

Summary summarise(const dataset::Datastores& datastores, const std::string& name,
                  const IncompleteCreates& creates) {
  Summary summary{.name = name, .description = datastores.description(name)};
  for (const dataset::Version& version : datastores.versions(name)) {
    bool ready = version.state == dataset::VersionState::ready;
    if (ready || summary.ready == 0) summary.newest = version;
    if (!ready) continue;
    ++summary.ready;
    summary.stored_bytes += version.record.stored_bytes;
  }
  summary.status = status_of(summary, of_datastore(creates, name));
  return summary;
}

// `creates` are those of the same store.
std::vector<Summary> summaries(const dataset::Datastores& datastores, bool deleted_too,
                               const IncompleteCreates& creates) {
  std::vector<std::string> published = datastores.names();
  std::set<std::string> names(published.begin(), published.end());
  for (const create::IncompleteCreate& create : creates) names.insert(create.record.name);
  std::vector<Summary> out;
  for (const std::string& name : names) {
    Summary summary = summarise(datastores, name, creates);
    bool deleted = summary.status == name_of(dataset::VersionState::deleted);
    if (!deleted || deleted_too) out.push_back(std::move(summary));
  }
  return out;
}

void write_table(Output& output, const std::vector<Summary>& datastores) {
  Table table;
  table.columns = {{.title = "NAME", .may_shrink = true},
                   {.title = "LATEST", .align = Align::right},
                   {.title = "VERSIONS", .align = Align::right},
                   {.title = "FILES", .align = Align::right},
                   {.title = "SIZE", .align = Align::right},
                   {.title = "STORED", .align = Align::right},
                   {.title = "CREATED"},
                   {.title = "STATUS"}};
  for (const Summary& datastore : datastores) {
    const std::string status(datastore.status);
    if (!datastore.newest) {
      table.rows.push_back({datastore.name, "-", "0", "", "", "", "", status});
      continue;
    }
    const dataset::VersionRecord& record = datastore.newest->record;
    table.rows.push_back({datastore.name, std::to_string(record.number),
                          format_count(datastore.ready), format_count(record.totals.files),
                          format_size(record.totals.bytes), format_size(datastore.stored_bytes),
                          format_time(record.created), status});
  }
  output.write(table.layout(output.result_width()));
}

void write_document(Output& output, const std::vector<Summary>& datastores) {
  service::JsonWriter json(output.result_writer());
  json.begin_object().key("datastores").begin_array();
  for (const Summary& datastore : datastores) {
    const dataset::VersionRecord none;
    const dataset::VersionRecord& record = datastore.newest ? datastore.newest->record : none;
    json.begin_object().member("name", datastore.name);
    json.member("description", datastore.description);
    json.member("latest", record.number).member("versions", datastore.ready);
    json.member("files", record.totals.files).member("bytes", record.totals.bytes);
    json.member("stored_bytes", datastore.stored_bytes).member("created", record.created);
    json.member("status", datastore.status).end_object();
  }
  json.end_array().end_object();
}

int list_datastores(Context& context, const Arguments& arguments) {
  if (arguments.has("--show-incomplete")) {
    write_incomplete(context, find_incomplete(context));
    return 0;
  }
  Output& output = context.output;
  std::vector<Summary> datastores;
  IncompleteCreates creates;
  try {
    std::shared_ptr<dataset::OpenStore> store = context.open_store();
    creates = of_store(find_incomplete(context), store->marker.store_id);
    datastores = summaries(*store->datastores, arguments.has("--all"), creates);
  } catch (const Error& error) {
    // Before the first create there is no store in the default place, and that is no failure.
    if (error.kind() != ErrorKind::not_found || context.settings.store_was_named) throw;
  }
  if (output.json()) {
    write_document(output, datastores);
  } else if (datastores.empty()) {
    output.say(fmt::format(
        "no datastores in {}; make the first with: grid datastore create FOLDER --name NAME",
        context.settings.store));
  } else {
    write_table(output, datastores);
    if (!creates.empty())
      output.say(fmt::format("{}: grid datastore list --show-incomplete",
                             format_count(creates.size(), "incomplete create")));
  }
  return 0;
}

}  // namespace

Command datastore_list_command() {
  return {
      .spec = {.path = {"datastore", "list"},
               .summary = "List the datastores",
               .description = "LATEST is the newest ready version, FILES and SIZE are what it "
                              "holds, STORED is what all ready versions added to the store. "
                              "STATUS is uploading while this user makes a version here, failed "
                              "where the first one was broken off.",
               .options = {{.name = "--all",
                            .short_name = "-a",
                            .help = "also those whose versions are all deleted"},
                           {.name = "--show-incomplete",
                            .help = "creates that are under way or were broken off, of every "
                                    "store, instead of datastores"}},
               .examples = {"grid datastore list", "grid datastore list --show-incomplete",
                            "grid datastore list -o json"}},
      .run = list_datastores};
}

}  // namespace grid::cli
