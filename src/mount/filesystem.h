// All datastores of a store as one read-only tree of nodes: NAME/VERSION/… and NAME/latest.
//
// A Filesystem has never heard of FUSE: it answers questions about nodes with values. It keeps
// nothing per node: a node's number says what it is, and whatever lies in a version is for ever.
// Only the top and the datastores' folders change, as versions come and go.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/open_store.h"
#include "dataset/read_trace.h"

namespace grid::mount {

using Node = std::uint64_t;
inline constexpr Node top_node = 1;

enum class NodeKind { file, folder, symlink };

struct Attributes {
  Node node = 0;
  NodeKind kind = NodeKind::file;
  bool executable = false;       // files
  std::uint32_t link_count = 1;  // 2 for folders
  std::uint64_t size = 0;        // bytes; links: of the target
  std::int64_t mtime_ns = 0;     // since 1970-01-01 UTC

  bool operator==(const Attributes&) const = default;
};

// How long an answer may be given again without asking.
enum class Validity {
  not_at_all,
  for_a_moment,  // FilesystemOptions::refresh_interval
  for_ever,
};

struct LookupResult {
  std::optional<Attributes> attributes;  // empty: there is no such name
  Validity name_validity = Validity::not_at_all;
  Validity attributes_validity = Validity::not_at_all;
};

struct AttributesResult {
  Attributes attributes;
  Validity validity = Validity::not_at_all;
};

struct FolderEntry {
  std::string_view name;  // gone when the visitor returns
  Node node = 0;
  NodeKind kind = NodeKind::file;
  std::optional<Attributes> attributes;  // given where they cost nothing: inside a version
  std::uint64_t next_offset = 0;         // where to read on after this entry
};

// Returns false to stop: the entry it was called with was not taken.
using FolderVisitor = std::function<bool(const FolderEntry&)>;

struct Totals {
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
};

struct VersionName {
  std::string name;  // of the datastore
  dataset::VersionNumber number = 0;

  auto operator<=>(const VersionName&) const = default;
};

struct FilesystemOptions {
  // Datastores whose folder shows, beside its versions, the top of this version as its own.
  std::map<std::string, dataset::VersionNumber> pins;

  // A datastore without a pin gets one, to its newest version, when somebody first looks for it.
  bool pin_newest = false;

  // How old an answer about which datastores and versions there are may be.
  std::chrono::milliseconds refresh_interval{1000};

  // How long a question is put again while the store does not answer.
  std::chrono::milliseconds retry_deadline{30'000};

  // Called once for each version that is looked into, from the thread that does.
  std::function<void(const VersionName&)> on_touch;

  // Called once for each version that is looked into, and quickly: bytes that are read of its files
  // are added to what it returns, which outlives the Filesystem. Null: they are not counted.
  std::function<std::atomic<std::uint64_t>*(const VersionName&, const Digest& root)> counter_of;

  // Takes note of what is read first, and outlives the Filesystem. Null: nobody does.
  dataset::TraceRecorder* recorder = nullptr;

  // Of make_slot_file() (slots.h), and not closed before the Filesystem: what its numbers of nodes
  // mean is kept there, so that the next Filesystem with the same file and the same store gives the
  // same numbers. -1: it is kept nowhere.
  int slot_file = -1;

  // Called with a sentence for each damaged or unreadable file, once for each; from any thread.
  std::function<void(std::string_view)> on_problem;
};

// Thread-safe. A name that does not exist is no failure and never throws. Failures throw Error:
// `not_found` for a node that does not exist, `invalid_argument` for an operation on a node of
// another kind, otherwise what the store said, within "NAME:VERSION: PATH".
class Filesystem {
 public:
  // Throws `not_found` if a pinned version is not there.
  explicit Filesystem(std::shared_ptr<dataset::OpenStore> store, FilesystemOptions options = {});
  ~Filesystem();

  LookupResult lookup(Node parent, std::string_view name);
  AttributesResult attributes(Node node);

  // Visits a folder's entries, "." and ".." first, from `offset` on: 0, or a next_offset.
  void read_folder(Node folder, std::uint64_t offset, const FolderVisitor& visit);

  std::string read_link(Node link);

  // The bytes [offset, offset + size) of a file, cut off at its end. The view lies in `scratch`.
  BytesView read_node(Node file, std::uint64_t offset, std::size_t size, Bytes& scratch);

  // Of the version that `node` lies in; above the versions: of those looked into so far.
  Totals totals(Node node);

  // The versions looked into so far, sorted.
  std::vector<VersionName> touched() const;

  // As FilesystemOptions::pins, from now on. False if the datastore's folder shows another version,
  // which it then does for ever, or cannot show this one. Throws `not_found`.
  bool pin(const VersionName& version);

  // Those of FilesystemOptions::pins whose version could not be shown in its datastore's own folder
  // because its top holds a name that a version or `latest` may have; only NAME/VERSION leads
  // there.
  const std::vector<VersionName>& unmerged_pins() const;

  std::chrono::milliseconds refresh_interval() const;

  // From now on nothing waits for a store that does not answer: the mount is going away.
  void stop_waiting() noexcept;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace grid::mount
