#include "cli/args.h"
#include "cli/commands.h"
#include "cli/record.h"
#include "cli/session.h"
#include "run/session.h"
#include "service/json.h"

namespace grid::cli {

namespace {

void say_attached(Context& context, const run::RunRecord& record, const std::string& name,
                  dataset::VersionNumber number) {
  if (!context.output.json()) {
    context.output.say(fmt::format("{0} is at {1}/{2} in {3}", spell(name, number),
                                   record.mount_folder, name, record.name));
    return;
  }
  service::JsonWriter(context.output.result_writer())
      .begin_object()
      .member("session", record.name)
      .member("name", name)
      .member("version", number)
      .end_object();
}

int attach(Context& context, const Arguments& arguments) {
  const run::Runs runs(context.settings.run_folder);
  const run::RunFolder folder = live_session(runs, arguments.get("SESSION"));
  const run::RunRecord record = folder.read();
  const auto store = context.open_store();
  if (store->marker.store_id != record.store_id)
    fail(ErrorKind::invalid_argument, "{} reads another store, {}", record.name, record.store);
  const auto reference = dataset::Reference::parse(arguments.get("NAME[:V]"));
  const dataset::VersionRecord version = store->datastores->resolve(reference).record;
  run::attach_to_session(folder, {reference.name, version.number}, version.root);
  say_attached(context, record, reference.name, version.number);
  return 0;
}

int detach(Context& context, const Arguments& arguments) {
  const run::Runs runs(context.settings.run_folder);
  const run::RunFolder folder = live_session(runs, arguments.get("SESSION"));
  const std::string name = arguments.get("NAME");
  run::detach_from_session(folder, name);
  if (context.output.json())
    service::JsonWriter(context.output.result_writer())
        .begin_object()
        .member("session", folder.name())
        .member("name", name)
        .end_object();
  else
    context.output.say(fmt::format("{} no longer uses {}", folder.name(), name));
  return 0;
}

}  // namespace

Command session_attach_command() {
  return {.spec = {.path = {"session", "attach"},
                   .summary = "Let /datastores/NAME mean a version in a live session",
                   .description =
                       "Every version is at /datastores/NAME/VERSION in every session; this says "
                       "which one /datastores/NAME means, and keeps it from being deleted while "
                       "the session lives. A name that the session has looked at means that "
                       "version for as long as the session lives.",
                   .positionals = {{.name = "SESSION", .completes = Completes::run},
                                   {.name = "NAME[:V]", .completes = Completes::version}},
                   .examples = {"grid session attach quiet-otter-42 dogs:2"}},
          .run = attach};
}

Command session_detach_command() {
  return {.spec = {.path = {"session", "detach"},
                   .summary = "Let a live session no longer use a datastore",
                   .description = "Its versions may then be deleted, unless the session reads them "
                                  "again: they can still be looked into.",
                   .positionals = {{.name = "SESSION", .completes = Completes::run},
                                   {.name = "NAME", .completes = Completes::datastore}},
                   .examples = {"grid session detach quiet-otter-42 dogs"}},
          .run = detach};
}

}  // namespace grid::cli
