#include "run/artifacts.h"

#include <regex>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"
#include "run/runs.h"
#include "service/json.h"

namespace grid::cli {

namespace {

// Those whose path the expression matches anywhere; all if there is none.
std::vector<run::Artifact> matching(std::vector<run::Artifact> artifacts,
                                    const std::optional<std::string>& expression) {
  if (!expression) return artifacts;
  try {
    const std::regex wanted(*expression, std::regex::extended);
    std::erase_if(artifacts, [&](const run::Artifact& artifact) {
      return !std::regex_search(artifact.path, wanted);
    });
  } catch (const std::regex_error& error) {  // the library's, about what the user wrote
    fail(ErrorKind::invalid_argument, "-m {}: it is no regular expression: {}", *expression,
         error.what());
  }
  return artifacts;
}

int show_artifacts(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const run::RunFolder folder = run::Runs(context.settings.run_folder).get(arguments.get("RUN"));
  const std::vector<run::Artifact> artifacts =
      matching(run::list_artifacts(folder.artifacts()), arguments.find("--match"));
  const std::optional<std::string> destination = arguments.find("--download_dir");
  if (destination) run::copy_artifacts(folder.artifacts(), artifacts, *destination);

  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    json.begin_object()
        .member("run", folder.name())
        .name_member("folder", folder.artifacts().string());
    json.key("artifacts").begin_array();
    for (const run::Artifact& artifact : artifacts)
      json.begin_object()
          .name_member("path", artifact.path)
          .member("size", artifact.size)
          .end_object();
    json.end_array().end_object();
    return 0;
  }
  Table table;
  table.columns = {{.title = "SIZE", .align = Align::right}, {.title = "PATH"}};
  for (const run::Artifact& artifact : artifacts)
    table.rows.push_back({format_size(artifact.size), escape_name(artifact.path)});
  if (!artifacts.empty()) output.write(table.layout(output.result_width()));
  if (destination)
    output.say(
        fmt::format("{} copied to {}", format_count(artifacts.size(), "file"), *destination));
  else if (artifacts.empty())
    output.say(fmt::format("{} has no such artifacts", folder.name()));
  else
    output.say(fmt::format("in {}", folder.artifacts().string()));
  return 0;
}

}  // namespace

Command artifacts_command() {
  return {
      .spec = {.path = {"artifacts"},
               .summary = "List or fetch what a run wrote to $GRID_ARTIFACTS",
               .description = "To make them a datastore: "
                              "grid datastore create grid:run:RUN --name NAME",
               .positionals = {{.name = "RUN", .completes = Completes::run}},
               .options = {{.name = "--download_dir",
                            .value = "DIR",
                            .help = "copy them there",
                            .completes = Completes::folder},
                           {.name = "--match",
                            .short_name = "-m",
                            .value = "REGEX",
                            .help = "only those whose path it matches"}},
               .examples = {"grid artifacts quiet-otter-42",
                            "grid artifacts quiet-otter-42 --download_dir ./out -m '\\.ckpt$'"}},
      .run = show_artifacts};
}

}  // namespace grid::cli
