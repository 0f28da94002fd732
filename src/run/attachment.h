// The versions in use on this machine: one file for each live run and mount, locked while it lives,
// so that a version in use is not deleted and a dead run or mount blocks nothing.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file_lock.h"
#include "dataset/datastore.h"

namespace grid::run {

enum class AttachmentKind { run, mount };
std::string_view name_of(AttachmentKind kind);

struct UsedVersion {
  std::string name;  // of the datastore
  dataset::VersionNumber version = 0;

  auto operator<=>(const UsedVersion&) const = default;
};

struct Attachment {
  AttachmentKind kind = AttachmentKind::run;
  std::string label;     // for people: the name of a run, the folder of a mount
  std::string store_id;  // see store::StoreMarker
  std::vector<UsedVersion> versions;
  pid_t pid = 0;  // of the process that serves it

  bool operator==(const Attachment&) const = default;
};

// An attachment that other processes see until it is destroyed or its process ends, even if killed.
class LiveAttachment {
 public:
  // Replaces `attachment.pid` by this process's. Makes the folder if needed.
  LiveAttachment(const std::filesystem::path& folder, Attachment attachment);
  ~LiveAttachment();
  LiveAttachment(const LiveAttachment&) = delete;
  LiveAttachment& operator=(const LiveAttachment&) = delete;

  // Replaces the versions in use; costs nothing if they are the same. Not thread-safe.
  void use(std::vector<UsedVersion> versions);

 private:
  void write();

  const std::filesystem::path path_;
  Attachment attachment_;
  FileLock lock_;  // on the file that now stands at path_
};

// The attachments in `folder` whose processes live, lowest process number first. Removes the files
// of dead ones. Empty if there is no folder.
std::vector<Attachment> live_attachments(const std::filesystem::path& folder);

}  // namespace grid::run
