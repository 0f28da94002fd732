// What a version is made of: entries, and the bytes of its files.
//
// A source says what there is, in an order of its own, and where the bytes of each file come from:
//   - a folder, or objects under a prefix: any worker opens any file at any time (FileOpener);
//   - an archive in a stream: a file's bytes come with its entry and only then (ByteStream);
//   - what the store has already: a content that is known.
// It knows nothing of how the bytes are stored and of how entries become a tree.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_range.h"
#include "base/byte_stream.h"
#include "base/digest.h"
#include "base/file_part.h"
#include "source/problem.h"
#include "source/tree.h"

namespace grid::source {

// What tells whether a file is still the one that it was. A source that is no file system fills
// what it can: an object's ETag may stand for the inode, its last change for the ctime.
struct FileState {
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint64_t inode = 0;

  bool operator==(const FileState&) const = default;
};

class FileOpener;

struct SourceEntry {
  Entry entry;
  FileState state;               // of files
  std::uint64_t link_count = 1;  // names that a file has, as far as the source can tell

  // Where a file's bytes come from; one of the three.
  FileOpener* opener = nullptr;  // lives as long as the source
  ByteStream* stream = nullptr;  // holds the file's bytes until next() is called again
  bool content_known = false;    // entry.content and entry.size are right

  // Of a file that comes in a stream: its size is known, and `state` with the path says which bytes
  // these are, as long as the source is there.
  bool settled = false;
  bool implied = false;  // a folder that is only there for what is below it: its mtime is made up

  std::string origin;  // what the opener calls the file, where its path does not say it
};

// A file of a source, or some of its bytes, open for one worker. Throws `unavailable` when the
// source as a whole cannot be reached, which ends the create; every other Error is a problem of
// this file, which is named with the others. Not thread-safe.
class SourceFile : public ByteStream {
 public:
  // As it was when it was opened.
  virtual FileState state() const = 0;
  virtual bool executable() const = 0;

  // Which part of which local file these bytes are, where they are that.
  virtual std::optional<FilePart> local_part() const { return std::nullopt; }

  // Speaks of what was read so far. Throws `changed` if these bytes may not be those of one state
  // of the file. True if any later change will show in the state.
  virtual bool settled() = 0;
};

// Thread-safe.
class FileOpener {
 public:
  virtual ~FileOpener() = default;

  // Opens a file that next() gave: the bytes of `range`, which is only valid while the file is in
  // the state that was given; or, without one, all that it has by now. Throws as SourceFile does.
  virtual std::unique_ptr<SourceFile> open(const SourceEntry& entry,
                                           std::optional<ByteRange> range) = 0;

  // How many files a worker should have open while it reads one of them: more than one where the
  // first byte is long in coming. Local files are opened in batches of half of that.
  virtual unsigned open_count() const = 0;
};

enum class SourceOrder {
  tree,  // each entry behind those that stand before it in the tree, each folder before its content
  any,   // folders may be missing: they follow from the paths below them
};

// Used by one thread.
class Source {
 public:
  virtual ~Source() = default;

  virtual SourceOrder order() const = 0;

  // Equal for sources that give the same entries with the same bytes. Empty where that cannot be
  // told without going through them.
  virtual std::optional<Digest> identity() const { return std::nullopt; }

  // The next entry, or empty at the end. Appends what a version cannot hold, or what could not be
  // looked at, to `problems`. Throws if the source cannot be read on.
  virtual std::optional<SourceEntry> next(std::vector<Problem>& problems) = 0;
};

}  // namespace grid::source
