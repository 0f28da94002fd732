#include <pwd.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/record.h"
#include "cli/text.h"
#include "cli/version.h"
#include "run/executor_local.h"

namespace grid::cli {

namespace {

std::string user_name() {
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? std::to_string(::geteuid()) : user->pw_name;
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

// The caller's environment is passed on whole, with what --env adds; nothing in it is looked at.
std::vector<std::string> script_environment(const Arguments& arguments) {
  std::vector<std::string> variables;
  for (char** variable = ::environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  for (const std::string& setting : arguments.all("--env")) {
    std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      fail(ErrorKind::invalid_argument, "--env {}: it takes NAME=VALUE", setting);
    run::set_variable(variables, setting.substr(0, equals), setting.substr(equals + 1));
  }
  return variables;
}

// Absolute, without "." and "..", and without a '/' at the end.
std::string mount_folder(const Arguments& arguments) {
  const std::string written = arguments.get("--datastore_mount_dir");
  std::filesystem::path folder = std::filesystem::absolute(written).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  if (written.empty() || folder == folder.root_path())
    fail(ErrorKind::invalid_argument, "datastores cannot be attached at {}: name a folder",
         written.empty() ? "\"\"" : written);
  return folder.string();
}

void say_versions(Output& output, const run::ResolvedReferences& resolved) {
  for (const run::AttachedVersion& version : resolved.versions) {
    const dataset::VersionRecord& record = version.record;
    output.say(fmt::format("{}  {}  {}  {}{}", spell(version.name, record.number),
                           record.root.short_hex(), format_count(record.totals.files, "file"),
                           format_size(record.totals.bytes), version.newest ? "  (newest)" : ""));
  }
}

int run_script(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  run::RunRequest request{
      .references = {.command = arguments.rest(),
                     .datastore_names = arguments.all("--datastore_name"),
                     .datastore_version = arguments.find("--datastore_version").value_or(""),
                     .mount_folder = mount_folder(arguments)},
      .environment = script_environment(arguments),
      .name = arguments.find("--name").value_or(""),
      .store = context.settings.store,
      .user = user_name(),
      .host = host_name(),
      .grid_version = std::string(program_version()),
      .record_folder = context.settings.state_folder / "runs",
      .attachment_folder = context.settings.attachment_folder,
      .on_resolved =
          [&](const run::ResolvedReferences& resolved) { say_versions(output, resolved); },
      .on_problem = [&](std::string_view sentence) { output.warn(sentence); }};
  const run::ExitStatus end = run::run_locally(context.open_store(StoreUse::attach), request);
  if (end.signal) run::exit_like(end);
  return end.status;
}

}  // namespace

Command run_command() {
  return {
      .spec = {.path = {"run"},
               .summary = "Run a script with datastores attached",
               .description =
                   "A .py file runs with the python3 in the PATH; any other file or program runs "
                   "as it is. All datastores are seen as /datastores/NAME/VERSION for as long as "
                   "the script runs, and by nobody else. In the arguments, also behind the '=' of "
                   "--flag=VALUE, grid:NAME:VERSION, grid:NAME:latest and grid:NAME become those "
                   "paths, and /datastores/NAME means one version for the whole run: the one that "
                   "an option names, else the newest. The exit status and the three standard "
                   "streams are the script's.",
               .positionals = {{.name = "SCRIPT", .completes = Completes::file},
                               {.name = "ARGS", .required = false, .repeatable = true}},
               .options = {{.name = "--datastore_name",
                            .value = "NAME[:VERSION]",
                            .help = "attach this datastore, and let /datastores/NAME mean this "
                                    "version",
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
                           {.name = "--env",
                            .value = "NAME=VALUE",
                            .help = "set a variable for the script",
                            .repeatable = true},
                           {.name = "--name",
                            .value = "NAME",
                            .help = "what the record calls this run; else the script's name"}},
               .examples = {"grid run main.py --data_dir /datastores/cats/1",
                            "grid run ./train --train=grid:cats:2 --test=grid:dogs",
                            "grid run --datastore_name cats:2 -- ls -l /datastores/cats"},
               .raw_rest = true},
      .run = run_script};
}

}  // namespace grid::cli
