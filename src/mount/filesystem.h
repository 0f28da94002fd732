// All datastores of a store as one read-only tree of nodes: NAME/VERSION/… and NAME/latest.
//
// A Filesystem does not know FUSE: it answers questions about nodes with values. It keeps no table
// of nodes: a node's number says what it is, and the content of a version never changes. It does
// keep a slot for each datastore and version it has shown, and the nodes it has reported as
// damaged. Only the top and the datastores' folders change, as versions come and go.
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
  std::uint32_t link_count = 1;  // of a folder: always 1, "not counted"
  std::uint64_t size = 0;        // bytes; links: of the target
  std::int64_t mtime_ns = 0;     // since 1970-01-01 UTC

  bool operator==(const Attributes&) const = default;
};

// How long the asker may reuse an answer.
enum class Validity {
  not_at_all,
  for_a_moment,  // FilesystemOptions::refresh_interval
  for_ever,
};

struct LookupResult {
  std::optional<Attributes> attributes;  // empty: no such name
  Validity name_validity = Validity::not_at_all;
  Validity attributes_validity = Validity::not_at_all;
};

struct AttributesResult {
  Attributes attributes;
  Validity validity = Validity::not_at_all;
};

struct FolderEntry {
  std::string_view name;  // valid until the visitor returns
  Node node = 0;
  NodeKind kind = NodeKind::file;
  std::optional<Attributes> attributes;  // set where they cost nothing: inside a version
  std::uint64_t next_offset = 0;         // the offset at which to continue after this entry
};

// Returns false to stop; the entry it was called with then counts as not taken.
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
  // Datastores whose folder shows, besides its versions, the content of this version as its own.
  std::map<std::string, dataset::VersionNumber> pins;

  // Pin a datastore without a pin to its newest version when it is first looked up.
  bool pin_newest = false;

  // How old an answer about the existing datastores and versions may be.
  std::chrono::milliseconds refresh_interval{1000};

  // How long to retry while the store does not answer.
  std::chrono::milliseconds retry_deadline{30'000};

  // Called once for each version when it is first looked into, on the thread that does so.
  std::function<void(const VersionName&)> on_touch;

  // Called once for each version when it is first looked into; must be quick. The number of bytes
  // read from the version's files is added to the returned counter, which must outlive the
  // Filesystem. If this is unset or returns null, the bytes are not counted.
  std::function<std::atomic<std::uint64_t>*(const VersionName&, const Digest& root)> counter_of;

  // Records what is read first; must outlive the Filesystem. Null disables recording.
  dataset::TraceRecorder* recorder = nullptr;

  // From make_slot_file() (slots.h); must stay open as long as the Filesystem. It keeps the meaning
  // of node numbers, so that the next Filesystem with the same file and the same store gives the
  // same numbers. -1: not kept.
  int slot_file = -1;

  // Called with a message for each damaged or unreadable file, once per file; on any thread.
  std::function<void(std::string_view)> on_problem;
};

// Thread-safe. Asking for a name that does not exist is no failure and never throws. Failures throw
// Error: `not_found` for a node that does not exist, `invalid_argument` for an operation on a node
// of another kind, otherwise the store's error, within "NAME:VERSION: PATH".
class Filesystem {
 public:
  // Throws `not_found` if a pinned version does not exist.
  explicit Filesystem(std::shared_ptr<dataset::OpenStore> store, FilesystemOptions options = {});
  ~Filesystem();

  LookupResult lookup(Node parent, std::string_view name);
  AttributesResult attributes(Node node);

  // Visits the entries of a folder, "." and ".." first, starting at `offset`: 0, or a next_offset.
  void read_folder(Node folder, std::uint64_t offset, const FolderVisitor& visit);

  std::string read_link(Node link);

  // The bytes [offset, offset + size) of a file, cut off at its end. The view lies in `scratch`.
  BytesView read_node(Node file, std::uint64_t offset, std::size_t size, Bytes& scratch);

  // The totals of the version that contains `node`; for nodes above the versions, of all versions
  // looked into so far.
  Totals totals(Node node);

  // Adds a pin, as in FilesystemOptions::pins. False if the datastore's folder already shows
  // another version, which never changes, or cannot show this one. Throws `not_found`.
  bool pin(const VersionName& version);

  // The FilesystemOptions::pins whose version could not be shown in its datastore's folder, because
  // its top contains a name that a version or `latest` may have; only NAME/VERSION leads to these.
  const std::vector<VersionName>& unmerged_pins() const;

  std::chrono::milliseconds refresh_interval() const;

  // From now on, no call waits for a store that does not answer: the mount is about to go away.
  void stop_waiting() noexcept;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace grid::mount
