#include "cli/run_request.h"

#include <pwd.h>
#include <unistd.h>

#include "base/user.h"
#include "cli/record.h"
#include "cli/text.h"
#include "cli/version.h"

namespace grid::cli {

namespace {

std::string user_name() {
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? std::to_string(::geteuid()) : user->pw_name;
}

// Absolute, without "." and "..", and without a '/' at the end.
std::string absolute_folder(const std::string& written) {
  std::filesystem::path folder = std::filesystem::absolute(written).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  return folder.string();
}

// A run may read its store from another folder, or another machine.
std::string absolute_store(const Settings& settings) {
  if (settings.store.find("://") != std::string::npos) return settings.store;
  return std::filesystem::absolute(settings.store).string();
}

bool wants_copy(const Arguments& arguments) {
  const std::string how = arguments.get("--attach");
  if (how != "mount" && how != "copy")
    fail(ErrorKind::invalid_argument, "--attach {}: it is mount or copy", how);
  return how == "copy";
}

}  // namespace

std::vector<OptionSpec> attach_options() {
  return {{.name = "--datastore_name",
           .value = "NAME[:VERSION]",
           .help = "attach this datastore, and let /datastores/NAME mean this version",
           .repeatable = true,
           .completes = Completes::version},
          {.name = "--datastore_version",
           .value = "VERSION",
           .help = "the version, if the command names only one datastore"},
          {.name = "--datastore_mount_dir",
           .value = "DIR",
           .help = "where the script sees the datastores",
           .default_value = std::string(run::default_mount_folder),
           .completes = Completes::folder},
          {.name = "--attach",
           .value = "HOW",
           .help = "mount, or copy: plain files in a folder of the run's, where mounts are "
                   "forbidden",
           .default_value = "mount"},
          {.name = "--env",
           .value = "NAME=VALUE",
           .help = "set a variable for the script",
           .repeatable = true}};
}

// The caller's environment is passed on whole; nothing in it is looked at.
std::vector<std::string> callers_environment() {
  std::vector<std::string> variables;
  for (char** variable = ::environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

std::string mount_folder_of(const std::string& written) {
  const std::string folder = written.empty() ? "/" : absolute_folder(written);
  if (folder == "/")
    fail(ErrorKind::invalid_argument, "datastores cannot be attached at {}: name a folder",
         written.empty() ? "\"\"" : written);
  return folder;
}

run::RunRequest run_request(const Context& context, const Arguments& arguments) {
  run::RunRequest request{
      .references = {.command = {},
                     .datastore_names = arguments.all("--datastore_name"),
                     .datastore_version = arguments.find("--datastore_version").value_or(""),
                     .mount_folder = mount_folder_of(arguments.get("--datastore_mount_dir"))},
      .environment = callers_environment(),
      .settings = arguments.all("--env"),
      .name = arguments.find("--name").value_or(""),
      .copy = wants_copy(arguments),
      .store = absolute_store(context.settings),
      .user = user_name(),
      .host = host_name(),
      .grid_version = std::string(program_version())};
  return request;
}

void say_versions(Output& output, const run::ResolvedReferences& resolved) {
  for (const run::AttachedVersion& version : resolved.versions) {
    const dataset::VersionRecord& record = version.record;
    output.say(fmt::format("{}  {}  {}  {}{}", spell(version.name, record.number),
                           record.root.short_hex(), format_count(record.totals.files, "file"),
                           format_size(record.totals.bytes), version.newest ? "  (newest)" : ""));
  }
}

}  // namespace grid::cli
