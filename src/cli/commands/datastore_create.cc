#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/create_options.h"
#include "cli/interrupt.h"
#include "cli/kept_create.h"
#include "cli/progress.h"
#include "cli/record.h"
#include "cli/source_count.h"
#include "cli/text.h"
#include "cli/version.h"
#include "create/create.h"

namespace grid::cli {

namespace {

using std::chrono::steady_clock;

// Beside the create, which walks just ahead of its reading, one folder or file can be counted.
bool can_be_counted(const create::CreateOptions& options) {
  return options.sources.size() == 1 && !options.version && !options.sources[0].extract &&
         options.sources[0].where != "-" && !source::is_url(options.sources[0].where) &&
         !source::is_s3_url(options.sources[0].where);
}

std::uint64_t unread(const create::CreateProgress& progress) {
  return progress.bytes_unchanged + progress.bytes_resumed;
}

// Nothing is read while the source is only looked through; at the end everything is done but the
// last packs and the version itself.
std::string_view phase_of(const create::CreateProgress& progress) {
  if (progress.total_known && progress.files_done == progress.files_total) return "finishing";
  return progress.bytes_done > unread(progress) ? "storing" : "scanning";
}

ProgressState state_of(const create::CreateProgress& progress, const SourceCount* ahead) {
  ProgressState state{.phase = phase_of(progress),
                      .files_done = progress.files_done,
                      .bytes_done = progress.bytes_done,
                      .files_total = progress.files_total,
                      .bytes_total = progress.bytes_total,
                      .total_known = progress.total_known,
                      .savings = Savings{.unread = unread(progress),
                                         .fresh = progress.bytes_new,
                                         .stored = progress.bytes_stored}};
  if (!state.total_known && ahead != nullptr && ahead->is_known()) {
    state.files_total = std::max(state.files_total, ahead->files());
    state.bytes_total = std::max(state.bytes_total, ahead->bytes());
    state.total_known = true;
  }
  return state;
}

create::CreateCounts counts_of(const ProgressState& state) {
  create::CreateCounts counts{.files_done = state.files_done, .bytes_done = state.bytes_done};
  if (state.savings) counts.bytes_stored = state.savings->stored;
  if (!state.total_known) return counts;
  counts.files_total = state.files_total;
  counts.bytes_total = state.bytes_total;
  return counts;
}

// What an interruption now would leave behind.
std::string interrupted(const dataset::OpenStore& store, const std::string& name,
                        std::size_t ready_before) {
  std::vector<dataset::VersionNumber> ready = store.datastores->ready_numbers(name);
  if (ready.size() > ready_before)
    return fmt::format("interrupted, after {} was published", spell(name, ready.back()));
  return "interrupted: nothing was published; the same command again continues";
}

std::string summary(const std::string& name, const create::CreateResult& result,
                    steady_clock::duration elapsed) {
  const dataset::VersionRecord& record = result.record;
  if (result.same)
    return fmt::format("same as {} (use --force to make a new version)\n",
                       spell(name, record.number));
  std::string out =
      fmt::format("{}  {}  {}  · ", spell(name, record.number),
                  format_count(record.totals.files, "file"), format_size(record.totals.bytes));
  if (record.totals.files_in_place == record.totals.files && record.totals.files > 0)
    return out + fmt::format("in place, none read, stored {} in {}\n",
                             format_size(record.stored_bytes), format_duration(elapsed));
  if (record.parent)
    out += fmt::format("{} read, {} unchanged, ", format_count(result.files_read),
                       format_count(result.files_unchanged));
  if (result.bytes_resumed > 0)
    out += fmt::format("continued after {}, ", format_size(result.bytes_resumed));
  return out + fmt::format("stored {} in {}\n", format_size(record.stored_bytes),
                           format_duration(elapsed));
}

void write_document(Output& output, const std::string& name, const create::CreateResult& result,
                    steady_clock::duration elapsed) {
  service::JsonWriter json(output.result_writer());
  json.begin_object();
  write_version_members(json, name, {.record = result.record});
  json.member("same", result.same);
  json.member("files_read", result.files_read).member("files_unchanged", result.files_unchanged);
  json.member("bytes_read", result.bytes_read).member("bytes_new", result.bytes_new);
  json.member("bytes_resumed", result.bytes_resumed);
  json.member("seconds", std::chrono::duration<double>(elapsed).count());
  write_problems_member(json, result.problems);
  json.end_object();
}

// Nothing was published: every reason is named, and then the sentence.
int report_incomplete(Output& output, const create::IncompleteSource& error) {
  for (const source::Problem& problem : error.problems())
    output.warn(fmt::format("{}: {}", problem.path, problem.reason));
  output.warn(error.what());
  if (!output.json()) return 1;
  service::JsonWriter json(output.result_writer());
  write_error(json, error.kind(), error.what(),
              [&] { write_problems_member(json, error.problems()); });
  return 1;
}

int create_datastore(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  create::CreateOptions options = create_options_of(arguments, context.settings);
  const auto started = steady_clock::now();
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::make_if_absent);
  const std::size_t ready_before = store->datastores->ready_numbers(options.name).size();

