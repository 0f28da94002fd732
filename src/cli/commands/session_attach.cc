#include "cli/args.h"
#include "cli/commands.h"
#include "cli/references.h"
#include "service/sessions.h"

namespace grid::cli {

namespace {

int attach(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const service::Session session = service::get_session(context.settings, arguments.get("SESSION"));
  const service::SessionAttachment attached = service::attach_to_session(
      session, *context.open_store(), parse_reference(arguments.get("NAME[:V]")));
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, attached);
  } else {
    output.say(fmt::format("{0} is at {1}/{2} in {3}",
                           dataset::spell(attached.name, attached.version),
                           session.record.mount_folder, attached.name, attached.session));
  }
  return 0;
}

int detach(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const service::SessionDetachment detached = service::detach_from_session(
      service::get_session(context.settings, arguments.get("SESSION")), arguments.get("NAME"));
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, detached);
  } else {
    output.say(fmt::format("{} no longer uses {}", detached.session, detached.name));
  }
  return 0;
}

}  // namespace

Command session_attach_command() {
  return {.spec = {.path = {"session", "attach"},
                   .summary = "Add a datastore to a session",
                   .description =
                       "For your terminal, use `grid session enter SESSION`. "
                       "Every version is at /datastores/NAME/VERSION in every session. This sets "
                       "which one /datastores/NAME means, and keeps it from being deleted while "
                       "the session lives. Once the session has looked at a name, its meaning is "
                       "fixed for as long as the session lives.",
                   .positionals = {{.name = "SESSION", .completes = Completes::run},
                                   {.name = "NAME[:V]", .completes = Completes::version}},
                   .examples = {"grid session attach quiet-otter-42 dogs:2"}},
          .run = attach};
}

Command session_detach_command() {
  return {.spec = {.path = {"session", "detach"},
                   .summary = "Remove a datastore from a session",
                   .description = "Its versions may then be deleted, unless the session reads them "
                                  "again, which it still can.",
                   .positionals = {{.name = "SESSION", .completes = Completes::run},
                                   {.name = "NAME", .completes = Completes::datastore}},
                   .examples = {"grid session detach quiet-otter-42 dogs"}},
          .run = detach};
}

}  // namespace grid::cli
