#include "mount/filesystem.h"

#include <algorithm>
#include <mutex>
#include <unordered_set>

#include "base/error.h"
#include "mount/listing.h"
#include "mount/node.h"
#include "mount/open_versions.h"
#include "mount/patience.h"
#include "mount/pins.h"
#include "mount/slots.h"
#include "mount/version_names.h"
#include "mount/version_tree.h"

namespace grid::mount {
namespace {

using dataset::VersionNumber;

// Offsets in a datastore's folder, which stay valid while versions come and go: "." and "..", then
// the entries of a pinned version, then the versions by number, then `latest`.
constexpr std::uint64_t dots_end = 2;
constexpr std::uint64_t numbers_start = 1ull << 40;
constexpr std::uint64_t latest_end = 1ull << 41;

Attributes folder_attributes(Node node, std::int64_t mtime_ns) {
  return {.node = node, .kind = NodeKind::folder, .mtime_ns = mtime_ns};
}

}  // namespace

class Filesystem::State {
 public:
  State(std::shared_ptr<dataset::OpenStore> store, FilesystemOptions options)
      : store_(std::move(store)),
        options_(std::move(options)),
        patience_(options_.retry_deadline),
        slots_(options_.slot_file),
        identity_(store_, options_.on_problem),
        listing_(store_->datastores, identity_, options_.refresh_interval),
        versions_(store_, slots_, identity_),
        pins_(slots_, versions_) {
    for (const auto& [name, number] : options_.pins) {
      if (!pin({name, number})) unmerged_pins_.push_back({name, number});
    }
  }

  LookupResult lookup(Node parent, std::string_view name);
  AttributesResult attributes(Node node);
  void read_folder(Node folder, std::uint64_t offset, const FolderVisitor& visit);
  std::string read_link(Node link);
  BytesView read_node(Node file, std::uint64_t offset, std::size_t size, Bytes& scratch);
  Totals totals(Node node);

  // Shows a version in its datastore's folder; false if another version is shown there, or if its
  // names forbid it.
  bool pin(const VersionName& version);

  void stop_waiting() noexcept {
    patience_.stop();
    if (store_->waits) store_->waits->stop();
  }
  const FilesystemOptions& options() const { return options_; }
  const std::vector<VersionName>& unmerged_pins() const { return unmerged_pins_; }

 private:
  void pin_newest_of(const std::string& name);

  LookupResult lookup_datastore(std::string_view name);
  LookupResult lookup_version(const Slot& datastore, std::string_view name);
  LookupResult lookup_latest(const Slot& datastore);
  LookupResult lookup_entry(const Slot& slot, std::uint64_t place, std::string_view name);

  // The attributes of NAME/VERSION and of NAME/latest; empty if the version does not exist.
  std::optional<Attributes> version_attributes(const Slot& slot);
  std::optional<Attributes> latest_attributes(const Slot& slot);

  BytesView read_entry(Node file, std::uint64_t offset, std::size_t size, Bytes& scratch);
  void read_top(std::uint64_t offset, const FolderVisitor& visit);
  void read_datastore(const Slot& datastore, std::uint64_t offset, const FolderVisitor& visit);
  void read_tree(const Slot& slot, std::uint64_t place, std::uint64_t offset,
                 const FolderVisitor& visit);
  bool visit_children(const VersionTree& tree, std::string_view folder, std::uint64_t offset,
                      const FolderVisitor& visit);

  // The tree of a version; records that the version was looked into.
  VersionTree tree_of(const Slot& slot);

  // Runs `ask`, retrying while the store is unavailable. Puts an error within the version's name,
  // and reports it if it is permanent: once per node, and what it says once.
  template <class Ask>
  auto ask_about(Node node, const Ask& ask);
  void report(Node node, const Error& error);

