#include <filesystem>

#include "cli/args.h"
#include "cli/commands.h"
#include "service/mounts.h"

namespace grid::cli {

namespace {

int unmount(Context& context, const Arguments& arguments) {
  std::filesystem::path folder = std::filesystem::absolute(arguments.get("DIR")).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  const service::Unmounted unmounted = service::unmount(
      context.settings, folder,
      arguments.has("--lazy") ? mount::UnmountMode::lazy : mount::UnmountMode::refuse_if_busy);
  if (context.output.json()) {
    service::JsonWriter json(context.output.result_writer());
    service::write_document(json, unmounted);
  }
  return 0;
}

}  // namespace

Command unmount_command() {
  return {.spec = {.path = {"unmount"},
                   .summary = "Unmount what grid mount mounted",
                   .positionals = {{.name = "DIR", .completes = Completes::folder}},
                   .options = {{.name = "--lazy",
                                .help = "unmount even while in use: it disappears at once, and "
                                        "ends when its last reader does"}},
                   .examples = {"grid unmount ~/datastores"}},
          .run = unmount};
}

}  // namespace grid::cli
