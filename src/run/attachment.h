// Who uses which versions on this machine right now: one file for every live run and mount, locked
// for as long as it lives, so that a version in use is not deleted and a dead user blocks nothing.
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
  std::string label;     // what a person calls it: the name of a run, the folder of a mount
  std::string store_id;  // see store::StoreMarker
  std::vector<UsedVersion> versions;
  pid_t pid = 0;  // of the process that serves it

  bool operator==(const Attachment&) const = default;
};

// An attachment that others see, until it is destroyed or its process ends, in whatever way.
class LiveAttachment {
 public:
  // `attachment.pid` is ignored: it is this process. The folder is made if need be.
  LiveAttachment(const std::filesystem::path& folder, Attachment attachment);
  ~LiveAttachment();
  LiveAttachment(const LiveAttachment&) = delete;
  LiveAttachment& operator=(const LiveAttachment&) = delete;

  // Says what is in use from now on; costs nothing if that has not changed. Not thread-safe.
  void use(std::vector<UsedVersion> versions);

 private:
  void write();

  const std::filesystem::path path_;
  Attachment attachment_;
  FileLock lock_;  // on the file that now stands at path_
};

// The attachments in `folder` whose processes live, oldest process number first; the files of dead
// ones are removed. No folder is no attachment.
std::vector<Attachment> live_attachments(const std::filesystem::path& folder);

}  // namespace grid::run
