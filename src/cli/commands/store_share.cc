#include "cli/args.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "service/shares.h"

namespace grid::cli {

namespace {

int share(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  if (!arguments.has("--group"))
    fail(ErrorKind::invalid_argument,
         "name the group with --group, as in grid store share --group ml");
  const service::SharedStore shared =
      service::share_store(*context.open_store(), arguments.get("--group"));
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, shared);
  } else {
    output.write(fmt::format("{} is shared with the group {}  · {}, {}\n", shared.folder,
                             shared.group, format_count(shared.folders, "folder"),
                             format_count(shared.files, "file")));
    output.say(fmt::format("its members use it with: export GRID_STORE={}", shared.folder));
  }
  for (const std::string& folder : shared.closed)
    output.warn(
        fmt::format("the group cannot pass through {}: chmod o+x opens it, or keep the store "
                    "elsewhere, such as "
                    "in /srv",
                    folder));
  return 0;
}

}  // namespace

Command store_share_command() {
  return {.spec = {.path = {"store", "share"},
                   .summary = "Share a store in a folder with a group",
                   .description =
                       "Gives the store's folders and files to the group, so that all its members "
                       "can read, create and delete, whatever their umask. A store that is made in "
                       "a folder of the group with mode 2770 or 2775 is shared from the beginning.",
                   .options = {{.name = "--group",
                                .value = "GROUP",
                                .help = "a group of users of this machine that you are in"}},
                   .examples = {"grid --store /srv/datastores store share --group ml"}},
          .run = share};
}

}  // namespace grid::cli
