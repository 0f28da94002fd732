#include <algorithm>

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

constexpr std::size_t shown_failures_max = 20;

// Names what is missing in the copy; a terminal is not filled with thousands of lines.
void report_failures(Output& output, const service::Export& done) {
  const std::string version = dataset::spell(done.name, done.version);
  const care::ExportReport& report = done.report;
  const std::size_t shown = std::min(report.failures.size(), shown_failures_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const care::ExportFailure& failure = report.failures[i];
    output.warn(fmt::format("{}: {}{}{}", version, failure.path, failure.path.empty() ? "" : ": ",
                            failure.reason));
  }
  if (report.failures.size() > shown)
    output.warn(fmt::format("… and {} more, which -o json lists",
                            format_count(report.failures.size() - shown)));
  output.warn(fmt::format(
      "{} is an incomplete copy of {}: {} of it could not be written", done.destination, version,
      format_count(report.failed) + (report.failed == 1 ? " entry" : " entries")));
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
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::read);
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
  if (done.report.failed == 0) return 0;
  report_failures(output, done);
  return 1;
}

}  // namespace

Command datastore_get_command() {
  return {.spec = {.path = {"datastore", "get"},
                   .summary = "Write a version, or a part of it, as plain files",
                   .description =
                       "DEST must be new or an empty folder. PATH is a folder or a file of the "
                       "version. What is damaged is left out and named, and the exit status is "
                       "then 1. The umask decides permissions, as for any new file.",
                   .positionals = {{.name = "NAME[:V]", .completes = Completes::version},
                                   {.name = "DEST", .completes = Completes::file},
                                   {.name = "PATH", .required = false}},
                   .examples = {"grid datastore get cats:3 ./cats-3",
                                "grid datastore get cats:3 ./labels.csv labels.csv"}},
          .run = get};
}

}  // namespace grid::cli
