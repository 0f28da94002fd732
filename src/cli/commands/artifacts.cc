#include "cli/args.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "cli/text.h"
#include "service/run_artifacts.h"

namespace grid::cli {

namespace {

int show_artifacts(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  const service::RunArtifacts found =
      service::list_artifacts(context.settings, arguments.get("RUN"), arguments.find("--match"));
  const std::optional<std::string> destination = arguments.find("--download_dir");
  std::vector<run::ArtifactFailure> uncopied;
  if (destination) uncopied = run::copy_artifacts(found.folder, found.artifacts, *destination);
  if (!found.failures.empty()) output.warn(run::spell_failures(found.failures, "listed"));
  if (!uncopied.empty()) output.warn(run::spell_failures(uncopied, "copied"));
  const int status = found.failures.empty() && uncopied.empty() ? 0 : 1;

  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, found);
    return status;
  }
  Table table;
  table.columns = {{.title = "SIZE", .align = Align::right}, {.title = "PATH"}};
  for (const run::Artifact& artifact : found.artifacts)
    table.rows.push_back({format_size(artifact.size), escape_name(artifact.path)});
  if (!found.artifacts.empty()) output.write(table.layout(output.result_width()));
  if (destination)
    output.say(fmt::format("{} copied to {}",
                           format_count(found.artifacts.size() - uncopied.size(), "file"),
                           *destination));
  else if (found.artifacts.empty())
    output.say(fmt::format("{} has no such artifacts", found.run));
  else
    output.say(fmt::format("in {}", found.folder.string()));
  return status;
}

}  // namespace

Command artifacts_command() {
  return {
      .spec = {.path = {"artifacts"},
               .summary = "List or fetch what a run wrote to $GRID_ARTIFACTS",
               .description = "To make a datastore of them: "
                              "grid datastore create grid:run:RUN --name NAME",
               .positionals = {{.name = "RUN", .completes = Completes::run}},
               .options = {{.name = "--download_dir",
                            .value = "DIR",
                            .help = "copy the files to this folder",
                            .completes = Completes::folder},
                           {.name = "--match",
                            .short_name = "-m",
                            .value = "REGEX",
                            .help = "only files whose path matches"}},
               .examples = {"grid artifacts quiet-otter-42",
                            "grid artifacts quiet-otter-42 --download_dir ./out -m '\\.ckpt$'"}},
      .run = show_artifacts};
}

}  // namespace grid::cli
