// What the source's files looked like when a version was made of them, so that the next create
// need not read what has not changed. Kept outside the store; losing it costs time alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/file.h"
#include "dataset/manifest.h"
#include "source/source.h"

namespace grid::dataset {

// Written in step with a manifest: one mark for each entry, in the same order.
class ScanRecordWriter {
 public:
  // `path` empty: nothing is written. Never throws: a record that cannot be written is done
  // without.
  explicit ScanRecordWriter(std::filesystem::path path);
  ~ScanRecordWriter();

  // `settled` is false for anything but a file whose time stamps, when it was opened for reading,
  // were old enough that a later write must change them.
  void add(const source::FileState& state, bool settled);

  // Puts the record in place, for the version whose tree has this root.
  void finish(const Digest& root);

 private:
  void flush();

  const std::filesystem::path path_;
  std::filesystem::path temporary_;
  FileDescriptor fd_;
  Bytes buffer_;
  std::uint64_t count_ = 0;
};

// Looks entries up in the version that the record belongs to, as a walk goes by in tree order.
class UnchangedFiles {
 public:
  // Empty if there is no record, or it belongs to another tree than `manifest`.
  static std::optional<UnchangedFiles> find(const std::filesystem::path& path,
                                            std::shared_ptr<const Manifest> manifest);

  // The content of a source's file, if it is the one that the version has. Entries must come in
  // tree order.
  std::optional<Content> find(const source::SourceEntry& file);

 private:
  UnchangedFiles(MappedFile file, std::shared_ptr<const Manifest> manifest);

  MappedFile file_;
  EntryCursor cursor_;
  std::optional<EntryRef> current_;
};

}  // namespace grid::dataset
