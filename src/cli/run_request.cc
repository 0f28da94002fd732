#include "cli/run_request.h"

#include <pwd.h>
#include <unistd.h>

#include "cli/text.h"
#include "cli/version.h"

namespace grid::cli {

namespace {

std::string user_name() {
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? std::to_string(::geteuid()) : user->pw_name;
}

// Empty if the option was not given, even if it has a default.
std::optional<std::string> given(const Arguments& arguments, std::string_view option) {
  if (!arguments.has(option)) return std::nullopt;
  return arguments.get(option);
}

bool wants_copy(const Arguments& arguments) {
  const std::string how = arguments.get("--attach");
  if (how != "mount" && how != "copy")
    fail(ErrorKind::invalid_argument, "--attach takes mount or copy, not {}", how);
  return how == "copy";
}

}  // namespace

std::vector<OptionSpec> attach_options() {
  return {{.name = "--datastore_name",
           .value = "NAME[:VERSION]",
           .help = "attach this datastore, with /datastores/NAME meaning this version",
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
           .help = "mount, or copy for plain files in the run's folder, where mounts are "
                   "forbidden",
           .default_value = "mount"},
          {.name = "--literal",
           .help = "pass the arguments as they are, without looking for references to datastores"},
          {.name = "--env",
           .value = "NAME=VALUE",
           .help = "set an environment variable for the script",
           .repeatable = true}};
}

// The whole environment is passed on; no variable of it is interpreted.
std::vector<std::string> callers_environment() {
  std::vector<std::string> variables;
  for (char** variable = ::environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

service::RunCaller run_caller() {
  return {.folder = {},
          .environment = callers_environment(),
          .user = user_name(),
          .host = host_name(),
          .grid_version = std::string(program_version())};
}

service::StartRequest start_request(const Arguments& arguments) {
  return {.datastore_names = arguments.all("--datastore_name"),
          .datastore_version = given(arguments, "--datastore_version"),
          .mount_folder = given(arguments, "--datastore_mount_dir"),
          .literal = arguments.has("--literal"),
          .copy = wants_copy(arguments),
          .settings = arguments.all("--env"),
          .name = arguments.find("--name").value_or(""),
          .caller = run_caller()};
}

void say_versions(Output& output, const run::ResolvedReferences& resolved) {
  for (const run::AttachedVersion& version : resolved.versions) {
    const dataset::VersionRecord& record = version.record;
    output.say(fmt::format("{}  {}  {}  {}{}", dataset::spell(version.name, record.number),
                           record.root.short_hex(), format_count(record.totals.files, "file"),
                           format_size(record.totals.bytes), version.newest ? "  (newest)" : ""));
  }
}

}  // namespace grid::cli
