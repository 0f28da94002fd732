// A local folder, or one file, as a source.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "source/source.h"
#include "source/walker.h"

namespace grid::source {

// In tree order. A file's second name is a hard link to the first.
class FolderSource : public Source, private FileOpener {
 public:
  explicit FolderSource(WalkOptions options);

  SourceOrder order() const override { return SourceOrder::tree; }
  std::optional<SourceEntry> next(std::vector<Problem>& problems) override;
  std::optional<std::int64_t> top_mtime_ns() const override { return walker_.folder_mtime_ns(); }

 private:
  std::unique_ptr<SourceFile> open(const SourceEntry& entry,
                                   std::optional<ByteRange> range) override;
  unsigned open_count() const override { return open_count_; }
  void recognise_hard_link(WalkedEntry& walked);

  const std::filesystem::path path_;
  const bool follow_links_;
  const unsigned open_count_;
  std::vector<Problem> reported_;  // by the walker, since the last next()
  Walker walker_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> first_names_;  // device, inode
};

// The state of an open file, if any later change shows in it.
std::optional<FileState> find_settled_state(int fd);

}  // namespace grid::source
