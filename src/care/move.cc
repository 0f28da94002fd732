#include "care/move.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <unordered_set>

#include "base/error.h"
#include "base/user.h"
#include "care/annotations.h"
#include "create/create.h"
#include "store/lease_keeper.h"
#include "tree/recipe.h"

namespace grid::care {

namespace fs = std::filesystem;

namespace {

class Move {
 public:
  Move(const dataset::OpenStore& from, dataset::OpenStore& to, const MoveOptions& options,
       MoveProgress& progress, store::Lease& lease)
      : from_(from),
        to_(to),
        options_(options),
        progress_(progress),
        to_chunks_(to.origin, to.marker, {.cache_folder = to.cache_folder}),
        lease_(lease),
        copier_(*from.chunks, to_chunks_,
                options.workers ? options.workers
                                : std::clamp(std::thread::hardware_concurrency() + 1, 3u, 16u),
                progress.chunks, lease_.id()) {}

  MoveResult run();

 private:
  void refuse_other_versions() const;
  void refuse_tombstones() const;
  void refuse_unreadable(const std::vector<dataset::UnreadableVersion>& versions) const;
  std::vector<dataset::VersionNumber> missing_there() const;
  std::vector<dataset::VersionNumber> coming_back() const;
  void take_back(dataset::VersionNumber number);
  void move_version(dataset::VersionNumber number);
  void copy_tree(const dataset::VersionRecord& record);
  void copy_segment(const tree::Segment& segment);
  void copy_content(const tree::Content& content, std::uint64_t size);
  Bytes copy_chunk(const Digest& digest);
  bool is_new_list(const Digest& digest);
  void stop_if_asked();
  void end_old_versions();