  const std::shared_ptr<dataset::OpenStore> store_;
  const FilesystemOptions options_;
  Patience patience_;
  Slots slots_;
  StoreIdentity identity_;
  Listing listing_;
  OpenVersions versions_;
  Pins pins_;
  std::vector<VersionName> unmerged_pins_;  // set only by the constructor

  std::mutex mutex_;
  std::unordered_set<Node> reported_;             // guarded by mutex_
  std::unordered_set<std::size_t> reports_made_;  // hashes of their texts; guarded by mutex_
};

template <class Ask>
auto Filesystem::State::ask_about(Node node, const Ask& ask) {
  try {
    return patience_.retry(ask);
  } catch (const Error& error) {
    // This layer adds one noun: the version.
    if (slot_of(node) == 0) throw;
    const VersionName& version = slots_.at(slot_of(node)).version;
    Error full = error.within(
        version.number == 0 ? version.name : fmt::format("{}:{}", version.name, version.number));
    report(node, full);
    throw full;
  }
}

void Filesystem::State::report(Node node, const Error& error) {
  constexpr std::size_t reported_count_max = 100'000;
  if (!options_.on_problem) return;
  {
    std::lock_guard lock(mutex_);
    // An `unavailable` error may go away: report it each time.
    if (error.kind() != ErrorKind::unavailable) {
      if (reported_.size() >= reported_count_max || !reported_.insert(node).second) return;
      // The folder of a datastore and that of its version may both lack the root of the tree.
      if (!reports_made_.insert(std::hash<std::string_view>()(error.what())).second) return;
    }
  }
  options_.on_problem(error.what());
}

bool Filesystem::State::pin(const VersionName& version) {
  const Slot& slot = slots_.version(version);
  return ask_about(make_node(slot.index, folder_place), [&] { return pins_.pin(slot); });
}

void Filesystem::State::pin_newest_of(const std::string& name) {
  if (pins_.find(name)) return;
  const auto numbers = listing_.numbers(name, Freshness::recent);
  if (numbers->values.empty()) return;
  try {
    pin({name, numbers->values.back()});
  } catch (const Error& error) {
    // A newest version that is damaged, or was deleted just now, must not hide the others.
    if (error.kind() == ErrorKind::unavailable) throw;
  }
}

VersionTree Filesystem::State::tree_of(const Slot& slot) {
  VersionTree tree(slot, versions_.manifest(slot));
  if (versions_.touch(slot, options_.counter_of) && options_.on_touch)
    options_.on_touch(slot.version);
  return tree;
}

LookupResult Filesystem::State::lookup(Node parent, std::string_view name) {
  return ask_about(parent, [&]() -> LookupResult {
    if (parent == top_node) return lookup_datastore(name);
    const Slot& slot = slots_.at(slot_of(parent));
    if (slot.kind != SlotKind::datastore) return lookup_entry(slot, place_of(parent), name);
    if (name == latest_name) return lookup_latest(slot);
    if (is_version_name(name)) return lookup_version(slot, name);
    if (const Slot* pinned = pins_.shown_in(slot)) return lookup_entry(*pinned, folder_place, name);
    return {.name_validity = Validity::for_ever};
  });
}

LookupResult Filesystem::State::lookup_datastore(std::string_view name) {
  if (!dataset::is_datastore_name(name)) return {.name_validity = Validity::for_ever};
  const std::string key(name);
  // If the datastore had versions, ask only for these again: the next lookup wants one of them, and
  // the datastore exists as long as it has any. One that is pinned exists.
  const bool is_there =
      options_.pins.contains(key) ||
      (listing_.had_versions(key) && !listing_.numbers(key, Freshness::recent)->values.empty());
  // A missing name may have been created a moment ago: only the store knows.
  if (!is_there && !listing_.names(Freshness::recent)->contains(key) &&
      !listing_.names(Freshness::now)->contains(key)) {
    return {};
  }
  if (options_.pin_newest) pin_newest_of(key);
  const Slot& slot = slots_.datastore(name);
  const auto numbers = listing_.numbers(key, Freshness::recent);
  return {.attributes = folder_attributes(make_node(slot.index, folder_place), numbers->changed_ns),
          .name_validity = Validity::for_a_moment,
          .attributes_validity = Validity::for_a_moment};
}

LookupResult Filesystem::State::lookup_version(const Slot& datastore, std::string_view name) {
  const auto number = find_version_number(name);
  if (!number) return {.name_validity = Validity::for_ever};
  const std::string& datastore_name = datastore.version.name;
  if (!listing_.numbers(datastore_name, Freshness::recent)->contains(*number) &&
      !listing_.numbers(datastore_name, Freshness::now)->contains(*number) &&
      !versions_.is_renamed({datastore_name, *number})) {
    return {};
  }
  const auto found = version_attributes(slots_.version({datastore_name, *number}));
  if (!found) return {};
  return {.attributes = found,
          .name_validity = Validity::for_a_moment,
          .attributes_validity = Validity::for_ever};
}

LookupResult Filesystem::State::lookup_latest(const Slot& datastore) {
  const std::string& name = datastore.version.name;
  // Try again if the newest version was deleted after it was listed, or if there was none.
  for (Freshness freshness : {Freshness::recent, Freshness::now, Freshness::now}) {
    const auto numbers = listing_.numbers(name, freshness);
    if (numbers->values.empty()) continue;
    const auto found = latest_attributes(slots_.version({name, numbers->values.back()}));
    if (!found) continue;
    return {.attributes = found,
            .name_validity = Validity::for_a_moment,
            .attributes_validity = Validity::for_ever};
  }
  return {};
}

LookupResult Filesystem::State::lookup_entry(const Slot& slot, std::uint64_t place,
                                             std::string_view name) {
  const VersionTree tree = tree_of(slot);
  return {.attributes = tree.find(tree.folder_path(place), name),
          .name_validity = Validity::for_ever,
          .attributes_validity = Validity::for_ever};
}

std::optional<Attributes> Filesystem::State::version_attributes(const Slot& slot) {
  const auto summary = versions_.find(slot);
  if (!summary) return std::nullopt;
  return folder_attributes(make_node(slot.index, folder_place), summary->mtime_ns);
}

std::optional<Attributes> Filesystem::State::latest_attributes(const Slot& slot) {
  const auto summary = versions_.find(slot);
  if (!summary) return std::nullopt;
  return Attributes{.node = make_node(slot.index, latest_place),
                    .kind = NodeKind::symlink,
                    .size = std::to_string(slot.version.number).size(),
                    .mtime_ns = summary->created_ns};
}

AttributesResult Filesystem::State::attributes(Node node) {
  return ask_about(node, [&]() -> AttributesResult {
    if (node == top_node) {
      return {folder_attributes(node, listing_.names(Freshness::recent)->changed_ns),
              Validity::for_a_moment};
    }
    const Slot& slot = slots_.at(slot_of(node));
    const std::uint64_t place = place_of(node);
    if (slot.kind == SlotKind::datastore) {
      const auto numbers = listing_.numbers(slot.version.name, Freshness::recent);
      return {folder_attributes(node, numbers->changed_ns), Validity::for_a_moment};
    }
    if (place >= first_entry_place) {
      const VersionTree tree = tree_of(slot);
      return {tree.attributes_of(tree.entry_at(place)), Validity::for_ever};
    }
    const auto found = place == latest_place ? latest_attributes(slot) : version_attributes(slot);
    if (!found) fail(ErrorKind::not_found, "there is no such version");
    return {*found, Validity::for_ever};
  });
}

void Filesystem::State::read_folder(Node folder, std::uint64_t offset, const FolderVisitor& visit) {
  if (folder == top_node) return read_top(offset, visit);
  const Slot& slot = slots_.at(slot_of(folder));
  if (slot.kind == SlotKind::datastore) return read_datastore(slot, offset, visit);
  read_tree(slot, place_of(folder), offset, visit);
}

namespace {

// "." and ".."; false if the visitor stopped.
bool visit_dots(Node folder, Node parent, std::uint64_t offset, const FolderVisitor& visit) {
  if (offset < 1 &&
      !visit({.name = ".", .node = folder, .kind = NodeKind::folder, .next_offset = 1})) {
    return false;
  }
  return offset >= 2 ||
         visit({.name = "..", .node = parent, .kind = NodeKind::folder, .next_offset = dots_end});
}

}  // namespace

// Ordered by slot, so that an offset stays valid when a datastore is added.
void Filesystem::State::read_top(std::uint64_t offset, const FolderVisitor& visit) {
  const auto names = ask_about(top_node, [&] { return listing_.names(Freshness::recent); });
  if (!visit_dots(top_node, top_node, offset, visit)) return;
  std::vector<const Slot*> datastores;
  for (const std::string& name : names->values) {
    const Slot& slot = slots_.datastore(name);
    if (dots_end + slot.index > offset) datastores.push_back(&slot);
  }
  std::sort(datastores.begin(), datastores.end(),
            [](const Slot* a, const Slot* b) { return a->index < b->index; });
  for (const Slot* slot : datastores) {
    if (!visit({.name = slot->version.name,
                .node = make_node(slot->index, folder_place),
                .kind = NodeKind::folder,
                .next_offset = dots_end + slot->index})) {
      return;
    }
  }
}

void Filesystem::State::read_datastore(const Slot& datastore, std::uint64_t offset,
                                       const FolderVisitor& visit) {
  const Node folder = make_node(datastore.index, folder_place);
  const std::string& name = datastore.version.name;
  const auto numbers = ask_about(folder, [&] { return listing_.numbers(name, Freshness::recent); });
  if (!visit_dots(folder, top_node, offset, visit)) return;
  const Slot* pinned = pins_.shown_in(datastore);
  if (pinned && offset < numbers_start) {
    const VersionTree tree = ask_about(folder, [&] { return tree_of(*pinned); });
    if (!visit_children(tree, "", std::max(offset, dots_end), visit)) return;
  }
  const std::uint64_t after = std::max(offset, numbers_start) - numbers_start;
  for (VersionNumber number : numbers->values) {
    if (number <= after) continue;
    const Slot& slot = slots_.version({name, number});
    if (!visit({.name = std::to_string(number),
                .node = make_node(slot.index, folder_place),
                .kind = NodeKind::folder,
                .next_offset = numbers_start + number})) {
      return;
    }
  }
  if (numbers->values.empty() || offset >= latest_end) return;
  const Slot& newest = slots_.version({name, numbers->values.back()});
  visit({.name = latest_name,
         .node = make_node(newest.index, latest_place),
         .kind = NodeKind::symlink,
         .next_offset = latest_end});
}

void Filesystem::State::read_tree(const Slot& slot, std::uint64_t place, std::uint64_t offset,
                                  const FolderVisitor& visit) {
  const Node folder = make_node(slot.index, place);
  const VersionTree tree = ask_about(folder, [&] { return tree_of(slot); });
  const std::string path = ask_about(folder, [&] { return tree.folder_path(place); });
  const Node parent = place == folder_place
                          ? make_node(slot.parent, folder_place)
                          : ask_about(folder, [&] { return tree.parent_of(path); });
  if (!visit_dots(folder, parent, offset, visit)) return;
  visit_children(tree, path, std::max(offset, dots_end), visit);
}

// False if the visitor stopped. The first child has the offset dots_end.
bool Filesystem::State::visit_children(const VersionTree& tree, std::string_view folder,
                                       std::uint64_t offset, const FolderVisitor& visit) {
  const Node node = tree.top();
  tree::EntryRange range = ask_about(node, [&] { return tree.manifest()->children(folder); });
  const std::uint64_t skipped = std::min(offset - dots_end, range.count);
  tree::EntryCursor cursor(tree.manifest(), {range.first + skipped, range.count - skipped});
  while (auto entry = ask_about(node, [&] { return cursor.next(); })) {
    const Attributes attributes = ask_about(node, [&] { return tree.attributes_of(*entry); });
    if (!visit({.name = entry->name(),
                .node = attributes.node,
                .kind = attributes.kind,
                .attributes = attributes,
                .next_offset = ++offset})) {
      return false;
    }
  }
  return true;
}

std::string Filesystem::State::read_link(Node link) {
  return ask_about(link, [&]() -> std::string {
    const Slot& slot = slots_.at(slot_of(link));
    if (place_of(link) == latest_place && slot.kind == SlotKind::version) {
      return std::to_string(slot.version.number);
    }
    const tree::EntryRef entry = tree_of(slot).entry_at(place_of(link));
    if (entry.kind() != tree::EntryKind::symlink) {
      fail(ErrorKind::invalid_argument, "{}: is not a symbolic link", entry.path());
    }
    return std::string(entry.target());
  });
}

BytesView Filesystem::State::read_node(Node file, std::uint64_t offset, std::size_t size,
                                       Bytes& scratch) {
  return ask_about(file, [&] { return read_entry(file, offset, size, scratch); });
}

BytesView Filesystem::State::read_entry(Node file, std::uint64_t offset, std::size_t size,
                                        Bytes& scratch) {
  const Slot& slot = slots_.at(slot_of(file));
  const VersionTree tree = tree_of(slot);
  const tree::EntryRef entry = tree.entry_at(place_of(file));
  try {
    if (entry.kind() != tree::EntryKind::file) {
      fail(ErrorKind::invalid_argument, "is not a file");
    }
    const BytesView bytes =
        store_->files->read_file_part(*tree.manifest(), entry, offset, size, scratch);
    if (options_.counter_of) versions_.count_read(slot, bytes.size());
    if (options_.recorder)
      options_.recorder->note_read(versions_.find(slot)->root, entry.ordinal(), offset,
                                   bytes.size());
    return bytes;
  } catch (const Error& error) {
    throw error.within(entry.path());  // this layer knows the path
  }
}

Totals Filesystem::State::totals(Node node) {
  const Slot* slot = node == top_node ? nullptr : &slots_.at(slot_of(node));
  if (!slot || slot->kind == SlotKind::datastore) return versions_.touched_totals();
  const auto summary = ask_about(node, [&] { return versions_.find(*slot); });
  if (!summary) return {};
  return {.bytes = summary->totals.bytes, .entries = summary->totals.entries};
}

Filesystem::Filesystem(std::shared_ptr<dataset::OpenStore> store, FilesystemOptions options)
    : state_(std::make_unique<State>(std::move(store), std::move(options))) {}
Filesystem::~Filesystem() = default;

LookupResult Filesystem::lookup(Node parent, std::string_view name) {
  return state_->lookup(parent, name);
}
AttributesResult Filesystem::attributes(Node node) { return state_->attributes(node); }
void Filesystem::read_folder(Node folder, std::uint64_t offset, const FolderVisitor& visit) {
  state_->read_folder(folder, offset, visit);
}
std::string Filesystem::read_link(Node link) { return state_->read_link(link); }
BytesView Filesystem::read_node(Node file, std::uint64_t offset, std::size_t size, Bytes& scratch) {
  return state_->read_node(file, offset, size, scratch);
}
Totals Filesystem::totals(Node node) { return state_->totals(node); }
bool Filesystem::pin(const VersionName& version) { return state_->pin(version); }
const std::vector<VersionName>& Filesystem::unmerged_pins() const {
  return state_->unmerged_pins();
}
std::chrono::milliseconds Filesystem::refresh_interval() const {
  return state_->options().refresh_interval;
}
void Filesystem::stop_waiting() noexcept { state_->stop_waiting(); }

}  // namespace grid::mount
