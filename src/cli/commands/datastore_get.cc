#include <algorithm>
#include <filesystem>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/references.h"
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

bool is_folder_of(const service::ExportRequest& request) {
  if (request.path.empty()) return true;
  const auto entry = request.version.manifest->find_path(request.path);
  return !entry || entry->kind() == tree::EntryKind::folder;
}

// The kind of archive that DEST asks for; empty: plain files.
std::optional<service::ArchiveKind> archive_kind_of(const service::ExportRequest& request) {
  std::error_code ignored;
  if (request.destination == "-") return service::ArchiveKind::tar;
  if (std::filesystem::is_directory(request.destination, ignored)) return std::nullopt;
  const auto kind = service::find_archive_kind(request.destination);
  return kind && is_folder_of(request) ? kind : std::nullopt;
}

void check_standard_output(const Output& output, const service::ExportRequest& request) {
  if (!is_folder_of(request))
    fail(ErrorKind::invalid_argument, "{} is a file: grid datastore cat prints it", request.path);
  if (output.json())
    fail(ErrorKind::invalid_argument, "-o json does not go with -, which writes the tar there");
  if (output.result_is_terminal())
    fail(ErrorKind::invalid_argument,
         "a tar is nothing for a terminal: name a file or a folder, or pass it on, as in | tar x");
}

service::Export write_copy(Output& output, const std::shared_ptr<dataset::OpenStore>& store,
                           const service::ExportRequest& request, care::ExportProgress& progress) {
  const std::optional<service::ArchiveKind> kind = archive_kind_of(request);
  if (!kind) return service::export_version(*store, request, progress);
  if (request.destination != "-")
    return service::export_archive_file(store, request, *kind, progress);
  return service::export_archive(store, request, *kind, progress,
                                 [&](BytesView piece) { output.write_bytes(piece); });
}

int get(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::read);
  service::ExportRequest request{
      .version = service::open_version(*store, parse_reference(arguments.get("NAME[:V]"))),
      .destination = arguments.get("DEST"),
      .existing = arguments.has("--force") ? care::Existing::replace : care::Existing::keep};
  request.path = service::export_path(request.version, arguments.find("PATH").value_or(""));

  if (request.destination == "-") check_standard_output(output, request);

  const std::string version = request.version.text();
  care::ExportProgress progress;
  service::Export done;
  {
    InterruptNotice notice(output, [&] {
      return fmt::format("interrupted: {} is an incomplete copy of {}", request.destination,
                         version);
    });
    ProgressBar bar(output, version, [&] { return state_of(progress); });
    done = write_copy(output, store, request, progress);
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
                   .summary = "Copy a version, or part of it, to plain files or an archive",
                   .description =
                       "DEST is a folder, new or not: files that are there already are kept and "
                       "named unless --force replaces them. A DEST that ends in .tar, .tar.zst or "
                       ".zip becomes an archive, - a tar on standard output. PATH is a folder or a "
                       "file of the version. What is damaged is left out and named, and the exit "
                       "status is then 1. The umask decides permissions, as for any new file.",
                   .positionals = {{.name = "NAME[:V]", .completes = Completes::version},
                                   {.name = "DEST", .completes = Completes::file},
                                   {.name = "PATH", .required = false}},
                   .options = {{.name = "--force",
                                .short_name = "-f",
                                .help = "replace files that exist already"}},
                   .examples = {"grid datastore get cats:3 ./cats-3",
                                "grid datastore get cats:3 ./labels.csv labels.csv",
                                "grid datastore get cats:3 cats.tar.zst",
                                "grid datastore get cats:3 - | tar x -C elsewhere"}},
          .run = get};
}

}  // namespace grid::cli
