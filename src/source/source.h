// What a version is made of: entries, and the bytes of its files.
//
// A source gives its entries in an order of its own, and says where each file's bytes come from:
//   - a folder, or objects under a prefix: any worker opens any file at any time (FileOpener);
//   - an archive in a stream: a file's bytes come with its entry and only then (ByteStream);
//   - what the store has already: the content is known, and no bytes are read.
// It knows nothing of how bytes are stored or of how entries become a tree.
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

// Shows whether a file has changed. A source other than a file system fills in what it can: an
// object's ETag may take the place of the inode, its time of change that of the ctime.
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

  // Where a file's bytes come from; one of the three is set.
  FileOpener* opener = nullptr;  // lives as long as the source
  ByteStream* stream = nullptr;  // holds the file's bytes until next() is called again
  bool content_known = false;    // entry.content and entry.size are right

  // For a file that comes in a stream: its size is known, and `state` and the path together
  // identify its bytes, as long as the source exists.
  bool settled = false;
  bool implied = false;  // a folder that only the paths below it name: its mtime is made up

  std::string origin;  // how the opener knows the file, if not by its path
};

// A file of a source, or some of its bytes, open for one worker. Throws `unavailable` when the
// source as a whole cannot be reached, which ends the create; every other Error is a problem of
// this file alone, reported with the others. Not thread-safe.
class SourceFile : public ByteStream {
 public:
  // As it was when the file was opened.
  virtual FileState state() const = 0;
  virtual bool executable() const = 0;

  // The part of a local file that these bytes are; empty if they come from elsewhere.
  virtual std::optional<FilePart> local_part() const { return std::nullopt; }

  // Whether any later change will show in the state. Throws `changed` if the bytes read so far may
  // not all be of one state of the file.
  virtual bool settled() = 0;
};

// Thread-safe.
class FileOpener {
 public:
  virtual ~FileOpener() = default;

  // Opens a file that next() gave. With `range`, gives those bytes, and only while the file is in
  // the state that next() gave; without it, all that the file has now. Throws as SourceFile does.
  virtual std::unique_ptr<SourceFile> open(const SourceEntry& entry,
                                           std::optional<ByteRange> range) = 0;

  // How many files a worker should have open while it reads one of them: more than one if the first
  // byte takes long to arrive. Local files are opened in batches of half of that.
  virtual unsigned open_count() const = 0;
};

enum class SourceOrder {
  tree,  // each entry after those that precede it in the tree, each folder before its content
  any,   // folders may be missing: they follow from the paths below them
};

// Used by one thread.
class Source {
 public:
  virtual ~Source() = default;

  virtual SourceOrder order() const = 0;

  // Equal only for sources that give the same entries with the same bytes. Empty if that cannot be
  // told without reading them.
  virtual std::optional<Digest> identity() const { return std::nullopt; }

  // The next entry, or empty at the end. Appends what a version cannot hold, or what could not be
  // looked at, to `problems`. Throws if the source cannot be read any further.
  virtual std::optional<SourceEntry> next(std::vector<Problem>& problems) = 0;

  // The time of the folder that holds all the entries, once next() has given the last one. Empty if
  // the source has no such folder.
  virtual std::optional<std::int64_t> top_mtime_ns() const { return std::nullopt; }
};

}  // namespace grid::source
