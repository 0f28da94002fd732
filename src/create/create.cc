#include "create/create.h"

#include <algorithm>
#include <ctime>
#include <thread>

#include "base/error.h"
#include "base/user.h"
#include "create/importer.h"
#include "create/lost_content.h"
#include "create/scan_record.h"
#include "create/version_source.h"

namespace grid::create {

namespace fs = std::filesystem;

// Workers also wait for the disk, so one more than cores; not so many that their packs, 32 MiB
// each, become the memory of the create.
static unsigned default_workers() {
  return std::clamp(std::thread::hardware_concurrency() + 1, 3u, 16u);
}

// Folders of grid's own, which are skipped if they lie inside the source: they change during the
// create.
static std::vector<source::SkippedFolder> own_folders(const dataset::OpenStore& store,
                                                      const fs::path& state_folder) {
  std::vector<source::SkippedFolder> folders;
  auto add = [&](const fs::path& path, std::string what) {
    if (!path.empty()) folders.push_back({path, std::move(what)});
  };
  add(store.local_folder, "the store itself");
  add(store.cache_folder, "grid's cache");
  add(state_folder, "grid's state");
  return folders;
}

// The files of the newest version that need not be read again. Anything amiss with the version or
// the record means that all files are read, which is always right.
static std::optional<UnchangedFiles> find_unchanged(const dataset::OpenStore& store,
                                                    const fs::path& scan_record,
                                                    const std::optional<dataset::Version>& newest,
                                                    source::SourceOrder order) {
  if (!newest) return std::nullopt;
  try {
    return UnchangedFiles::find(scan_record, store.manifest(newest->record), order);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unavailable) throw;
    return std::nullopt;
  }
}

// The sources as the user named them.
static std::string named(const CreateInput& input) {
  if (!input.base) return source::shown(input.sources);
  std::string text = input.base->reference.text();
  for (const source::SourceSpec& added : input.sources)
    text += " --add " + source::shown({{.where = added.where}}) +
            (added.place.empty() ? "" : "=" + added.place);
  for (const std::string& pattern : input.base->removed) text += " --remove " + pattern;
  return text;
}

// A record names thousands of sources only as far as it has room.
static std::string shortened(std::string text) {
  static constexpr std::string_view rest = " …";
  if (text.size() <= dataset::record_text_size_max) return text;
  text.resize(dataset::record_text_size_max - rest.size());
  return text.append(rest);
}

static TreeChanges changes_of(const dataset::OpenStore& store, const CreateBase& base) {
  dataset::Version version = store.datastores->resolve(base.reference);
  std::shared_ptr<const tree::Manifest> manifest = store.manifest(version.record);
  std::string name = fmt::format("{}:{}", base.reference.name, version.record.number);
  std::vector<tree::EntryRange> removed = find_removed(*manifest, name, base.removed);
  return {.base = std::move(manifest),
          .base_name = std::move(name),
          .removed = std::move(removed),
          .top_mtime_ns = version.record.top_mtime_ns};
}

static std::unique_ptr<source::Source> open_source_of(const dataset::OpenStore& store,
                                                      const CreateInput& input,
                                                      const fs::path& journals) {
  if (input.version) {
    const dataset::VersionRecord copied = store.datastores->resolve(*input.version).record;
    return std::make_unique<VersionSource>(store.manifest(copied), copied.top_mtime_ns,
                                           store.buckets);
  }
  return source::open_sources(input.sources, {.patterns = input.patterns,
                                              .use_ignore_files = input.use_ignore_files,
                                              .limits = input.limits,
                                              .journals = journals,
                                              .servers = input.servers,
                                              .in_place = input.in_place,
                                              .skipped = own_folders(store, input.state_folder)});
}

// Throws IncompleteSource for files that should have been kept; what no version can hold is none.
static void refuse_incomplete(const CreateInput& input,
                              const std::vector<source::Problem>& problems) {
  std::vector<source::Problem> failed;
  std::copy_if(
      problems.begin(), problems.end(), std::back_inserter(failed),
      [](const source::Problem& problem) { return !problem.unsupported && !problem.kept; });
  if (failed.empty()) return;
  std::string sentence =
      failed.size() == 1
          ? fmt::format("{}: {}: {}", named(input), failed[0].path, failed[0].reason)
          : fmt::format("{}: {} files or folders could not be kept", named(input), failed.size());
  throw IncompleteSource(
      sentence + "; nothing was published (--allow-partial makes a version without them)",
      std::move(failed));
}

namespace {

// The log of earlier attempts, as far as the store has the chunks.
class LoggedCheckpoint : public Checkpoint {
 public:
  LoggedCheckpoint(CheckpointLog& log, const store::ChunkStore& chunks)
      : log_(log), chunks_(chunks) {}

  std::optional<std::vector<store::ChunkRef>> find(const source::SourceEntry& entry,
                                                   std::uint64_t begin) override {
    if (!chunks_.short_packs()->empty()) return std::nullopt;  // the chunks may be lost
    return log_.find(entry.entry.path(), entry.state, begin, chunks_.index());
  }
  void add(const source::SourceEntry& entry, std::uint64_t begin,
           std::span<const store::ChunkRef> chunks) override {
    log_.add(entry.entry.path(), entry.state, begin, chunks);
  }

