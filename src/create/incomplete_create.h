// Creates that are running or were interrupted: a folder for each in the state folder, with a
// record that others can read meanwhile and the checkpoint from which the same command continues.
//
// A folder stays locked for as long as the process that works on it lives, however that process
// ends. So the lock, not a process number, tells whether a create is live.
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
  std::string store_key;        // see store::cache_key(); empty: written by an earlier version
  std::string name;             // of the datastore
  std::string source;           // as the user named it
  // Creates with the same store, name and identity continue each other.
  std::string identity;
  // The command line after `grid`, without --store. Passwords and signatures of URLs are never
  // written: if there were any, the words do not repeat the command.
  std::vector<std::string> words;
  bool secrets_left_out = false;
  std::string folder;  // in which the command was run
  std::string program, created_by;
  std::string started, updated;  // RFC 3339, UTC
  pid_t pid = 0;
  CreateState state = CreateState::uploading;
  std::string reason;  // of a failure
  CreateCounts counts;

  bool operator==(const CreateRecord&) const = default;
};

// Whether a create is one of this store.
bool is_of_store(const CreateRecord& record, std::string_view store_id, std::string_view store_key);

// This process's create. Visible to other processes from construction on. If it is destroyed
// neither finished nor failed, it looks to them as if the process had been killed.
class LiveCreate {
 public:
  // Continues the newest create with the same store, name and identity that no process works on,
  // or begins one; sets `record.id`, `pid` and times. `folder` has a folder for each create and is
  // made if missing. Throws if it cannot be used.
  LiveCreate(std::filesystem::path folder, CreateRecord record);

  const CreateRecord& record() const { return record_; }
  // The same for all attempts, and for no other create: see dataset::VersionRecord::create_id.
  std::string create_id() const;
  bool is_repeat() const { return is_repeat_; }  // there were earlier attempts
  // Bytes that earlier attempts had written to the store, according to their last update.
  std::uint64_t bytes_stored_before() const { return bytes_stored_before_; }
  CheckpointLog& checkpoint() { return *checkpoint_; }
  const std::filesystem::path& own_folder() const { return own_; }  // for its other files

  // Update the record. Never throw: if it cannot be written, other processes see the older one.
  // Thread-safe. `counts.bytes_stored` is what this attempt has written.
  void update(CreateCounts counts);
  // Removes what is kept if `counts` and all earlier attempts have stored nothing.
  void fail(std::string reason, const CreateCounts& counts);
  // It can be continued, whatever it has stored.
  void interrupt(std::string reason);

  // To be called once it is published: removes all that was kept of it, and the other creates with
  // the same store, name and identity that no process works on.
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
  bool is_repeat_ = false;
  std::mutex mutex_;
  CreateRecord record_;  // fields that change: guarded by mutex_
};

// What other processes see of a create.
struct IncompleteCreate {
  // Only `id` is set if `problem` is not empty.
  CreateRecord record;
  bool live = false;    // a process works on it
  std::string problem;  // why the record cannot be read: a newer format, damage

  // `uploading` only while it is live.
  CreateState state() const;
  // Why it is not complete: "interrupted" if its process ended without giving a reason.
  std::string reason() const;
};

// In the order in which they began. Empty if the folder does not exist.
std::vector<IncompleteCreate> incomplete_creates(const std::filesystem::path& folder);

// Drops what is kept of a create. Returns false, and changes nothing, if a process works on it or
// it no longer exists. Throws `unsupported` if a newer program made it.
bool remove_incomplete_create(const std::filesystem::path& folder, std::string_view id);

}  // namespace grid::create