  const dataset::OpenStore& from_;
  dataset::OpenStore& to_;
  const MoveOptions& options_;
  MoveProgress& progress_;
  // Past the copies that this node keeps: what is read back must be what is there.
  store::ChunkStore to_chunks_;
  store::Lease& lease_;
  store::ChunkCopier copier_;
  std::unordered_set<Digest, DigestHash> lists_;  // segments and recipes whose parts were added
  MoveResult result_;
};

// Versions already there under this name must come from an earlier attempt at this move.
void Move::refuse_other_versions() const {
  for (dataset::VersionNumber number : to_.datastores->published_numbers(options_.name)) {
    const std::optional<Bytes> here = from_.datastores->find_record(options_.name, number);
    const std::optional<Bytes> there = to_.datastores->find_record(options_.name, number);
    if (!there || here == there) continue;
    fail(ErrorKind::already_exists,
         "the store {} has a datastore {} of its own: {}:{} there is {}; nothing was moved",
         to_.backend->name(), options_.name, options_.name, number,
         here ? "another version than here" : "a version that is not here");
  }
}

std::vector<dataset::VersionNumber> Move::missing_there() const {
  const std::vector<dataset::VersionNumber> here =
      from_.datastores->published_numbers(options_.name);
  const std::vector<dataset::VersionNumber> there =
      to_.datastores->published_numbers(options_.name);
  std::vector<dataset::VersionNumber> missing;
  std::set_difference(here.begin(), here.end(), there.begin(), there.end(),
                      std::back_inserter(missing));
  return missing;
}

// The versions that were moved from there to here, and are ready here.
std::vector<dataset::VersionNumber> Move::coming_back() const {
  const std::vector<dataset::VersionNumber> ready = from_.datastores->ready_numbers(options_.name);
  std::vector<dataset::VersionNumber> numbers;
  for (dataset::VersionNumber number : to_.datastores->deleted_numbers(options_.name))
    if (std::binary_search(ready.begin(), ready.end(), number) &&
        !to_.datastores->moved_to(options_.name, number).empty())
      numbers.push_back(number);
  return numbers;
}

void Move::take_back(dataset::VersionNumber number) {
  try {
    const store::LeaseKeeper keeper(lease_);
    copy_tree(from_.datastores->resolve({.name = options_.name, .version = number}).record);
  } catch (const create::Interrupted&) {  // not an error of the version
    throw;
  } catch (const Error& error) {  // this function knows the version
    throw error.within(dataset::spell(options_.name, number));
  }
  to_.datastores->restore(options_.name, number, lease_, dataset::Restorable::gone_elsewhere);
  ++result_.versions_published;
}

void Move::stop_if_asked() {
  if (options_.stop == nullptr || !*options_.stop) return;
  copier_.finish();
  throw create::Interrupted();
}

// Copies a chunk and returns its bytes, for chunks that list what else to copy.
Bytes Move::copy_chunk(const Digest& digest) {
  Bytes bytes = from_.chunks->read_chunk(digest);
  copier_.add({digest, static_cast<std::uint32_t>(bytes.size())});
  return bytes;
}

// False if what the segment or recipe names was added not long ago: a file may repeat a recipe, and
// versions share segments.
bool Move::is_new_list(const Digest& digest) {
  static constexpr std::size_t lists_max = 1 << 20;
  if (lists_.size() >= lists_max) lists_.clear();
  return lists_.insert(digest).second;
}

void Move::copy_content(const tree::Content& content, std::uint64_t size) {
  if (content.depth == 0) {
    copier_.add({content.digest, static_cast<std::uint32_t>(size)});
    return;
  }
  if (!is_new_list(content.digest)) return;
  const tree::Recipe recipe = tree::decode_recipe(copy_chunk(content.digest));
  if (recipe.depth != content.depth || recipe.size() != size)
    fail(ErrorKind::corrupt, "recipe {}: is not the one expected", content.digest.short_hex());
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < recipe.digests.size(); ++i) {
    stop_if_asked();
    copy_content({recipe.digests[i], static_cast<std::uint8_t>(recipe.depth - 1)},
                 recipe.ends[i] - begin);
    begin = recipe.ends[i];
  }
}

void Move::copy_segment(const tree::Segment& segment) {
  for (std::uint32_t i = 0; i < segment.count(); ++i) {
    if (segment.kind(i) != tree::EntryKind::file) continue;
    stop_if_asked();
    try {
      // Files in place stay in their bucket: the segment names their objects.
      if (segment.size(i) > 0 && !segment.is_in_place(i))
        copy_content(segment.content(i), segment.size(i));
    } catch (const create::Interrupted&) {  // not an error of the file
      throw;
    } catch (const Error& error) {  // this function knows the path
      throw error.within(segment.entry(i).path());
    }
    ++progress_.files_done;
    progress_.bytes_done += segment.size(i);
  }
}

void Move::copy_tree(const dataset::VersionRecord& record) {
  copy_chunk(record.root);
  const std::shared_ptr<const tree::Manifest> manifest = from_.manifest(record);
  const std::uint64_t files = progress_.files_done, bytes = progress_.bytes_done;
  for (std::size_t i = 0; i < manifest->segments().size(); ++i) {
    const tree::Manifest::SegmentEntry& entry = manifest->segments()[i];
    copier_.add({entry.digest, entry.size});
    if (is_new_list(entry.digest)) copy_segment(*manifest->segment(i));
  }
  copier_.finish();
  progress_.files_done = files + record.totals.files;
  progress_.bytes_done = bytes + record.totals.bytes;
}

void Move::move_version(dataset::VersionNumber number) {
  const std::string noun = fmt::format("{}:{}", options_.name, number);
  const std::optional<Bytes> record = from_.datastores->find_record(options_.name, number);
  if (!record)
    fail(ErrorKind::corrupt, "{}: the store {} has lost its record", noun, from_.backend->name());
  // Of a deleted version only the number is moved, and what its record holds does not matter.
  const std::vector<dataset::VersionNumber> ready = from_.datastores->ready_numbers(options_.name);
  const bool is_ready = std::binary_search(ready.begin(), ready.end(), number);
  if (is_ready) {
    try {
      const store::LeaseKeeper keeper(lease_);
      copy_tree(dataset::decode_version_record(*record, options_.name, number));
    } catch (const create::Interrupted&) {  // not an error of the version
      throw;
    } catch (const Error& error) {  // this function knows the version
      throw error.within(noun);
    }
  }
  if (to_.datastores->adopt(
          options_.name, number, *record,
          is_ready ? dataset::VersionState::ready : dataset::VersionState::deleted, &lease_))
    ++result_.versions_published;
  else
    refuse_other_versions();  // another process published it: the same version or another
}

void Move::end_old_versions() {
  for (dataset::VersionNumber number : from_.datastores->ready_numbers(options_.name)) {
    // What is deleted here must be ready there.
    to_.datastores->resolve({.name = options_.name, .version = number});
    from_.datastores->remove(options_.name, number, {.moved_to = to_.backend->name()});
  }
}

// Lets the next create there skip reading what this machine knows to be unchanged.
void hand_on_scan_record(const dataset::OpenStore& from, const dataset::OpenStore& to,
                         const std::string& name) {
  if (from.cache_folder.empty() || to.cache_folder.empty()) return;
  const fs::path record = to.scan_record_path(name);
  std::error_code ignored;  // the record only saves time
  try_make_private_folders(record.parent_path());
  fs::copy_file(from.scan_record_path(name), record, fs::copy_options::skip_existing, ignored);
}

// A version that is ready here would be deleted there as soon as it has come.
void Move::refuse_tombstones() const {
  const std::vector<dataset::VersionNumber> ready = from_.datastores->ready_numbers(options_.name);
  const std::vector<dataset::VersionNumber> deleted =
      to_.datastores->deleted_numbers(options_.name);
  const auto has = [](const std::vector<dataset::VersionNumber>& sorted, auto number) {
    return std::binary_search(sorted.begin(), sorted.end(), number);
  };
  for (dataset::VersionNumber number : missing_there())
    if (has(ready, number) && has(deleted, number))
      fail(ErrorKind::already_exists,
           "the store {} has a tombstone of {}:{}, which it does not have: {} would be deleted "
           "there; nothing was moved",
           to_.backend->name(), options_.name, number, options_.name);
}

// Of a version whose record is damaged nothing can be moved. A deleted one has nothing.
void Move::refuse_unreadable(const std::vector<dataset::UnreadableVersion>& versions) const {
  const std::vector<dataset::VersionNumber> ready = from_.datastores->ready_numbers(options_.name);
  for (const dataset::UnreadableVersion& version : versions) {
    if (!std::binary_search(ready.begin(), ready.end(), version.number)) continue;
    if (version.kind != ErrorKind::corrupt)
      fail(version.kind, "{}; nothing was moved", version.reason);
    fail(ErrorKind::corrupt,
         "{}; nothing was moved: to move the other versions, give it up with grid datastore "
         "delete {}:{}",
         version.reason, options_.name, version.number);
  }
}

MoveResult Move::run() {
  refuse_other_versions();
  refuse_tombstones();
  to_.datastores->finish_adoptions(options_.name);
  to_chunks_.refresh_for_writing(lease_.excluded());
  std::vector<dataset::UnreadableVersion> unreadable;
  for (const dataset::Version& version : from_.datastores->versions(options_.name, &unreadable)) {
    if (version.state != dataset::VersionState::ready) continue;
    progress_.files_total += version.record.totals.files;
    progress_.bytes_total += version.record.totals.bytes;
  }
  refuse_unreadable(unreadable);
  // Before they are refused as deleted there.
  for (dataset::VersionNumber number : coming_back()) take_back(number);
  // Other processes may publish meanwhile.
  for (std::vector<dataset::VersionNumber> missing = missing_there(); !missing.empty();
       missing = missing_there())
    for (dataset::VersionNumber number : missing) move_version(number);
  result_.versions = to_.datastores->ready_numbers(options_.name);
  if (!result_.versions.empty()) {
    copy_annotations(from_, options_.name, to_, options_.name);
  }
  if (!options_.keep) end_old_versions();
  hand_on_scan_record(from_, to_, options_.name);
  return std::move(result_);
}

// True if an earlier move to that store did everything: the last version that was moved notes where
// it went. Those behind it were deleted before.
bool moved_before(const dataset::OpenStore& from, const dataset::OpenStore& to,
                  const std::string& name) {
  const std::vector<dataset::VersionNumber> published = from.datastores->published_numbers(name);
  if (published.empty() || !from.datastores->ready_numbers(name).empty()) return false;
  for (auto number = published.rbegin(); number != published.rend(); ++number)
    if (const std::string there = from.datastores->moved_to(name, *number); !there.empty())
      return there == to.backend->name();
  return false;
}

}  // namespace

MoveResult move_datastore(const dataset::OpenStore& from, dataset::OpenStore& to,
                          const MoveOptions& options, MoveProgress& progress) {
  if (from.marker.store_id == to.marker.store_id)
    fail(ErrorKind::invalid_argument, "{} and {} are the same store: {} is there already",
         from.backend->name(), to.backend->name(), options.name);
  if (moved_before(from, to, options.name))
    return {.versions = to.datastores->ready_numbers(options.name), .moved_before = true};
  from.datastores->resolve_number({.name = options.name});  // fails if there is none
  return store::under_lease(
      *to.origin, fmt::format("move of {} by {}", options.name, user_at_host()),
      progress.chunks.bytes_stored,
      [&](store::Lease& lease) { return Move(from, to, options, progress, lease).run(); });
}

}  // namespace grid::care
