#include "cli/args.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/text.h"
#include "service/incomplete_creates.h"

namespace grid::cli {

namespace {

int clear_cache(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const service::IncompleteCreates creates =
      service::creates_to_clear(context.settings, arguments.find("ID"));
  std::string what =
      creates.size() == 1
          ? fmt::format("the saved state of {} ({})", creates[0].record.name, creates[0].record.id)
          : fmt::format("the saved state of {}", format_count(creates.size(), "incomplete create"));
  if (!creates.empty() && !arguments.has("--yes") &&
      !is_confirmed(output, "remove " + what + "?", "removing " + what)) {
    output.say("nothing was removed");
    return 1;
  }
  const service::ClearedCreates cleared = service::clear_creates(context.settings, creates);
  for (const std::string& problem : cleared.problems) output.warn(problem);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, cleared);
  } else if (creates.empty()) {
    output.say("there are no incomplete creates");
  } else if (!cleared.ids.empty()) {
    output.say(fmt::format("removed {}", what));
  }
  return cleared.problems.empty() ? 0 : 1;
}

}  // namespace

Command datastore_clearcache_command() {
  return {
      .spec = {.path = {"datastore", "clearcache"},
               .summary = "Discard the saved state of interrupted creates",
               .description =
                   "The creates are then no longer listed, and their commands start "
                   "from the beginning, though what they stored is still used. A create "
                   "that is under way keeps its state. ID may be the name of the "
                   "datastore. Without ID, removes the state of every incomplete create.",
               .positionals = {{.name = "ID",
                                .required = false,
                                .completes = Completes::incomplete_create}},
               .options = {{.name = "--yes",
                            .short_name = "-y",
                            .help = "do not ask for confirmation"}},
               .examples = {"grid datastore clearcache cats", "grid datastore clearcache --yes"}},
      .run = clear_cache};
}

}  // namespace grid::cli
