#include "base/error.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/incomplete.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

// Those that are meant and that no process works on.
IncompleteCreates creates_to_clear(const Context& context, const Arguments& arguments) {
  IncompleteCreates creates = find_incomplete(context);
  if (!arguments.has("ID")) {
    std::erase_if(creates, [](const create::IncompleteCreate& create) { return create.live; });
    return creates;
  }
  create::IncompleteCreate chosen = choose(creates, arguments.get("ID"));
  if (chosen.live)
    fail(ErrorKind::unavailable, "{} is under way: process {} works on it; nothing was removed",
         chosen.record.name, chosen.record.pid);
  return {chosen};
}

int clear_cache(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  IncompleteCreates creates = creates_to_clear(context, arguments);
  std::string what =
      creates.size() == 1
          ? fmt::format("the saved state of {} ({})", creates[0].record.name, creates[0].record.id)
          : fmt::format("the saved state of {}", format_count(creates.size(), "incomplete create"));
  if (!creates.empty() && !arguments.has("--yes") &&
      !is_confirmed(output, "remove " + what + "?", "removing " + what)) {
    output.say("nothing was removed");
    return 1;
  }
  std::vector<std::string> removed;
  int status = 0;
  for (const create::IncompleteCreate& create : creates) {
    try {
      if (create::remove_incomplete_create(context.settings.create_folder, create.record.id))
        removed.push_back(create.record.id);
    } catch (const Error& error) {  // of a newer program, say: the others can go
      output.warn(error.what());
      status = 1;
    }
  }
  if (!output.json()) {
    if (creates.empty())
      output.say("no create is incomplete");
    else if (!removed.empty())
      output.say(fmt::format("removed {}", what));
    return status;
  }
  service::JsonWriter json(output.result_writer());
  json.begin_object().key("removed").begin_array();
  for (const std::string& id : removed) json.value(id);
  json.end_array().end_object();
  return status;
}

}  // namespace

Command datastore_clearcache_command() {
  return {
      .spec = {.path = {"datastore", "clearcache"},
               .summary = "Drop the saved state of creates that were broken off",
               .description = "They are then no longer listed, and their commands begin anew; "
                              "what they stored is still found. A create that is under way keeps "
                              "its state. ID may be the name of the datastore; without it, every "
                              "incomplete create is meant.",
               .positionals = {{.name = "ID",
                                .required = false,
                                .completes = Completes::incomplete_create}},
               .options = {{.name = "--yes", .short_name = "-y", .help = "do not ask"}},
               .examples = {"grid datastore clearcache cats", "grid datastore clearcache --yes"}},
      .run = clear_cache};
}

}  // namespace grid::cli
