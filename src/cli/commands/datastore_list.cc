#include "cli/args.h"
#include "cli/commands.h"
#include "cli/damages.h"
#include "cli/incomplete.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/datastores.h"

namespace grid::cli {

namespace {

void write_table(Output& output, const std::vector<service::DatastoreSummary>& datastores) {
  Table table;
  table.columns = {{.title = "NAME", .may_shrink = true},
                   {.title = "LATEST", .align = Align::right},
                   {.title = "VERSIONS", .align = Align::right},
                   {.title = "FILES", .align = Align::right},
                   {.title = "SIZE", .align = Align::right},
                   {.title = "STORED", .align = Align::right},
                   {.title = "CREATED"},
                   {.title = "STATUS"}};
  for (const service::DatastoreSummary& datastore : datastores) {
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

int list_datastores(Context& context, const Arguments& arguments) {
  if (arguments.has("--show-incomplete")) {
    write_incomplete(context, service::find_incomplete_creates(context.settings));
    return 0;
  }
  Output& output = context.output;
  const service::DatastoreList found =
      service::list_datastores(context.settings, arguments.has("--all"));
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, found);
  } else if (found.datastores.empty() && found.unreadable.empty()) {
    output.say(fmt::format(
        "no datastores in {}; make the first with: grid datastore create FOLDER --name NAME",
        context.settings.store));
  } else {
    write_table(output, found.datastores);
    if (!found.incomplete.empty())
      output.say(fmt::format("{}: grid datastore list --show-incomplete",
                             format_count(found.incomplete.size(), "incomplete create")));
  }
  return warn_of_unreadable(output, found.unreadable);
}

}  // namespace

Command datastore_list_command() {
  return {.spec = {.path = {"datastore", "list"},
                   .summary = "List the datastores",
                   .description = "LATEST is the newest ready version, FILES and SIZE are what it "
                                  "holds, STORED is what all ready versions added to the store. "
                                  "STATUS is uploading while this user makes a version on this "
                                  "machine, and failed if no version is ready and a create did not "
                                  "finish.",
                   .options = {{.name = "--all",
                                .short_name = "-a",
                                .help = "include datastores whose versions are all deleted"},
                               {.name = "--show-incomplete",
                                .help = "list incomplete creates, of every store, instead of "
                                        "datastores"}},
                   .examples = {"grid datastore list", "grid datastore list --show-incomplete",
                                "grid datastore list -o json"}},
          .run = list_datastores};
}

}  // namespace grid::cli
