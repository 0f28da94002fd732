// Creates that are under way or were broken off: a folder for each in the state folder, with a
// record that others can read meanwhile and the checkpoint from which the same command continues.
//
// A folder is locked for as long as the process lives that works on it, in whatever way that
// ends. So the lock, and not a process number, tells the living from the dead.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_lock.h"
#include "create/checkpoint_log.h"

namespace grid::create {

enum class CreateState { uploading, failed };
std::string_view name_of(CreateState state);

// How far a create is. Totals are empty while they are not known.
struct CreateCounts {
  std::uint64_t files_done = 0, bytes_done = 0;
  std::uint64_t bytes_stored = 0;  // written to the store, by all attempts
  std::optional<std::uint64_t> files_total, bytes_total;

  bool operator==(const CreateCounts&) const = default;
};

struct CreateRecord {
  std::string id;               // chosen by LiveCreate
  std::string store, store_id;  // location and identity
  std::string name;             // of the datastore
  std::string source;           // as it was named
  // Creates with the same store, name and identity continue each other.
  std::string identity;
  std::vector<std::string> words;  // the command line behind `grid`, without --store
  std::string folder;              // in which it was given
  std::string program, created_by;
  std::string started, updated;  // RFC 3339, UTC
  pid_t pid = 0;
  CreateState state = CreateState::uploading;
  std::string reason;  // of a failure
  CreateCounts counts;

  bool operator==(const CreateRecord&) const = default;
};

// This process's create. Visible to others from construction; what the destructor finds neither
// finished nor failed looks to them as if the process had been killed.
class LiveCreate {
 public:
  // Continues the newest create with the same store, name and identity that no process works on,
  // or begins one; `record.id`, `pid` and times are chosen here. `folder`, in which there is a
  // folder for each create, is made if need be. Throws if it cannot be used.
  LiveCreate(std::filesystem::path folder, CreateRecord record);

  const CreateRecord& record() const { return record_; }
  // What earlier attempts had written to the store when they were last heard of.
  std::uint64_t bytes_stored_before() const { return bytes_stored_before_; }
  CheckpointLog& checkpoint() { return *checkpoint_; }
  const std::filesystem::path& own_folder() const { return own_; }  // for what else is kept of it

  // These say how it stands. Never throw: whoever looks then sees what was said before.
  // Thread-safe. `counts.bytes_stored` is what this attempt has written.
  void update(CreateCounts counts);
  void fail(std::string reason);

  // It is published: removes all that was kept, and of others that it made needless.
  void finish();

 private:
  bool continue_other(const CreateRecord& wanted);
  void make_own_folder();
  void begin(const CreateRecord& wanted);
  void write();

  const std::filesystem::path folder_;
  std::filesystem::path own_;
  std::optional<FileLock> lock_;
  std::unique_ptr<CheckpointLog> checkpoint_;
  std::uint64_t bytes_stored_before_ = 0;
  std::mutex mutex_;
  CreateRecord record_;  // what changes: guarded by mutex_
};

// What others see of a create.
struct IncompleteCreate {
  // With `id` alone where `problem` is not empty.
  CreateRecord record;
  bool live = false;    // a process works on it
  std::string problem;  // why the record cannot be read: a newer format, damage

  // `uploading` only while it is live.
  CreateState state() const;
  // Why it is not complete: "interrupted" if its process ended without a word.
  std::string reason() const;
};

// In the order in which they were begun. No folder is no create.
std::vector<IncompleteCreate> incomplete_creates(const std::filesystem::path& folder);

// Drops what is kept of a create. Returns false, and changes nothing, if a process works on it or
// it is there no more. Throws `unsupported` if a newer program left it.
bool remove_incomplete_create(const std::filesystem::path& folder, std::string_view id);

}  // namespace grid::create
