#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <optional>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/create_command.h"
#include "cli/create_options.h"
#include "cli/from_command.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "service/creates.h"
#include "service/error_document.h"
#include "service/repairs.h"
#include "source/archive_reader.h"

namespace grid::cli {

namespace {

// What an interruption now leaves behind. `work` is null before it has begun.
std::string interrupted(const service::DatastoreCreate* work) {
  const std::string published = work != nullptr ? work->what_is_published() : "";
  if (!published.empty()) return "interrupted, " + published;
  return "interrupted: nothing was published; repeat the command to continue";
}

std::string summary(const service::CreatedVersion& created) {
  const create::CreateResult& result = created.result;
  const dataset::VersionRecord& record = result.record;
  if (result.same)
    return fmt::format("same as {} (use --force to make a new version)\n",
                       dataset::spell(created.name, record.number));
  std::string out =
      fmt::format("{}  {}  {}  · ", dataset::spell(created.name, record.number),
                  format_count(record.totals.files, "file"), format_size(record.totals.bytes));
  if (record.totals.files_in_place == record.totals.files && record.totals.files > 0)
    return out + fmt::format("in place, none read, stored {} in {}\n",
                             format_size(record.stored_bytes), format_duration(created.elapsed));
  if (record.parent)
    out += fmt::format("{} read, {} unchanged, ", format_count(result.files_read),
                       format_count(result.files_unchanged));
  if (result.bytes_resumed > 0)
    out += fmt::format("continued after {}, ", format_size(result.bytes_resumed));
  return out + fmt::format("stored {} in {}\n", format_size(record.stored_bytes),
                           format_duration(created.elapsed));
}

// Nothing was published: names every reason, then reports the error.
int report_incomplete(Output& output, const create::IncompleteSource& error) {
  for (const source::Problem& problem : error.problems())
    output.warn(fmt::format("{}: {}", problem.path, problem.reason));
  output.warn(error.what());
  if (!output.json()) return 1;
  service::JsonWriter json(output.result_writer());
  service::write_error_document(json, error.kind(), error.what(), error.problems());
  return 1;
}

// Says in one line what was left out by default, since there may be a __pycache__ in every folder.
void say_left_out(Output& output, const std::vector<source::Problem>& problems) {
  std::map<std::string, std::size_t> counts;
  for (const source::Problem& problem : problems)
    if (problem.by_default) ++counts[std::filesystem::path(problem.path).filename().string()];
  std::string what;
  for (const auto& [name, count] : counts)
    what += (what.empty() ? "" : ", ") +
            (count == 1 ? name : fmt::format("{} × {}", format_count(count), name));
  if (!what.empty()) output.say(fmt::format("left out by default: {} (--all keeps them)", what));
}

// A version of links to data elsewhere is of no use where that data is not.
void warn_of_links(Output& output, const service::CreatedVersion& created) {
  const dataset::VersionRecord& record = created.result.record;
  if (record.totals.files > 0) return;
  const std::string version = dataset::spell(created.name, record.number);
  if (record.totals.symlinks > 0)
    output.warn(fmt::format(
        "{} has no files, only {}: links are stored as links; --follow-links stores what they lead "
        "to",
        version, format_count(record.totals.symlinks, "symbolic link")));
  else
    output.warn(fmt::format("{} has no files, only {}", version,
                            format_count(record.totals.folders, "folder")));
}

void report_created(Output& output, const service::CreatedVersion& created) {
  const create::CreateResult& result = created.result;
  for (const source::Problem& problem : result.problems)
    if (!problem.by_default)
      output.warn(
          fmt::format("{}: {}{}", problem.path, problem.reason, problem.kept ? "" : "; left out"));
  say_left_out(output, result.problems);
  warn_of_links(output, created);
  for (const dataset::UnreadableVersion& version : result.damaged)
    output.warn(fmt::format(
        "{}; {} was made after it without looking at it: to have it gone from lists and from "
        "`verify`, run grid datastore delete {}",
        version.reason, dataset::spell(created.name, result.record.number),
        dataset::spell(created.name, version.number)));
  if (const auto count = result.short_packs.size(); count > 0)
    output.warn(fmt::format(
        "{}{}: this version does not need it; to repair earlier versions, run grid store repair",
        result.short_packs[0],
        count == 1 ? "" : fmt::format(" (and {} too)", format_count(count - 1, "other pack"))));
  output.debug(
      fmt::format("{} read, {} unchanged, {} read of which {} new, {} not read again, {} stored",
                  format_count(result.files_read, "file"), result.files_unchanged,
                  format_size(result.bytes_read), format_size(result.bytes_new),
                  format_size(result.bytes_resumed), format_size(created.bytes_stored)));
  if (output.json()) {
    service::JsonWriter json(output.result_writer());
    service::write_document(json, created);
  } else {
    output.write(summary(created));
  }
}

void give_hints(Output& output, const Arguments& arguments, const create::CreateInput& input) {
  const std::vector<std::string>& patterns = arguments.all("--exclude");
  if (!patterns.empty() && std::all_of(patterns.begin(), patterns.end(),
                                       [](const std::string& p) { return p.starts_with('!'); }))
    output.say(
        "--include only takes back what --exclude or a .gridignore leaves out; to keep nothing "
        "else, add --exclude '*' before it");
  for (const source::SourceSpec& source : input.sources)
    if (source.reversed)
      output.say(fmt::format("taken as {}={}: the folder of the version comes first", source.place,
                             source.where));
  if (input.sources.size() != 1 || arguments.has("--no-extract")) return;
  const source::SourceSpec& source = input.sources[0];
  std::error_code ignored;
  if (!source.extract && source::is_archive_name(source.where) &&
      std::filesystem::is_regular_file(source.where, ignored))
    output.say(
        fmt::format("{} is stored as one file; --extract stores what is in it", source.where));
}

// The store is checked as a whole: what is bad in its packs has good copies by now, but for damage
// that the source does not heal.
void remove_damaged_packs(Context& context, const dataset::OpenStore& store, std::uint64_t healed) {
  Output& output = context.output;
  output.say(fmt::format("stored {} again that {} damaged; checking the rest of the store",
                         format_count(healed, "chunk"), healed == 1 ? "was" : "were"));
  std::atomic<bool> stop = false;
  care::RepairProgress progress;
  service::Repair repair;
  {
    InterruptNotice notice(
        output, [] { return "interrupted: the version is complete; grid store repair continues"; },
        [&] { stop = true; });
    ProgressBar bar(output, "repair", [&] {
      return ProgressState{.bytes_done = progress.packs.bytes_done,
                           .bytes_total = progress.packs.bytes_total};
    });
    bar.interrupted_if(stop);
    repair =
        service::repair_store(context.settings, store, {.sources = {}, .stop = &stop}, progress);
  }
  if (repair.is_well())
    output.say("all is well");
  else
    output.warn(fmt::format("{} could not be healed from this source: see grid datastore verify",
                            format_count(repair.report.left.damages.size(), "other damage")));
}

int create_datastore(Context& context, const Arguments& arguments) {
  Output& output = context.output;
  std::optional<CommandFolder> made;
  if (arguments.has("--from-command"))
    made.emplace(output, context.settings, arguments.get("--from-command"),
                 name_for_command(arguments));
  service::CreateRequest request{
      .options = create_options_of(arguments, context.settings, made ? made->path() : ""),
      .count_source = !output.quiet()};
  if (made) {
    request.options.note.source = made->description();
    request.options.storing.times_count = false;
  }
  const std::string name = request.options.note.name;
  give_hints(output, arguments, request.options.input);
  std::atomic<bool> stop = false;
  request.options.storing.stop = &stop;
  request.command =
      find_create_command(context.settings, datastore_create_command().spec, arguments);
  std::shared_ptr<dataset::OpenStore> store = context.open_store(StoreUse::make_if_absent);
  if (store->marker.made_now) output.say(fmt::format("new store at {}", store->backend->name()));

  service::CreatedVersion created;
  try {
    std::optional<service::DatastoreCreate> work;  // outlives the notice, which asks it
    std::atomic<const service::DatastoreCreate*> begun = nullptr;
    InterruptNotice notice(
        output, [&] { return interrupted(begun); }, [&] { stop = true; });
    begun = &work.emplace(context.settings, *store, std::move(request));
    if (const std::string problem = work->keeping_problem(); !problem.empty())
      output.warn(
          fmt::format("{}; if this create is interrupted, a repeat reads the source again{}",
                      problem, folder_hint(context.settings, problem)));
    ProgressBar bar(output, name, [&] { return work->progress(); });
    bar.interrupted_if(stop);
    created = work->run();
  } catch (const create::IncompleteSource& error) {
    return report_incomplete(output, error);
  }
  if (made) made->remove();
  report_created(output, created);
  if (created.result.chunks_healed > 0)
    remove_damaged_packs(context, *store, created.result.chunks_healed);
  return 0;
}

}  // namespace

Command datastore_create_command() {
  return {
      .spec =
          {.path = {"datastore", "create"},
           .summary = "Create the next version of a datastore from a folder, file or archive",
           .description =
               "Stores only content that the store does not have yet. A source that has not "
               "changed makes no new version. A version appears whole or not at all; after an "
               "interruption, the same command continues.\n\n"
               "SOURCE is a folder, a file, an http:// or https:// URL, s3://BUCKET/PREFIX, or - "
               "for a tar on standard input. An archive (.zip .tar .tar.gz .tar.zst .tar.xz "
               ".tar.bz2) is unpacked while it is read: by default from a URL, with --extract from "
               "a file or a bucket.\n\n"
               "With --no-copy, objects stay in their bucket: the version is made from a listing, "
               "and no object is read. Each file stands for an object with its current ETag and "
               "size. If the object is overwritten or deleted later, reading the file fails and "
               "never gives other bytes. With such a version as SOURCE, the next version has "
               "copies of all objects that have not changed.\n\n"
               "A .gridignore file in a folder of the source works like a .gitignore.",
           .positionals = {{.name = "SOURCE", .required = false, .completes = Completes::file}},
           .options = {{.name = "--source",
                        .value = "[PATH=]SOURCE",
                        .help = "one of several sources, placed in the folder PATH",
                        .repeatable = true,
                        .completes = Completes::file},
                       {.name = "--from-command",
                        .value = "COMMAND",
                        .help = "run this with a new empty folder for {}, and take what it leaves "
                                "there"},
                       {.name = "--extract", .help = "unpack an archive"},
                       {.name = "--no-extract", .help = "keep an archive as a file"},
                       {.name = "--max-size",
                        .value = "SIZE",
                        .help = "refuse an archive that unpacks to more than this, such as 500GB"},
                       {.name = "--max-files",
                        .value = "N",
                        .help = "refuse an archive with more than N members"},
                       {.name = "--name",
                        .short_name = "-n",
                        .value = "NAME",
                        .help = "the datastore (default: the source's last path component)",
                        .completes = Completes::datastore},
                       {.name = "--message",
                        .short_name = "-m",
                        .value = "TEXT",
                        .help = "a message to keep with the version: UTF-8, at most 64 KiB"},
                       {.name = "--base",
                        .value = "NAME[:VERSION]",
                        .help = "start from this version instead of a source",
                        .completes = Completes::version},
                       {.name = "--add",
                        .value = "[PATH=]SOURCE",
                        .help = "add a folder's content or a file to the base, in the folder PATH",
                        .repeatable = true,
                        .completes = Completes::file},
                       {.name = "--remove",
                        .value = "PATTERN",
                        .help = "remove a path from the base, with * and ** as in a .gitignore",
                        .repeatable = true},
                       {.name = "--exclude",
                        .short_name = "-x",
                        .value = "PATTERN",
                        .help = "leave out what matches, like a line in a .gitignore",
                        .repeatable = true},
                       {.name = "--include",
                        .value = "PATTERN",
                        .help = "re-include what matches; the last match wins",
                        .repeatable = true,
                        .negates = "--exclude"},
                       {.name = "--no-ignore", .help = "disregard .gridignore files"},
                       {.name = "--all",
                        .short_name = "-a",
                        .help = "also keep .git, __pycache__, .ipynb_checkpoints and .DS_Store, "
                                "which are left out by default"},
                       {.name = "--follow-links",
                        .help = "store what symbolic links lead to instead of the links"},
                       {.name = "--force", .help = "make a version even if nothing has changed"},
                       {.name = "--allow-partial",
                        .help = "leave out files that cannot be read, and name them"},
                       {.name = "--paranoid",
                        .help = "read everything twice, and publish only what was the same"},
                       {.name = "--repair",
                        .help = "read everything, and store again what is damaged in the store"},
                       {.name = "--no-copy",
                        .help =
                            "leave the objects of s3:// in their bucket: list them, read none"}},
           .examples = {"grid datastore create ./cats --name cats",
                        "grid datastore create ./cats -m 'new labels' --exclude '*.tmp'",
                        "grid datastore create cats.tar.zst --extract",
                        "tar c . | grid datastore create - --name cats",
                        "grid datastore create -n pets --source cats=./cats --source labels.csv",
                        "grid datastore create https://example.org/cats.zip",
                        "grid datastore create s3://private-bucket/cats/ --name cats --no-copy",
                        "grid datastore create cats:1 --name cats",
                        "grid datastore create -n mnist --from-command 'python get.py --root {}'",
                        "grid datastore create --base cats:3 --add new --remove 'old/*.jpg'"}},
      .run = create_datastore};
}

}  // namespace grid::cli
