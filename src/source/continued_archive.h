// Gives an archive's members, taking those that an earlier attempt has passed from its journal
// instead of the archive, as long as their bytes are not read.
//
// Problem. A create from a .tar.gz of 100 GB on a server is killed near its end. The content of its
// members is stored, but just to learn their names all of it would be fetched and unpacked again.
//
// Idea. While an archive is read, its members are noted, and now and then a point at which reading
// can begin. The repeat gets the noted members from the journal; from the first member whose bytes
// are needed, or that was not noted, it reads the archive, beginning at the last point before it.
//
// This works for a tar, with gzip or uncompressed, that can be opened at any offset and whose state
// is known. Any other archive is read from its beginning. Not thread-safe; throws as ArchiveReader
// does.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "source/archive_reader.h"
#include "source/member_journal.h"

namespace grid::source {

class ContinuedArchive {
 public:
  // The journal is a file in `journals`, one for each state of each archive; empty: no journal.
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
  std::uint64_t members_ = 0;              // given by next()
  std::uint64_t point_at_ = 0;             // of the last one noted, in bytes of the archive
};

}  // namespace grid::source
