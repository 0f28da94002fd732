#include <chrono>
#include <thread>

#include "cli/args.h"
#include "cli/commands.h"
#include "mount/mount_point.h"
#include "run/attachment.h"
#include "service/json.h"

namespace grid::cli {

namespace {

bool is_served(const Settings& settings, const std::string& folder) {
  for (const run::Attachment& user : run::live_attachments(settings.attachment_folder))
    if (user.kind == run::AttachmentKind::mount && user.label == folder) return true;
  return false;
}

int unmount(Context& context, const Arguments& arguments) {
  std::filesystem::path folder = std::filesystem::absolute(arguments.get("DIR")).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  mount::unmount(folder, arguments.has("--lazy") ? mount::UnmountMode::lazy
                                                 : mount::UnmountMode::refuse_if_busy);
  // The server ends by itself; until it has, its versions count as in use. After a lazy unmount
  // that takes as long as its readers do.
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::chrono::seconds(5);
  while (!arguments.has("--lazy") && is_served(context.settings, folder) &&
         steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  if (context.output.json()) {
    service::JsonWriter json(context.output.result_writer());
    json.begin_object().name_member("folder", folder.string()).end_object();
  }
  return 0;
}

}  // namespace

Command unmount_command() {
  return {.spec = {.path = {"unmount"},
                   .summary = "Unmount what grid mount mounted",
                   .positionals = {{.name = "DIR", .completes = Completes::folder}},
                   .options = {{.name = "--lazy",
                                .help = "also while it is in use: it is gone at once, and ends "
                                        "when its last reader does"}},
                   .examples = {"grid unmount ~/datastores"}},
          .run = unmount};
}

}  // namespace grid::cli
