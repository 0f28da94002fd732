#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/kept_create.h"
#include "cli/progress.h"
#include "cli/record.h"
#include "cli/source_count.h"
#include "cli/text.h"
#include "cli/version.h"
#include "dataset/create.h"

namespace grid::cli {

namespace {

using std::chrono::steady_clock;

std::string source_of(const Arguments& arguments) {
  if (arguments.has("SOURCE") && arguments.has("--source"))
    fail(ErrorKind::invalid_argument, "the source is named twice: as {} and with --source {}",
         arguments.get("SOURCE"), arguments.get("--source"));
  std::optional<std::string> source = arguments.find("SOURCE");
  if (!source) source = arguments.find("--source");
  if (!source || source->empty())
    fail(ErrorKind::invalid_argument,
         "grid datastore create: SOURCE is missing; see grid datastore create --help");
  for (std::string_view scheme : {"http://", "https://", "s3://"})
    if (source->starts_with(scheme))
      fail(ErrorKind::invalid_argument,
           "{}: sources with {} are not supported yet; a folder or a file of this machine is",
           *source, scheme);
  // Before anything is opened: a slip of the fingers leaves no empty store behind.
  if (struct stat status; ::stat(source->c_str(), &status) != 0)
    throw system_error(errno, fmt::format("cannot read the source {}", *source));
  return *source;
}

dataset::CreateOptions options_of(const Arguments& arguments) {
  if (arguments.has("--no-copy"))
    fail(ErrorKind::invalid_argument, "--no-copy is not supported yet: it is for s3:// sources");
  std::string source = source_of(arguments);
  std::string name =
      arguments.has("--name") ? arguments.get("--name") : dataset::datastore_name_of_source(source);
  dataset::check_datastore_name(name);
  return {.source = source,
          .name = name,
          .message = arguments.find("--message").value_or(""),
          .excludes = arguments.all("--exclude"),
          .force = arguments.has("--force"),
          .allow_partial = arguments.has("--allow-partial"),
          .program = fmt::format("grid {}", program_version())};
}

ProgressState state_of(const dataset::CreateProgress& progress, const SourceCount* ahead) {
  ProgressState state{.files_done = progress.files_done,
                      .bytes_done = progress.bytes_done,
                      .files_total = progress.files_total,
                      .bytes_total = progress.bytes_total,
                      .total_known = progress.total_known};
  if (!state.total_known && ahead != nullptr && ahead->is_known()) {
    state.files_total = std::max(state.files_total, ahead->files());
    state.bytes_total = std::max(state.bytes_total, ahead->bytes());
    state.total_known = true;
  }
  return state;
}

dataset::CreateCounts counts_of(const ProgressState& state) {
  dataset::CreateCounts counts{.files_done = state.files_done, .bytes_done = state.bytes_done};
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

std::string summary(const std::string& name, const dataset::CreateResult& result,
                    steady_clock::duration elapsed) {
  const dataset::VersionRecord& record = result.record;
  if (result.same)
    return fmt::format("same as {} (use --force to make a new version)\n",
                       spell(name, record.number));
  std::string out =
      fmt::format("{}  {}  {}  · ", spell(name, record.number),
                  format_count(record.totals.files, "file"), format_size(record.totals.bytes));
  if (record.parent)
    out += fmt::format("{} read, {} unchanged, ", format_count(result.files_read),
                       format_count(result.files_unchanged));
  return out + fmt::format("stored {} in {}\n", format_size(record.stored_bytes),
                           format_duration(elapsed));
}

void write_document(Output& output, const std::string& name, const dataset::CreateResult& result,
                    steady_clock::duration elapsed) {
  JsonWriter json(output);
  json.begin_object();
  write_version_members(json, name, {.record = result.record});
  json.member("same", result.same);
  json.member("files_read", result.files_read).member("files_unchanged", result.files_unchanged);
  json.member("bytes_read", result.bytes_read).member("bytes_new", result.bytes_new);
  json.member("seconds", std::chrono::duration<double>(elapsed).count());
  write_problems_member(json, result.problems);
  json.end_object();
}

// Nothing was published: every reason is named, and then the sentence.
int report_incomplete(Output& output, const dataset::IncompleteSource& error) {
  for (const dataset::Problem& problem : error.problems())
    output.warn(fmt::format("{}: {}", problem.path, problem.reason));
  output.warn(error.what());
  if (!output.json()) return 1;
  JsonWriter json(output);
  json.begin_object().key("error").begin_object();
  json.member("kind", name_of(error.kind())).member("message", error.what());
  write_problems_member(json, error.problems());
  json.end_object().end_object();
  return 1;
}

int create(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  dataset::CreateOptions options = options_of(arguments);
  const auto started = steady_clock::now();
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::make_if_absent);
  const std::size_t ready_before = store->datastores->ready_numbers(options.name).size();

  dataset::CreateProgress progress;
  dataset::CreateResult result;
  try {
    InterruptNotice notice(output, [&] { return interrupted(*store, options.name, ready_before); });
    std::optional<SourceCount> ahead;
    // A second walk is worth an estimate to somebody who watches, not to a log.
    if (!output.quiet() && output.message_is_terminal())
      ahead.emplace(dataset::WalkOptions{.source = options.source, .excludes = options.excludes});
    auto state = [&] { return state_of(progress, ahead ? &*ahead : nullptr); };
    KeptCreate kept(context, datastore_create_command().spec, arguments,
                    {.store = context.settings.store,
                     .store_id = store->marker.store_id,
                     .name = options.name,
                     .source = options.source},
                    [&] { return counts_of(state()); });
    ProgressBar bar(output, options.name, state);
    result = kept.run([&] { return dataset::create_version(*store, options, progress); });
  } catch (const dataset::IncompleteSource& error) {
    return report_incomplete(output, error);
  }
  const auto elapsed = steady_clock::now() - started;
  warn_of_problems(output, result.problems);
  output.debug(fmt::format("{} read, {} unchanged, {} read of which {} new, {} stored",
                           format_count(result.files_read, "file"), result.files_unchanged,
                           format_size(result.bytes_read), format_size(result.bytes_new),
                           format_size(progress.bytes_stored)));
  if (output.json())
    write_document(output, options.name, result, elapsed);
  else
    output.write(summary(options.name, result, elapsed));
  return 0;
}

}  // namespace

Command datastore_create_command() {
  return {
      .spec = {.path = {"datastore", "create"},
               .summary = "Make the next version of a datastore from a folder or a file",
               .description = "Stores what the store does not have yet. A source that has not "
                              "changed makes no new version. A version appears whole or not at "
                              "all; after an interruption the same command continues.",
               .positionals = {{.name = "SOURCE", .required = false, .completes = Completes::file}},
               .options = {{.name = "--source",
                            .value = "SOURCE",
                            .help = "the same as the positional SOURCE",
                            .completes = Completes::file},
                           {.name = "--name",
                            .short_name = "-n",
                            .value = "NAME",
                            .help = "the datastore; else the source's last path component",
                            .completes = Completes::datastore},
                           {.name = "--message",
                            .short_name = "-m",
                            .value = "TEXT",
                            .help = "kept with the version"},
                           {.name = "--exclude",
                            .short_name = "-x",
                            .value = "GLOB",
                            .help = "leave out names that match, or, with a / in it, paths",
                            .repeatable = true},
                           {.name = "--force",
                            .help = "make a version even if nothing has changed"},
                           {.name = "--allow-partial",
                            .help = "leave out, and name, files that cannot be read"},
                           {.name = "--no-copy", .help = "not supported yet"}},
               .examples = {"grid datastore create ./cats --name cats",
                            "grid datastore create ./cats -m 'new labels' --exclude '*.tmp'"}},
      .run = create};
}

}  // namespace grid::cli
