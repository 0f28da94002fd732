// From a source folder or file to the next version of a datastore: the life of a publish.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "create/checkpoint_log.h"
#include "dataset/open_store.h"
#include "source/open_source.h"
#include "tree/entries.h"

namespace grid::create {

// A version to change: first some of it is removed, then the sources are added.
struct CreateBase {
  dataset::Reference reference;
  std::vector<std::string> removed;  // patterns: see find_removed()
};

// What to read.
struct CreateInput {
  std::vector<source::SourceSpec> sources;
  std::optional<dataset::Reference>
      version;  // is what is copied; `sources` has it for messages alone
  std::optional<CreateBase> base;
  // Opens what is stored, instead of `sources`, which are for messages alone; null: they are
  // opened.
  std::function<std::unique_ptr<source::Source>()> open_source{};
  // What is left out, as in a .gitignore at the top of each source; stands over .gridignore files.
  source::IgnorePatterns patterns{};
  bool use_ignore_files = true;
  bool follow_links = false, keep_all = false;  // see source::WalkOptions
  source::ArchiveLimits limits{};
  net::ServerOptions servers{};          // how URLs and buckets are reached
  bool in_place = false;                 // leave the objects of buckets there, unread
  std::filesystem::path state_folder{};  // grid's own, which belongs to no source; empty: none
};

// How to store it.
struct CreateStoring {
  bool force = false;          // a new version even if nothing has changed
  bool allow_partial = false;  // leave out files that could not be read
  bool paranoid = false;       // read everything twice, and publish what was the same
  // Read everything, and check what the store has of it: what is damaged there is stored again.
  bool repairs = false;
  bool times_count = true;  // else a version that differs in times alone is the same
  unsigned workers = 0;     // threads; 0: as many as serve this machine
  // What earlier attempts have read, and where this one notes it; null: nowhere.
  CheckpointLog* checkpoint = nullptr;
  // A folder for the same of archives, and of packs that are being filled; empty: nowhere.
  std::filesystem::path journals{};
  std::uint64_t bytes_stored_before = 0;  // written to the store by earlier attempts
  // For the version's record, the same in all attempts; empty: it has none before.
  std::string create_id{};
  // An earlier attempt with this create_id may have published, and not have heard of it.
  bool is_repeat = false;
  // The writer's, held from before it looked at the store, and not ended here; null: one is made
  // for the time of the create.
  store::Lease* lease = nullptr;
  // Set by others while it runs: it then ends soon with Interrupted; null: never.
  const std::atomic<bool>* stop = nullptr;
};

// What to record of it.
struct CreateNote {
  std::string name;  // of the datastore, checked
  std::string message{};
  std::string program{};
  std::string created_by{};  // empty: the user of this process
  std::string source{};      // empty: the sources as the user named them
};

struct CreateOptions {
  CreateInput input{};
  CreateStoring storing{};
  CreateNote note{};
};

// Written by the workers, read by a progress bar. All counts only grow.
struct CreateProgress {
  std::atomic<std::uint64_t> files_total = 0, bytes_total = 0;  // found in the source so far
  std::atomic<bool> total_known = false;                        // the source was read to its end
  std::atomic<std::uint64_t> files_done = 0, bytes_done = 0;
  std::atomic<std::uint64_t> files_unchanged = 0, bytes_unchanged = 0;  // recognised unread
  std::atomic<std::uint64_t> bytes_resumed = 0;       // stored by an earlier attempt, unread
  std::atomic<std::uint64_t> bytes_new = 0;           // not in the store before, uncompressed
  std::atomic<std::uint64_t> bytes_stored = 0;        // written to packs
  std::atomic<bool> publishing = false;               // until then, nothing can be published
  std::atomic<dataset::VersionNumber> published = 0;  // its number, once it is known
  std::atomic<bool> reading_again = false;            // see CreateStoring::paranoid
};

struct CreateResult {
  dataset::VersionRecord record;  // of the new version, or of the newest if the source is the same
  bool same = false;              // nothing was published: the source equals record
  std::uint64_t files_read = 0, files_unchanged = 0;
  std::uint64_t bytes_read = 0, bytes_new = 0;
  std::uint64_t chunks_healed = 0;        // were damaged in the store, and are stored again
  std::uint64_t bytes_resumed = 0;        // of the files in files_read, stored by earlier attempts
  std::vector<source::Problem> problems;  // what was left out, or is not quite as it was
  // Packs of the store that have lost bytes, each with what is wrong with it. The version does
  // without them.
  std::vector<std::string> short_packs;
  // Ready versions whose records are damaged, newer than all others: the new one comes after them,
  // and was not compared with them.
  std::vector<dataset::UnreadableVersion> damaged;
};

// Thrown when CreateStoring::stop was set. What was read by then is stored.
class Interrupted : public Error {
 public:
  Interrupted() : Error(ErrorKind::unavailable, "interrupted") {}
};

// Thrown when files that should have been kept could not be; nothing was published.
class IncompleteSource : public Error {
 public:
  IncompleteSource(const std::string& message, std::vector<source::Problem> problems)
      : Error(ErrorKind::changed, message), problems_(std::move(problems)) {}
  const std::vector<source::Problem>& problems() const { return problems_; }

 private:
  std::vector<source::Problem> problems_;
};

// Throws Error, and then nothing is visible. The next try finds what was already stored. Throws
// store::LeaseClosed if it has stood still for so long that a collection went on without it.
CreateResult create_version(dataset::OpenStore& store, const CreateOptions& options,
                            CreateProgress& progress);

}  // namespace grid::create
