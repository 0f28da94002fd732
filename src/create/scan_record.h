// What the source's files looked like when a version was made of them, so that the next create
// need not read what has not changed. Kept outside the store; losing it costs only time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/file.h"
#include "source/source.h"
#include "tree/manifest.h"

namespace grid::create {

// What shows, together with size and mtime, that a file has not changed.
struct FileMark {
  std::int64_t ctime_ns = 0;
  std::uint64_t inode = 0;  // zero: it must be read again

  bool operator==(const FileMark&) const = default;
};

// `settled` is true only for a file whose time stamps, when it was opened for reading, were old
// enough that a later write must change them.
FileMark mark_of(const source::FileState& state, bool settled);

// Written in step with a manifest: one mark for each entry, in the same order.
class ScanRecordWriter {
 public:
  // Writes nothing if `path` is empty. Never throws: if it cannot be written, there is no record.
  explicit ScanRecordWriter(std::filesystem::path path);
  ~ScanRecordWriter();

  void add(const FileMark& mark);

  // Puts the record in place, for the version whose tree has this root. `source` is the identity
  // of the source that all of the tree comes from, if it has one.
  void finish(const Digest& root, const std::optional<Digest>& source = std::nullopt);

 private:
  void flush();

  const std::filesystem::path path_;
  std::filesystem::path temporary_;
  FileDescriptor fd_;
  Bytes buffer_;
  std::uint64_t count_ = 0;
};

// Looks entries up in the version that the record belongs to. Not thread-safe.
class UnchangedFiles {
 public:
  // Empty if there is no record, or it belongs to another tree than `manifest`. With
  // SourceOrder::tree, entries must be looked up in tree order.
  static std::optional<UnchangedFiles> find(const std::filesystem::path& path,
                                            std::shared_ptr<const tree::Manifest> manifest,
                                            source::SourceOrder order);

  const tree::TreeTotals& totals() const { return manifest_->totals(); }  // of the version

  // Whether all of the version comes from the source with this identity.
  bool are_all_of(const Digest& source) const;

  // The content of a source's file, if it has not changed since the version was made.
  std::optional<tree::Content> find(const source::SourceEntry& file);

 private:
  UnchangedFiles(MappedFile file, std::shared_ptr<const tree::Manifest> manifest,
                 source::SourceOrder order);
  void go_to(const tree::Entry& entry);

  MappedFile file_;
  std::shared_ptr<const tree::Manifest> manifest_;
  source::SourceOrder order_;
  tree::EntryCursor cursor_;
  std::optional<tree::EntryRef> current_;  // the last one looked up, or the first after it
};

}  // namespace grid::create
