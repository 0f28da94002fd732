#include <chrono>

#include "care/exporter.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/record.h"
#include "cli/text.h"

namespace grid::cli {

namespace {

using std::chrono::steady_clock;

ProgressState state_of(const care::ExportProgress& progress) {
  return {.files_done = progress.files_done,
          .bytes_done = progress.bytes_done,
          .files_total = progress.files_total,
          .bytes_total = progress.bytes_total};
}

int get(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  dataset::Reference reference = dataset::Reference::parse(arguments.get("NAME[:V]"));
  dataset::VersionRecord record = store->datastores->resolve(reference).record;
  std::string version = spell(reference.name, record.number);
  std::shared_ptr<const tree::Manifest> manifest = store->manifest(record);
  const std::string path = path_in_version(arguments.find("PATH").value_or(""));
  if (!path.empty()) entry_at(*manifest, version, path);
  const std::string destination = arguments.get("DEST");

  const auto started = steady_clock::now();
  care::ExportProgress progress;
  {
    InterruptNotice notice(output, [&] {
      return fmt::format("interrupted: {} is an incomplete copy of {}", destination, version);
    });
    ProgressBar bar(output, version, [&] { return state_of(progress); });
    try {
      care::export_tree(*store, manifest, path, destination, progress);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::changed) throw error.within(version);
      throw;
    }
  }
  std::chrono::duration<double> elapsed = steady_clock::now() - started;

  if (!output.json()) {
    output.say(fmt::format(
        "{} → {}  {}  {} in {}", path.empty() ? version : version + "/" + path, destination,
        format_count(progress.files_done, "file"), format_size(progress.bytes_done),
        format_duration(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed))));
    return 0;
  }
  service::JsonWriter json(output.result_writer());
  json.begin_object().member("name", reference.name).member("version", record.number);
  json.name_member("path", path).name_member("destination", destination);
  json.member("files", progress.files_done.load()).member("bytes", progress.bytes_done.load());
  json.member("seconds", elapsed.count()).end_object();
  return 0;
}

}  // namespace

Command datastore_get_command() {
  return {.spec = {.path = {"datastore", "get"},
                   .summary = "Write a version, or a part of it, out as plain files",
                   .description = "DEST must not exist yet, or be an empty folder. PATH is a "
                                  "folder or a file of the version.",
                   .positionals = {{.name = "NAME[:V]", .completes = Completes::version},
                                   {.name = "DEST", .completes = Completes::file},
                                   {.name = "PATH", .required = false}},
                   .examples = {"grid datastore get cats:3 ./cats-3",
                                "grid datastore get cats:3 ./labels.csv labels.csv"}},
          .run = get};
}

}  // namespace grid::cli
