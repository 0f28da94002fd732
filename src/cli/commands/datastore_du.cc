#include <algorithm>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/references.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/usage.h"

namespace grid::cli {

namespace {

using service::StoreUsage;
using service::Usage;

void write_rows(Output& output, const StoreUsage& usage) {
  Table table{.columns = {{.title = "NAME", .may_shrink = true},
                          {.title = "VERSIONS", .align = Align::right},
                          {.title = "FILES", .align = Align::right},
                          {.title = "SIZE", .align = Align::right},
                          {.title = "STORED", .align = Align::right},
                          {.title = "ALONE", .align = Align::right},
                          {.title = "STATUS"}}};
  for (const Usage& row : usage.rows)
    table.rows.push_back({row.version == 0 ? row.name : dataset::spell(row.name, row.version),
                          row.version == 0 ? format_count(row.versions) : "",
                          format_count(row.files), format_size(row.bytes), format_size(row.stored),
                          format_size(row.alone), row.is_deleted ? "deleted" : "ready"});
  output.write(table.layout(output.result_width()));
}

int du(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::read);
  StoreUsage usage;
  if (const std::optional<std::string> name = arguments.find("NAME"))
    usage =
        service::datastore_usage(*store, parse_datastore_alone(*name, "du shows all versions of"));
  else
    usage = service::store_usage(*store);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, usage);
    return 0;
  }
  write_rows(output, usage);
  output.write(fmt::format("{} stored for {}\n", format_size(usage.needed),
                           usage.is_whole ? "all of them together" : "these together"));
  if (!usage.is_whole) return 0;
  const std::uint64_t rest = usage.in_packs - std::min(usage.in_packs, usage.needed);
  if (rest == 0) return 0;
  output.write(fmt::format("{} more that no version needs{}; see grid gc --dry-run\n",
                           format_size(rest),
                           usage.interrupted == 0 ? std::string()
                                                  : fmt::format(", {} of it from creates that did "
                                                                "not finish",
                                                                format_size(usage.interrupted))));
  return 0;
}

}  // namespace

Command datastore_du_command() {
  return {
      .spec =
          {.path = {"datastore", "du"},
           .summary = "Show the space that datastores, or versions of one, take",
           .description =
               "SIZE is that of the newest version's files. STORED is what is in the store for "
               "a datastore or a version, compressed and each part once. ALONE is the part of "
               "it that nothing else needs: what deleting it would free. Deleted versions "
               "count until they can no longer be taken back.",
           .positionals = {{.name = "NAME", .required = false, .completes = Completes::datastore}},
           .examples = {"grid datastore du", "grid datastore du cats"}},
      .run = du};
}

}  // namespace grid::cli
