// The versions in use on this machine: one file for each live run and mount, locked while it lives,
// so that a version in use is not deleted and a dead run or mount blocks nothing. These notes are
// their user's own; others see the marks of use_marks.h.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file_lock.h"
#include "dataset/datastore.h"
#include "mount/mount_table.h"
#include "run/use_marks.h"

namespace grid::run {

enum class AttachmentKind { run, mount };
std::string_view name_of(AttachmentKind kind);

struct Attachment {
  AttachmentKind kind = AttachmentKind::run;
  std::string label;     // for people: the name of a run, the folder of a mount, where it is now
  std::string store_id;  // see store::StoreMarker
  std::vector<UsedVersion> versions;
  pid_t pid = 0;                            // of the process that serves it
  mount::FileSystemNumber file_system = 0;  // of a mount; 0: not known

  bool operator==(const Attachment&) const = default;
};

// An attachment that other processes see until it is destroyed or its process ends, even if killed.
class LiveAttachment {
 public:
  // Replaces `attachment.pid` by this process's. Makes the folder if needed. Throws if the note
  // cannot be written.
  LiveAttachment(const std::filesystem::path& folder, Attachment attachment);
  ~LiveAttachment();
  LiveAttachment(const LiveAttachment&) = delete;
  LiveAttachment& operator=(const LiveAttachment&) = delete;

  // Replaces the versions in use; costs nothing if they are the same. Not thread-safe. If it
  // throws, the note cannot be written, and says what it said before; for other users, the versions
  // are marked all the same (see use_marks.h).
  void use(std::vector<UsedVersion> versions);

 private:
  void write();

  const std::filesystem::path path_;
  Attachment attachment_;
  UseMarks marks_;
  bool is_written_ = false;
  FileLock lock_;  // on the file that now stands at path_
};

// The attachments in `folder` whose processes live, lowest process number first. Removes the files
// of dead ones. Empty if there is no folder.
std::vector<Attachment> live_attachments(const std::filesystem::path& folder);

}  // namespace grid::run
