// Which versions the readers of a mount have looked into, noted for other processes.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "run/attachment.h"

namespace grid::run {

// Best effort: a note that cannot be written, as on a full disk, is tried again with the next
// version, and the readers notice nothing. Thread-safe.
class MountUses {
 public:
  using Warn = std::function<void(std::string_view)>;

  // `warn` gets one sentence, of the first note that cannot be written.
  MountUses(std::filesystem::path folder, Attachment attachment, Warn warn);

  void add(const UsedVersion& version) noexcept;

 private:
  void write() noexcept;

  const std::filesystem::path folder_;
  const Warn warn_;
  std::mutex mutex_;                    // held while the note is written, which is rare and short
  Attachment attachment_;               // guarded by mutex_
  UseMarks marks_;                      // for as long as there is no note; guarded by mutex_
  std::optional<LiveAttachment> live_;  // guarded by mutex_
  bool has_warned_ = false;             // guarded by mutex_
};

}  // namespace grid::run
