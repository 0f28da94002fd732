#include "cli/incomplete.h"

#include <algorithm>

#include "cli/table.h"
#include "cli/text.h"

namespace grid::cli {

std::string format_done(const create::CreateCounts& counts) {
  if (!counts.bytes_total) return format_size(counts.bytes_done);
  double fraction = *counts.bytes_total == 0 ? 0
                                             : static_cast<double>(counts.bytes_done) /
                                                   static_cast<double>(*counts.bytes_total);
  return fmt::format("{:.0f} % of {}", 100 * std::min(fraction, 1.0),
                     format_size(*counts.bytes_total));
}

static void write_table(Context& context, const IncompleteCreates& creates) {
  Table table;
  table.columns = {{.title = "ID"},      {.title = "NAME", .may_shrink = true},
                   {.title = "STATUS"},  {.title = "DONE", .align = Align::right},
                   {.title = "STARTED"}, {.title = "SOURCE", .may_shrink = true},
                   {.title = "STORE"},   {.title = "REASON", .may_shrink = true}};
  for (const create::IncompleteCreate& create : creates) {
    const create::CreateRecord& record = create.record;
    bool here = record.store.empty() || record.store == from_root(context.settings.store);
    table.rows.push_back({record.id, record.name, std::string(name_of(create.state())),
                          create.problem.empty() ? format_done(record.counts) : "",
                          format_time(record.started), escape_controls(record.source),
                          here ? "" : escape_controls(record.store),
                          escape_controls(create.reason())});
  }
  context.output.write(table.layout(context.output.result_width()));
}

void write_incomplete(Context& context, const IncompleteCreates& creates) {
  Output& output = context.output;
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, creates);
  } else if (creates.empty()) {
    output.say("there are no incomplete creates");
  } else {
    write_table(context, creates);
  }
}

}  // namespace grid::cli
