#include "cli/args.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "service/exports.h"

namespace grid::cli {

namespace {

ProgressState state_of(const care::ExportProgress& progress) {
  return {.files_done = progress.files_done,
          .bytes_done = progress.bytes_done,
          .files_total = progress.files_total,
          .bytes_total = progress.bytes_total};
}

std::string summary(const service::Export& done) {
  const std::string version = dataset::spell(done.name, done.version);
  return fmt::format("{} → {}  {}  {} in {}",
                     done.path.empty() ? version : version + "/" + done.path, done.destination,
                     format_count(done.files, "file"), format_size(done.bytes),
                     format_duration(done.elapsed));
}

int get(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  std::shared_ptr<dataset::OpenStore> store = context.open_store();
  service::ExportRequest request{.version = service::open_version(
                                     *store, dataset::Reference::parse(arguments.get("NAME[:V]"))),
                                 .destination = arguments.get("DEST")};
  request.path = service::export_path(request.version, arguments.find("PATH").value_or(""));

  const std::string version = request.version.text();
  care::ExportProgress progress;
  service::Export done;
  {
    InterruptNotice notice(output, [&] {
      return fmt::format("interrupted: {} is an incomplete copy of {}", request.destination,
                         version);
    });
    ProgressBar bar(output, version, [&] { return state_of(progress); });
    done = service::export_version(*store, request, progress);
  }
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, done);
  } else {
    output.say(summary(done));
  }
  return 0;
}

}  // namespace

Command datastore_get_command() {
  return {.spec = {.path = {"datastore", "get"},
                   .summary = "Write a version, or a part of it, as plain files",
                   .description = "DEST must be new or an empty folder. PATH is a "
                                  "folder or a file of the version.",
                   .positionals = {{.name = "NAME[:V]", .completes = Completes::version},
                                   {.name = "DEST", .completes = Completes::file},
                                   {.name = "PATH", .required = false}},
                   .examples = {"grid datastore get cats:3 ./cats-3",
                                "grid datastore get cats:3 ./labels.csv labels.csv"}},
          .run = get};
}

}  // namespace grid::cli
