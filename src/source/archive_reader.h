// Reads an archive member by member, in the archive's order, without judging its content. Only this
// and archive_input.h know libarchive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/byte_stream.h"
#include "source/archive_member.h"
#include "source/gunzip.h"
#include "source/source.h"

namespace grid::source {

// The bytes of an archive: once from the beginning or, if `open_at` is set, from any offset. A zip
// needs `open_at`: it is read by its directory, which is at its end.
struct ArchiveBytes {
  std::unique_ptr<ByteStream> stream;  // from the beginning
  std::function<std::unique_ptr<ByteStream>(std::uint64_t offset)> open_at;
  std::optional<FileState> state;   // of the archive, if any later change shows in it
  std::uint64_t jump_size_min = 0;  // fewer bytes are read faster than jumped over
};

// For jump_size_min, if each jump costs a request.
constexpr std::uint64_t remote_jump_size_min = 4 << 20;

// Of a local file. Throws Error.
ArchiveBytes archive_bytes_of_file(const std::string& path);

// Where reading a tar can begin: at a member's header.
struct ArchivePoint {
  std::uint64_t header = 0;                   // unpacked bytes before it
  std::shared_ptr<const GunzipPoint> gunzip;  // of a .tar.gz: where unpacking begins, before it

  // Bytes of the archive that need not be read.
  std::uint64_t packed() const { return gunzip ? gunzip->packed : header; }
};

// Reads zip and tar, the latter also compressed with gzip, bzip2, xz or zstd, recognised by content
// and not by name. Not thread-safe. Throws `corrupt` for damaged and truncated archives,
// `unsupported` for anything else, and the errors of reading the bytes.
class ArchiveReader {
 public:
  explicit ArchiveReader(ArchiveBytes bytes);
  // Begins at a point of the same archive, which has `size` bytes and open_at.
  ArchiveReader(const ArchiveBytes& bytes, std::uint64_t size, const ArchivePoint& at);
  ~ArchiveReader();

  // The next member; its bytes can then be read with read(). At the end the rest of the archive is
  // read, so that every checksum is compared.
  std::optional<ArchiveMember> next();

  // Fills the front of `out`; 0 at the end of the member.
  std::size_t read(MutableBytesView out);

  // Where the last member of next() is, if reading can begin there or shortly before.
  std::optional<ArchivePoint> point() const;

  bool has_points() const;

  // The archive's size or, if that is not known, how many of its bytes were read so far.
  std::uint64_t archive_size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether this is the name of such an archive.
bool is_archive_name(std::string_view name);

}  // namespace grid::source
