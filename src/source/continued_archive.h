// An archive's members, of which those that an earlier attempt came past are taken from its journal
// and not from the archive, as long as nobody reads their bytes.
//
// Problem. A create from a .tar.gz of 100 GB on a server is killed at its end. The content of its
// members is stored; but to know what they are called, all had to be fetched and unpacked again.
//
// Idea. While an archive is read, its members and now and then a point at which reading can begin
// are noted. The repeat is given the members that were noted; the first whose bytes are wanted, or
// that was not noted, is looked for from the last point before it.
//
// A tar, with gzip or as it is, that can be opened at any offset and says in what state it is.
// Every other archive is read from its beginning. Not thread-safe; errors as ArchiveReader's.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "source/archive_reader.h"
#include "source/member_journal.h"

namespace grid::source {

class ContinuedArchive {
 public:
  // The journal is a file in `journals`, one for each state of each archive; empty: there is none.
  ContinuedArchive(ArchiveBytes bytes, const std::filesystem::path& journals);

  std::optional<ArchiveMember> next();
  std::size_t read(MutableBytesView out);
  std::uint64_t archive_size() const;

 private:
  bool noted() const { return journal_ && members_ < journal_->count(); }
  void begin_reader();
  void note(const ArchiveMember& member);

  ArchiveBytes bytes_;
  std::optional<std::uint64_t> size_;  // of the archive
  std::optional<MemberJournal> journal_;
  std::unique_ptr<ArchiveReader> reader_;  // null while members come from the journal
  std::uint64_t members_ = 0;              // that next() gave
  std::uint64_t point_at_ = 0;             // of the last that was noted, bytes of the archive
};

}  // namespace grid::source