  create::CreateProgress progress;
  create::CreateResult result;
  std::atomic<bool> stop = false;
  options.stop = &stop;
  try {
    InterruptNotice notice(
        output, [&] { return interrupted(*store, options.name, ready_before); },
        [&] { stop = true; });
    std::optional<SourceCount> ahead;
    if (!output.quiet() && can_be_counted(options))
      ahead.emplace(source::WalkOptions{.source = options.sources[0].where,
                                        .patterns = options.patterns,
                                        .use_ignore_files = options.use_ignore_files});
    auto state = [&] { return state_of(progress, ahead ? &*ahead : nullptr); };
    KeptCreate kept(context, datastore_create_command().spec, arguments,
                    {.store = context.settings.store,
                     .store_id = store->marker.store_id,
                     .name = options.name,
                     .source = shown(options.sources)},
                    [&] { return counts_of(state()); });
    options.checkpoint = kept.checkpoint();
    options.journals = kept.folder();
    options.bytes_stored_before = kept.bytes_stored_before();
    ProgressBar bar(output, options.name, state);
    bar.interrupted_if(stop);
    result = kept.run([&] { return create::create_version(*store, options, progress); });
  } catch (const create::IncompleteSource& error) {
    return report_incomplete(output, error);
  }
  const auto elapsed = steady_clock::now() - started;
  warn_of_problems(output, result.problems);
  output.debug(
      fmt::format("{} read, {} unchanged, {} read of which {} new, {} not read again, {} stored",
                  format_count(result.files_read, "file"), result.files_unchanged,
                  format_size(result.bytes_read), format_size(result.bytes_new),
                  format_size(result.bytes_resumed), format_size(progress.bytes_stored)));
  if (output.json())
    write_document(output, options.name, result, elapsed);
  else
    output.write(summary(options.name, result, elapsed));
  return 0;
}

}  // namespace

Command datastore_create_command() {
  return {
      .spec =
          {.path = {"datastore", "create"},
           .summary = "Make the next version of a datastore from a folder, a file or an archive",
           .description =
               "Stores what the store does not have yet. A source that has not changed makes "
               "no new version. A version appears whole or not at all; after an interruption "
               "the same command continues.\n\n"
               "SOURCE is a folder, a file, an http:// or https:// URL, s3://BUCKET/PREFIX, or - "
               "for a "
               "tar on standard input. An archive (.zip .tar .tar.gz .tar.zst .tar.xz .tar.bz2) is "
               "unpacked "
               "while it is read, from a URL by default, from a file or a bucket with "
               "--extract.\n\n"
               "With --no-copy the objects of a bucket stay there: a listing is made a version, "
               "and no "
               "object is read. A file is the object with the ETag and size that it has now; "
               "one that is overwritten or deleted later is an error, never other bytes. With a "
               "version as SOURCE the next one has copies of all that has not changed.\n\n"
               "A .gridignore in a folder of the source has the rules of a .gitignore.",
           .positionals = {{.name = "SOURCE", .required = false, .completes = Completes::file}},
           .options = {{.name = "--source",
                        .value = "[PATH=]SOURCE",
                        .help = "one source of several, put in the folder PATH",
                        .repeatable = true,
                        .completes = Completes::file},
                       {.name = "--extract", .help = "unpack an archive"},
                       {.name = "--no-extract", .help = "keep an archive as the file it is"},
                       {.name = "--max-size",
                        .value = "SIZE",
                        .help = "refuse an archive that unpacks to more, such as 500GB"},
                       {.name = "--max-files",
                        .value = "N",
                        .help = "refuse an archive with more members"},
                       {.name = "--name",
                        .short_name = "-n",
                        .value = "NAME",
                        .help = "the datastore; else the source's last path component",
                        .completes = Completes::datastore},
                       {.name = "--message",
                        .short_name = "-m",
                        .value = "TEXT",
                        .help = "kept with the version"},
                       {.name = "--base",
                        .value = "NAME[:VERSION]",
                        .help = "start from this version instead of a source",
                        .completes = Completes::version},
                       {.name = "--add",
                        .value = "DIR[=PATH]",
                        .help = "to the base: what is in DIR, in the folder PATH",
                        .repeatable = true,
                        .completes = Completes::file},
                       {.name = "--remove",
                        .value = "PATTERN",
                        .help = "from the base: a path, with * and ** as in a .gitignore",
                        .repeatable = true},
                       {.name = "--exclude",
                        .short_name = "-x",
                        .value = "PATTERN",
                        .help = "leave out what matches, as a line of a .gitignore does",
                        .repeatable = true},
                       {.name = "--include",
                        .value = "PATTERN",
                        .help = "keep it after all; of both, the last that matches counts",
                        .repeatable = true,
                        .negates = "--exclude"},
                       {.name = "--no-ignore", .help = "take no notice of .gridignore files"},
                       {.name = "--force", .help = "make a version even if nothing has changed"},
                       {.name = "--allow-partial",
                        .help = "leave out, and name, files that cannot be read"},
                       {.name = "--no-copy",
                        .help = "leave the objects of s3:// where they are: list, read nothing"}},
           .examples = {"grid datastore create ./cats --name cats",
                        "grid datastore create ./cats -m 'new labels' --exclude '*.tmp'",
                        "grid datastore create cats.tar.zst --extract",
                        "tar c . | grid datastore create - --name cats",
                        "grid datastore create -n pets --source cats=./cats --source labels.csv",
                        "grid datastore create https://example.org/cats.zip",
                        "grid datastore create s3://private-bucket/cats/ --name cats --no-copy",
                        "grid datastore create cats:1 --name cats",
                        "grid datastore create --base cats:3 --add new --remove 'old/*.jpg'"}},
      .run = create_datastore};
}

}  // namespace grid::cli
