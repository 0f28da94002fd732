#include "cli/args.h"
#include "cli/commands.h"
#include "cli/record.h"
#include "cli/table.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

// A datastore in one line.
struct Summary {
  std::string name;
  std::string description;
  dataset::Version newest;  // the newest ready version; if there is none, the last that was
  std::uint64_t ready = 0;  // versions
  std::uint64_t stored_bytes = 0;
};

Summary summarise(const dataset::Datastores& datastores, const std::string& name) {
  Summary summary{.name = name, .description = datastores.description(name)};
  for (const dataset::Version& version : datastores.versions(name)) {
    bool ready = version.state == dataset::VersionState::ready;
    if (ready || summary.ready == 0) summary.newest = version;
    if (!ready) continue;
    ++summary.ready;
    summary.stored_bytes += version.record.stored_bytes;
  }
  return summary;
}

std::vector<Summary> summaries(const dataset::Datastores& datastores, bool deleted_too) {
  std::vector<Summary> out;
  for (const std::string& name : datastores.names()) {
    Summary summary = summarise(datastores, name);
    if (summary.ready > 0 || deleted_too) out.push_back(std::move(summary));
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
    const dataset::VersionRecord& record = datastore.newest.record;
    table.rows.push_back({datastore.name, std::to_string(record.number),
                          format_count(datastore.ready), format_count(record.totals.files),
                          format_size(record.totals.bytes), format_size(datastore.stored_bytes),
                          format_time(record.created),
                          std::string(dataset::name_of(datastore.newest.state))});
  }
  output.write(table.layout(output.result_width()));
}

void write_document(Output& output, const std::vector<Summary>& datastores) {
  JsonWriter json(output);
  json.begin_object().key("datastores").begin_array();
  for (const Summary& datastore : datastores) {
    const dataset::VersionRecord& record = datastore.newest.record;
    json.begin_object().member("name", datastore.name);
    json.member("description", datastore.description);
    json.member("latest", record.number).member("versions", datastore.ready);
    json.member("files", record.totals.files).member("bytes", record.totals.bytes);
    json.member("stored_bytes", datastore.stored_bytes).member("created", record.created);
    json.member("status", dataset::name_of(datastore.newest.state)).end_object();
  }
  json.end_array().end_object();
}

int list(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  std::vector<Summary> datastores;
  try {
    datastores = summaries(*context.open_store()->datastores, arguments.has("--all"));
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
  }
  return 0;
}

}  // namespace

Command datastore_list_command() {
  return {.spec = {.path = {"datastore", "list"},
                   .summary = "List the datastores",
                   .description = "LATEST is the newest ready version, FILES and SIZE are what it "
                                  "holds, STORED is what all ready versions added to the store.",
                   .options = {{.name = "--all",
                                .short_name = "-a",
                                .help = "also those whose versions are all deleted"}},
                   .examples = {"grid datastore list", "grid datastore list -o json"}},
          .run = list};
}

}  // namespace grid::cli
