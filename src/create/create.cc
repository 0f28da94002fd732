#include "create/create.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <thread>

#include "base/error.h"
#include "base/user.h"
#include "create/importer.h"
#include "create/scan_record.h"
#include "create/version_source.h"

namespace grid::create {

namespace fs = std::filesystem;

// Workers also wait for the disk, so one more than cores; not so many that their packs, 32 MiB
// each, become the memory of the create.
static unsigned default_workers() {
  return std::clamp(std::thread::hardware_concurrency() + 1, 3u, 16u);
}

// Device and inode of the store's folder, which is skipped if it lies inside the source.
static std::optional<std::pair<std::uint64_t, std::uint64_t>> folder_of_store(
    const dataset::OpenStore& store) {
  struct stat st;
  if (store.local_folder.empty() || ::stat(store.local_folder.c_str(), &st) != 0)
    return std::nullopt;
  return std::pair<std::uint64_t, std::uint64_t>(st.st_dev, st.st_ino);
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
static std::string named(const CreateOptions& options) {
  if (!options.base) return source::shown(options.sources);
  std::string text = options.base->reference.text();
  for (const source::SourceSpec& added : options.sources)
    text += " --add " + source::shown({{.where = added.where}}) +
            (added.place.empty() ? "" : "=" + added.place);
  for (const std::string& pattern : options.base->removed) text += " --remove " + pattern;
  return text;
}

static TreeChanges changes_of(const dataset::OpenStore& store, const CreateBase& base) {
  dataset::Version version = store.datastores->resolve(base.reference);
  std::shared_ptr<const tree::Manifest> manifest = store.manifest(version.record);
  std::string name = fmt::format("{}:{}", base.reference.name, version.record.number);
  std::vector<tree::EntryRange> removed = find_removed(*manifest, name, base.removed);
  return {.base = std::move(manifest), .base_name = std::move(name), .removed = std::move(removed)};
}

static std::unique_ptr<source::Source> open_source_of(const dataset::OpenStore& store,
                                                      const CreateOptions& options) {
  if (options.version)
    return std::make_unique<VersionSource>(
        store.manifest(store.datastores->resolve(*options.version).record), store.buckets);
  return source::open_sources(options.sources, {.patterns = options.patterns,
                                                .use_ignore_files = options.use_ignore_files,
                                                .limits = options.limits,
                                                .journals = options.journals,
                                                .servers = options.servers,
                                                .in_place = options.in_place,
                                                .skipped = folder_of_store(store)});
}

static void refuse_incomplete(const CreateOptions& options,
                              const std::vector<source::Problem>& problems) {
  std::vector<source::Problem> failed;
  std::copy_if(problems.begin(), problems.end(), std::back_inserter(failed),
               [](const source::Problem& problem) { return !problem.unsupported; });
  if (failed.empty() || options.allow_partial) return;
  std::string sentence =
      failed.size() == 1
          ? fmt::format("{}: {}: {}", named(options), failed[0].path, failed[0].reason)
          : fmt::format("{}: {} files or folders could not be kept", named(options), failed.size());
  throw IncompleteSource(
      sentence + "; nothing was published (--allow-partial makes a version without them)",
      std::move(failed));
}

namespace {

// The log of earlier attempts, as far as the store has the chunks.
class LoggedCheckpoint : public Checkpoint {
 public:
  LoggedCheckpoint(CheckpointLog& log, const store::ChunkIndex& index) : log_(log), index_(index) {}

  std::optional<std::vector<store::ChunkRef>> find(const source::SourceEntry& entry,
                                                   std::uint64_t begin) override {
    return log_.find(entry.entry.path(), entry.state, begin, index_);
  }
  void add(const source::SourceEntry& entry, std::uint64_t begin,
           std::span<const store::ChunkRef> chunks) override {
    log_.add(entry.entry.path(), entry.state, begin, chunks);
  }

 private:
  CheckpointLog& log_;
  const store::ChunkIndex& index_;
};

}  // namespace

// The newest version as the result of an import, if the source's identity says that all of that
// version was made of this source.
static std::optional<Import> recognise(const std::optional<dataset::Version>& newest,
                                       const std::optional<UnchangedFiles>& unchanged,
                                       const std::optional<Digest>& source,
                                       CreateProgress& progress) {
  if (!unchanged || !source || !unchanged->are_all_of(*source)) return std::nullopt;
  const tree::TreeTotals& totals = newest->record.totals;
  progress.files_total = progress.files_done = progress.files_unchanged = totals.files;
  progress.bytes_total = progress.bytes_done = progress.bytes_unchanged = totals.bytes;
  progress.total_known = true;
  return Import{.root = newest->record.root, .totals = totals, .files_unchanged = totals.files};
}

CreateResult create_version(dataset::OpenStore& store, const CreateOptions& options,
                            CreateProgress& progress) {
  dataset::check_datastore_name(options.name);
  store.chunks->refresh();
  std::optional<dataset::Version> newest = store.datastores->find_newest(options.name);
  fs::path record_path = store.scan_record_path(options.name);
  std::unique_ptr<source::Source> source = open_source_of(store, options);
  std::optional<TreeChanges> changes;
  if (options.base) changes = changes_of(store, *options.base);
  ScanRecordWriter scan_record(changes ? fs::path() : record_path);
  KnownContent known;
  if (!changes) known.unchanged = find_unchanged(store, record_path, newest, source->order());
  std::optional<LoggedCheckpoint> checkpoint;
  if (options.checkpoint != nullptr)
    known.checkpoint = &checkpoint.emplace(*options.checkpoint, store.chunks->index());
  const std::optional<Digest> identity = source->identity();
  std::optional<Import> recognised = recognise(newest, known.unchanged, identity, progress);
  Import imported =
      recognised ? *recognised
                 : import_tree(*store.chunks,
                               {.workers = options.workers ? options.workers : default_workers(),
                                .temporary_folder = store.temporary_folder(),
                                .open_packs = options.journals,
                                .changes = std::move(changes),
                                .stop = options.stop},
                               *source, std::move(known), scan_record, progress);
  refuse_incomplete(options, imported.problems);
  if (imported.totals.entries == 0)
    fail(ErrorKind::not_found,
         "{} is empty: a version needs at least one file or folder; nothing was published",
         named(options));
  CreateResult result{.files_read = imported.files_read,
                      .files_unchanged = imported.files_unchanged,
                      .bytes_read = imported.bytes_read,
                      .bytes_new = imported.bytes_new,
                      .bytes_resumed = progress.bytes_resumed,
                      .problems = std::move(imported.problems)};
  if (newest && newest->record.root == imported.root && !options.force) {
    result.same = true;
    result.record = newest->record;
  } else {
    dataset::VersionRecord record{
        .root = imported.root,
        .source = named(options),
        .message = options.message,
        .created = utc_now(),
        .created_by = user_at_host(),
        .program = options.program,
        .totals = imported.totals,
        .stored_bytes = options.bytes_stored_before + progress.bytes_stored,
        .left_out = result.problems.size()};
    if (newest) record.parent = newest->record.number;
    result.record = store.datastores->publish(options.name, std::move(record));
  }
  // Without the identity the next create reads the source and names again what was left out.
  if (!recognised)
    scan_record.finish(imported.root, result.problems.empty() ? identity : std::nullopt);
  return result;
}

}  // namespace grid::create
