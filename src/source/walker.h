// Walks a source folder in tree order and gives its entries, without reading the files.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/thread_pool.h"
#include "source/ignore_patterns.h"
#include "source/problem.h"
#include "source/source.h"

namespace grid::source {

FileState state_of(const struct stat& st);

struct WalkedEntry {
  Entry entry;  // files: without content
  FileState state;
  std::uint64_t device = 0;
  std::uint64_t link_count = 1;  // of files, as the source's file system counts
};

// A folder that belongs to no source, wherever it lies: the store, grid's cache.
struct SkippedFolder {
  std::filesystem::path path;
  std::string what;  // "the store itself", for the message
};

struct WalkOptions {
  std::filesystem::path source;  // a folder, or one file
  IgnorePatterns patterns{};     // what is left out; overrides the source's own .gridignore files
  bool use_ignore_files = true;  // a .gridignore in each folder
  // Takes a symbolic link for the file or folder that it leads to, also outside of the source. A
  // link that leads nowhere stays a link; one to a folder that it lies in is left out.
  bool follow_links = false;
  bool keep_all = false;  // also what is_left_out_by_default()
  std::vector<SkippedFolder> skipped{};
};

// Not thread-safe. A few threads of its own scan the next folders ahead of the walk: on a cold disk
// scanning takes most of the time. Memory grows with the largest folders and with the depth.
class Walker {
 public:
  // The constructor and next() call `report` with what cannot be walked or kept.
  Walker(WalkOptions options, std::function<void(Problem)> report);
  ~Walker();

  // The next entry in tree order, or empty at the end.
  std::optional<WalkedEntry> next();

  // The source itself, if it is a folder: open for as long as the walker lives, so that its files
  // can be opened beneath it.
  const FileDescriptor* folder() const { return folder_.get(); }
  // Its time, if it is a folder.
  std::optional<std::int64_t> folder_mtime_ns() const { return folder_mtime_ns_; }

 private:
  struct Scan;
  struct Folder;

  struct Trail;

  Scan scan_below(const std::shared_ptr<const FileDescriptor>& above, const IgnoreRules& rules,
                  const std::shared_ptr<const Trail>& trail, const std::string& path,
                  const std::string& name) const;
  Scan scan(FileDescriptor fd, const std::string& path, IgnoreRules rules,
            const std::shared_ptr<const Trail>& above) const;
  bool is_left_out(const IgnoreRules& rules, const std::string& path, std::string_view name,
                   bool is_folder, std::vector<Problem>& problems) const;
  void enter(const std::string& path, Scan scanned);
  void look_ahead(Folder& folder);
  bool descend();

  std::string_view why_skipped(const struct stat& folder) const;
  std::optional<WalkedEntry> examine(const Scan& in, const std::string& folder, std::string name,
                                     std::vector<Problem>& problems) const;

  const WalkOptions options_;
  const std::function<void(Problem)> report_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> skipped_;  // device, inode; as in options_
  std::shared_ptr<const FileDescriptor> folder_;
  std::optional<std::int64_t> folder_mtime_ns_;
  std::vector<Folder> stack_;         // the folders that are being walked, outermost first
  std::vector<WalkedEntry> entries_;  // of the innermost folder, in reverse order
  ThreadPool pool_;                   // last: its tasks use the other members
};

}  // namespace grid::source
