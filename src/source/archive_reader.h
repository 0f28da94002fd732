// What an archive holds, member by member, in the archive's order, with nothing decided about it.
// This and archive_input.h are what knows libarchive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/byte_stream.h"
#include "source/gunzip.h"
#include "source/source.h"

namespace grid::source {

// The bytes of an archive: once from the beginning, or, where `open_at` is there, from anywhere. A
// zip that can be read from anywhere is read by its directory, which stands at its end.
struct ArchiveBytes {
  std::unique_ptr<ByteStream> stream;  // from the beginning
  std::function<std::unique_ptr<ByteStream>(std::uint64_t offset)> open_at;
  std::optional<FileState> state;   // of the archive, if any later change will show in it
  std::uint64_t jump_size_min = 0;  // fewer bytes are sooner read than jumped over
};

// For jump_size_min, where a jump is a request of its own.
constexpr std::uint64_t remote_jump_size_min = 4 << 20;

// Of a file of this machine. Throws Error.
ArchiveBytes archive_bytes_of_file(const std::string& path);

struct ArchiveMember {
  enum class Kind { file, folder, symlink, hard_link, device, pipe, socket, unknown };

  std::string path;  // as it stands there; in UTF-8 where the archive says how it is encoded
  Kind kind = Kind::file;
  bool executable = false, encrypted = false;
  std::optional<std::uint64_t> size;  // of a file
  std::int64_t mtime_ns = 0;
  std::string target;  // of links, as it stands there
};

// Where the reading of a tar can begin: at a member's header.
struct ArchivePoint {
  std::uint64_t header = 0;                   // unpacked bytes that stand before it
  std::shared_ptr<const GunzipPoint> gunzip;  // of a .tar.gz: where unpacking begins, before it

  // Bytes of the archive that need not be read.
  std::uint64_t packed() const { return gunzip ? gunzip->packed : header; }
};

// Reads zip and tar, the latter also compressed with gzip, bzip2, xz or zstd, told by the bytes
// and not by a name. Not thread-safe. Throws `corrupt` for damaged and truncated archives,
// `unsupported` for what is no archive, and what the bytes throw.
class ArchiveReader {
 public:
  explicit ArchiveReader(ArchiveBytes bytes);
  // Begins at a point of the same archive, which has `size` bytes and open_at.
  ArchiveReader(const ArchiveBytes& bytes, std::uint64_t size, const ArchivePoint& at);
  ~ArchiveReader();

  // The next member; its bytes are then read with read(), or not at all. At the end the rest of
  // the archive is read, so that every checksum has been compared.
  std::optional<ArchiveMember> next();

  // Fills the front of `out`; 0 at the end of the member.
  std::size_t read(MutableBytesView out);

  // Where the member is that next() gave last, if reading can begin there or not far before.
  std::optional<ArchivePoint> point() const;

  bool has_points() const;

  // Of the archive: bytes that were needed so far, or, where it is known, its size.
  std::uint64_t archive_size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether a file of this name is one of those archives.
bool is_archive_name(std::string_view name);

}  // namespace grid::source
