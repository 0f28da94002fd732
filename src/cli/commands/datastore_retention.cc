#include "base/error.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/references.h"
#include "cli/retention_options.h"
#include "cli/text.h"
#include "service/retention.h"

namespace grid::cli {

namespace {

int retention(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const std::string name =
      parse_datastore_alone(arguments.get("NAME"), "the retention is of the whole datastore");
  const dataset::RetentionRules rules = retention_rules_of(arguments);
  const bool removes = arguments.has("--remove");
  if (removes && rules.keep_something())
    fail(ErrorKind::invalid_argument, "either --remove the retention of {} or set it: not both",
         name);
  const std::shared_ptr<dataset::OpenStore> store = context.open_store();
  const service::Retention now = removes || rules.keep_something()
                                     ? service::write_retention(*store, name, rules)
                                     : service::read_retention(*store, name);
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, now);
  } else if (now.set.empty()) {
    output.say(fmt::format("{} keeps all its versions", now.name));
  } else {
    output.write(fmt::format("{} {}\n", now.name, service::text_of(now.rules)));
    output.say("set " + format_time(now.set) + " by " + escape_controls(now.set_by) +
               "; `grid gc --apply-retention` deletes every other version");
  }
  return 0;
}

}  // namespace

Command datastore_retention_command() {
  return {.spec = {.path = {"datastore", "retention"},
                   .summary = "Set or print which versions of a datastore are kept",
                   .description =
                       "The rules of `grid datastore prune`, stored with the datastore. Nothing "
                       "follows them by itself: `grid gc --apply-retention` does, as from a timer. "
                       "New rules replace the old ones. With no option, those that are set are "
                       "printed.",
                   .positionals = {{.name = "NAME", .completes = Completes::datastore}},
                   .options = with_retention_options(
                       {{.name = "--remove", .help = "keep every version from now on"}}),
                   .examples = {"grid datastore retention cats --keep-last 5 --keep-monthly 12",
                                "grid datastore retention cats"}},
          .run = retention};
}

}  // namespace grid::cli