 private:
  CheckpointLog& log_;
  const store::ChunkStore& chunks_;
};

}  // namespace

// The newest version as the result of an import, if the source's identity says that all of that
// version was made of this source.
static std::optional<Import> recognise(const std::optional<dataset::Version>& newest,
                                       const std::optional<UnchangedFiles>& unchanged,
                                       const std::optional<Digest>& source,
                                       CreateProgress& progress) {
  if (!unchanged || !source || !unchanged->are_all_of(*source)) return std::nullopt;
  const tree::TreeTotals totals = unchanged->totals();
  progress.files_total = progress.files_done = progress.files_unchanged = totals.files;
  progress.bytes_total = progress.bytes_done = progress.bytes_unchanged = totals.bytes;
  progress.total_known = true;
  return Import{.root = newest->record.root, .totals = totals, .files_unchanged = totals.files};
}

CreateResult create_version(dataset::OpenStore& store, const CreateOptions& options,
                            CreateProgress& progress) {
  const CreateInput& input = options.input;
  const CreateStoring& storing = options.storing;
  const CreateNote& note = options.note;
  dataset::check_datastore_name(note.name);
  dataset::check_record_text("the message", note.message);  // before anything is read
  dataset::check_record_text("the name of the user", note.created_by,
                             dataset::record_name_size_max);
  store.chunks->refresh_for_writing();
  // If not, every file is read, so that what is lost is stored again.
  const bool packs_are_whole = store.chunks->short_packs()->empty();
  std::optional<dataset::Version> newest = store.datastores->find_newest(note.name);
  fs::path record_path = store.scan_record_path(note.name);
  std::unique_ptr<source::Source> source = open_source_of(store, input, storing.journals);
  std::optional<TreeChanges> changes;
  std::optional<std::int64_t> base_top_mtime_ns;
  if (input.base) {
    changes = changes_of(store, *input.base);
    base_top_mtime_ns = changes->top_mtime_ns;
  }
  ScanRecordWriter scan_record(changes ? fs::path() : record_path);
  KnownContent known;
  if (!changes && packs_are_whole)
    known.unchanged = find_unchanged(store, record_path, newest, source->order());
  std::optional<LoggedCheckpoint> checkpoint;
  if (storing.checkpoint != nullptr)
    known.checkpoint = &checkpoint.emplace(*storing.checkpoint, *store.chunks);
  const std::optional<Digest> identity = source->identity();
  std::optional<Import> recognised = recognise(newest, known.unchanged, identity, progress);
  Import imported =
      recognised ? *recognised
                 : import_tree(*store.chunks,
                               {.workers = storing.workers ? storing.workers : default_workers(),
                                .temporary_folder = store.temporary_folder(),
                                .open_packs = storing.journals,
                                .changes = std::move(changes),
                                .stop = storing.stop},
                               *source, std::move(known), scan_record, progress);
  if (!storing.allow_partial) refuse_incomplete(input, imported.problems);
  if (imported.totals.entries == 0)
    fail(ErrorKind::not_found,
         "{} is empty: a version needs at least one file or folder; nothing was published",
         named(input));
  if (!packs_are_whole) refuse_lost_content(store, imported.root);
  CreateResult result{.files_read = imported.files_read,
                      .files_unchanged = imported.files_unchanged,
                      .bytes_read = imported.bytes_read,
                      .bytes_new = imported.bytes_new,
                      .bytes_resumed = progress.bytes_resumed,
                      .problems = std::move(imported.problems)};
  for (const auto& [pack, lacking] : *store.chunks->short_packs())
    result.short_packs.push_back(lacking.reason(pack));
  if (newest && newest->record.root == imported.root && !storing.force) {
    result.same = true;
    result.record = newest->record;
  } else {
    dataset::VersionRecord record{
        .root = imported.root,
        .source = shortened(named(input)),
        .message = note.message,
        .created = utc_now(),
        .created_by = note.created_by.empty() ? user_at_host() : note.created_by,
        .program = note.program,
        .totals = imported.totals,
        .stored_bytes = storing.bytes_stored_before + progress.bytes_stored,
        .left_out = static_cast<std::uint64_t>(
            std::count_if(result.problems.begin(), result.problems.end(),
                          [](const source::Problem& problem) { return !problem.kept; }))};
    if (newest) record.parent = newest->record.number;
    record.top_mtime_ns = source->top_mtime_ns();
    if (!record.top_mtime_ns) record.top_mtime_ns = base_top_mtime_ns;
    result.record = store.datastores->publish(note.name, std::move(record));
  }
  // Without the identity the next create reads the source and names again what was left out.
  if (!recognised)
    scan_record.finish(imported.root, result.problems.empty() ? identity : std::nullopt);
  return result;
}

}  // namespace grid::create
