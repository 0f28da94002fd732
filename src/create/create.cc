#include "create/create.h"

#include <algorithm>
#include <ctime>
#include <thread>

#include "base/error.h"
#include "base/random.h"
#include "base/user.h"
#include "create/importer.h"
#include "create/lost_content.h"
#include "create/same_content.h"
#include "create/scan_record.h"
#include "create/second_reading.h"
#include "create/version_source.h"
#include "store/lease_keeper.h"

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
// the record means that all files are read, which is always right. Sets `is_damaged` if the store
// turns out to be.
static std::optional<UnchangedFiles> find_unchanged(const dataset::OpenStore& store,
                                                    const fs::path& scan_record,
                                                    const std::optional<dataset::Version>& newest,
                                                    source::SourceOrder order, bool& is_damaged) {
  if (!newest) return std::nullopt;
  try {
    return UnchangedFiles::find(scan_record, store.manifest(newest->record), order);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::unavailable) throw;
    is_damaged = error.kind() == ErrorKind::corrupt;
    return std::nullopt;
  }
}

// The sources as the user named them.
static std::string named(const CreateInput& input) {
  if (!input.base) return source::shown(input.sources);
  std::string text = input.base->reference.text();
  for (const source::SourceSpec& added : input.sources) text += " --add " + source::shown({added});
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
  if (input.open_source) return input.open_source();
  if (input.version) {
    const dataset::VersionRecord copied = store.datastores->resolve(*input.version).record;
    return std::make_unique<VersionSource>(store.manifest(copied), copied.top_mtime_ns,
                                           store.buckets);
  }
  return source::open_sources(input.sources, {.patterns = input.patterns,
                                              .use_ignore_files = input.use_ignore_files,
                                              .follow_links = input.follow_links,
                                              .keep_all = input.keep_all,
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

// The version that an earlier attempt has published. Those who publish at the same time may have
// come after it, but not many.
static std::optional<dataset::Version> find_own(const dataset::OpenStore& store,
                                                const std::string& name,
                                                const dataset::DatastoreKeys& listed,
                                                const std::string& create_id) {
  static constexpr std::size_t looked_at_max = 8;
  const std::vector<dataset::VersionNumber>& versions = listed.versions;
  for (std::size_t i = 0; i < std::min(looked_at_max, versions.size()); ++i) {
    try {
      std::optional<dataset::Version> version =
          store.datastores->find(name, versions[versions.size() - 1 - i]);
      if (version && version->record.create_id == create_id) return version;
    } catch (const Error& error) {  // a damaged one is not this create's
      if (error.kind() == ErrorKind::unavailable) throw;
    }
  }
  return std::nullopt;
}

static void refuse_what_cannot_be_read_twice(const CreateInput& input) {
  for (const source::SourceSpec& source : input.sources)
    if (source.where == "-")
      fail(ErrorKind::invalid_argument, "standard input cannot be read twice (--paranoid)");
}

static CreateResult make_version(dataset::OpenStore& store, const CreateOptions& options,
                                 CreateProgress& progress, store::Lease& lease) {
  store::LeaseKeeper keeper(lease);
  const CreateInput& input = options.input;
  const CreateStoring& storing = options.storing;
  const CreateNote& note = options.note;
  dataset::check_datastore_name(note.name);
  dataset::check_record_text("the message", note.message);  // before anything is read
  dataset::check_record_text("the name of the user", note.created_by,
                             dataset::record_name_size_max);
  if (storing.paranoid) refuse_what_cannot_be_read_twice(input);
  store.chunks->refresh_for_writing(lease.excluded());
  // If not, every file is read, so that what is lost is stored again.
  const bool packs_are_whole = store.chunks->short_packs()->empty();
  const auto asked = std::chrono::steady_clock::now();
  CreateResult result;
  const dataset::DatastoreKeys listed = dataset::list_datastore_keys(*store.backend, note.name);
  std::optional<dataset::Version> newest =
      store.datastores->find_newest_sound(note.name, listed, result.damaged);
  // Made sources have files that nobody finds again.
  const fs::path record_path = input.open_source ? fs::path() : store.scan_record_path(note.name);
  std::unique_ptr<source::Source> source = open_source_of(store, input, storing.journals);
  std::optional<TreeChanges> changes;
  std::optional<std::int64_t> base_top_mtime_ns;
  if (input.base) {
    changes = changes_of(store, *input.base);
    base_top_mtime_ns = changes->top_mtime_ns;
  }
  ScanRecordWriter scan_record(changes ? fs::path() : record_path);
  KnownContent known;
  bool checks_known = storing.repairs;
  if (!changes && packs_are_whole && !storing.repairs)
    known.unchanged = find_unchanged(store, record_path, newest, source->order(), checks_known);
  std::optional<LoggedCheckpoint> checkpoint;
  if (storing.checkpoint != nullptr && !checks_known)
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
                                .stop = storing.stop,
                                .lease = lease.id(),
                                .checks_known = checks_known},
                               *source, std::move(known), scan_record, progress);
  if (!storing.allow_partial) refuse_incomplete(input, imported.problems);
  if (imported.totals.entries == 0 && !input.patterns.empty())
    fail(ErrorKind::not_found,
         "{}: everything in it was left out by --exclude or a .gridignore; nothing was published",
         named(input));
  if (imported.totals.entries == 0)
    fail(ErrorKind::not_found,
         "{} is empty: a version needs at least one file or folder; nothing was published",
         named(input));
  if (!packs_are_whole) secure_content(store, imported.root, lease.id(), progress.bytes_stored);
  if (storing.paranoid) {
    progress.reading_again = true;
    read_again(
        store,
        {.workers = storing.workers ? storing.workers : default_workers(),
         .temporary_folder = store.temporary_folder(),
         .changes = input.base ? std::optional(changes_of(store, *input.base)) : std::nullopt,
         .stop = storing.stop},
        *open_source_of(store, input, {}), imported.root, named(input));
  }
  result.files_read = imported.files_read;
  result.files_unchanged = imported.files_unchanged;
  result.bytes_read = imported.bytes_read;
  result.bytes_new = imported.bytes_new;
  result.chunks_healed = imported.chunks_healed;
  result.bytes_resumed = progress.bytes_resumed;
  result.problems = std::move(imported.problems);
  for (const auto& [pack, lacking] : *store.chunks->short_packs())
    if (!lacking.is_excluded) result.short_packs.push_back(lacking.reason(pack));
  // Behind a damaged one, a new version makes the datastore's name mean a sound one again.
  const bool is_newest = newest && result.damaged.empty();
  std::optional<dataset::Version> own;
  if (storing.is_repeat) own = find_own(store, note.name, listed, storing.create_id);
  // Somebody may have deleted it while the source was read.
  const auto is_this = [&](const dataset::Version& version) {
    const bool same =
        version.record.root == imported.root ||
        (!storing.times_count &&
         have_same_content(store.manifest(version.record),
                           tree::Manifest::open(store.chunks, store.segments, imported.root)));
    return same && version.state == dataset::VersionState::ready &&
           !store.datastores->find_tombstone(note.name, version.record.number);
  };
  if (own && is_this(*own)) {
    result.record = own->record;
  } else if (is_newest && !storing.force && is_this(*newest)) {
    result.same = true;
    result.record = newest->record;
  } else {
    dataset::VersionRecord record{
        .root = imported.root,
        .source = shortened(note.source.empty() ? named(input) : note.source),
        .message = note.message,
        .created = utc_now(),
        .created_by = note.created_by.empty() ? user_at_host() : note.created_by,
        .program = note.program,
        .totals = imported.totals,
        .stored_bytes = storing.bytes_stored_before + progress.bytes_stored,
        .left_out = static_cast<std::uint64_t>(std::count_if(
            result.problems.begin(), result.problems.end(),
            [](const source::Problem& problem) { return !problem.kept && !problem.by_default; }))};
    if (!own) record.create_id = storing.create_id;  // else that of another version
    if (record.create_id.empty()) record.create_id = random_hex(dataset::create_id_size);
    const std::string create_id = record.create_id;
    if (newest) record.parent = newest->record.number;
    record.top_mtime_ns = source->top_mtime_ns();
    if (!record.top_mtime_ns) record.top_mtime_ns = base_top_mtime_ns;
    // A short create does not list twice: what others publish meanwhile is met in any case.
    static constexpr std::chrono::seconds listing_holds{10};
    const bool holds = std::chrono::steady_clock::now() - asked < listing_holds;
    const dataset::DatastoreKeys recent =
        holds ? listed : dataset::list_datastore_keys(*store.backend, note.name);
    progress.publishing = true;
    keeper.stop();
    // Of two creates of one folder at the same time, the second finds the version of the first.
    result.record = store.datastores->publish(
        note.name, std::move(record), recent, &lease,
        storing.force ? std::nullopt : std::optional(listed.highest_taken));
    result.same = result.record.create_id != create_id;
    progress.published = result.record.number;
  }
  // Without the identity the next create reads the source and names again what was left out.
  if (!recognised)
    scan_record.finish(imported.root, result.problems.empty() ? identity : std::nullopt);
  return result;
}

CreateResult create_version(dataset::OpenStore& store, const CreateOptions& options,
                            CreateProgress& progress) {
  const auto make = [&](store::Lease& lease) {
    return make_version(store, options, progress, lease);
  };
  if (store::Lease* lease = options.storing.lease) return lease->run([&] { return make(*lease); });
  return store::under_lease(*store.origin,
                            fmt::format("create of {} by {}", options.note.name, user_at_host()),
                            progress.bytes_stored, make);
}

}  // namespace grid::create
