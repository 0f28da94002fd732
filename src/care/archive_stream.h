// A version, a folder of it or a selection, as one archive that is made while it is read: a zip or
// a tar.
//
// Problem. The reader of the archive is at the other end of a connection and may be slow, the
// folder may have any size, and nothing may be written to a disk meanwhile.
//
// Idea. The caller pulls pieces. Small files are read a megabyte at a time, as neighbours in tree
// order lie side by side in the store. A zip wants two things in places where a stream does not
// know them yet: the digest (CRC) of a file before its bytes, and a directory of everything at the
// end. Small files are whole in memory when their header is written. A large file has its digest
// behind it, which needs bytes that tell their own end: a deflate stream of blocks that are not
// compressed. The directory is made by walking over the tree a second time: where each file begins
// follows from the sizes before it, so that only digests are kept, 4 bytes for each file.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "care/archive_member.h"
#include "care/selection.h"
#include "dataset/file_group.h"
#include "dataset/open_store.h"

namespace grid::care {

enum class ArchiveFormat { zip, tar };

// Used by one thread at a time. Keeps names in any encoding, folders, links, executable bits and
// modification times; a zip has times to the second only, and cannot say of a name that is not
// UTF-8 what encoding it is in. A hard link becomes one in a tar, if what it links to is there
// before it, and else a file.
class ArchiveStream {
 public:
  // `selection` lies below the folder at `path` ("" is the whole version), which is called `top` in
  // the archive ("": what is below it is at the archive's top).
  ArchiveStream(std::shared_ptr<const dataset::OpenStore> store, Selection selection,
                std::string path, std::string top, ArchiveFormat format);
  ArchiveStream(const ArchiveStream&) = delete;
  ArchiveStream& operator=(const ArchiveStream&) = delete;

  // The next bytes, about a megabyte, valid until the next call; empty at the end. Throws an Error
  // that names the file for one that cannot be read: the archive then has no end.
  BytesView next();

 private:
  enum class Phase { entries, directory, ended };

  // The entry that has an entry's content, and how the archive spells it.
  struct Member {
    ArchiveMember written;
    tree::EntryRef content;

    bool is_file() const { return written.kind == tree::EntryKind::file; }
  };
  Member member_of(const tree::EntryRef& entry) const;
  std::string path_in_archive(std::string_view path) const;
  bool is_large(const Member& member) const;
  ZipMember zip_of(const Member& member, std::uint32_t crc) const;

  void fill_window();
  void write_next_entry();
  void write_whole(const Member& member, BytesView content);
  void write_large_part(const Member& member);
  BytesView read(const tree::EntryRef& file, std::uint64_t offset, std::size_t size);
  void end_entries();
  void write_next_of_directory();
  void write_text(std::string_view text) { append(out_, as_bytes(text)); }

  const std::shared_ptr<const dataset::OpenStore> store_;
  const Selection selection_;
  const std::shared_ptr<const tree::Manifest> manifest_;
  const std::string path_, top_;
  const ArchiveFormat format_;
  SelectionCursor cursor_;
  Phase phase_ = Phase::entries;
  Bytes out_;
  std::uint64_t size_ = 0;  // of the archive before out_

  // Entries whose small files are read together, and which of them comes next.
  std::vector<tree::EntryRef> window_;
  std::size_t at_ = 0;
  bool window_is_read_ = false;  // false: one of its files is damaged, and each is read alone
  Bytes window_content_, file_content_;
  BytesView rest_;            // of window_content_: of the files that come next
  std::uint64_t offset_ = 0;  // in the large file that comes next

  // Of a zip.
  std::vector<std::uint32_t> crcs_;  // of files, in order; the last may have begun only
  std::size_t crc_at_ = 0;           // the file that comes next in the directory, and
  SelectionCursor directory_cursor_;
  std::uint64_t member_begin_ = 0;  // where it begins
  std::uint64_t member_count_ = 0, directory_begin_ = 0;
};

}  // namespace grid::care
