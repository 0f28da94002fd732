// An archive as a source: unpacked while it streams, with no copy of it on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "source/continued_archive.h"
#include "source/source.h"

namespace grid::source {

struct ArchiveLimits {
  // Of the bytes of all members, whether this attempt reads them or an earlier one did. If not set,
  // an archive that unpacks to more than archive_expansion_max times its size, and to more than
  // archive_size_trusted, is refused as a bomb.
  std::optional<std::uint64_t> size_max;
  std::optional<std::uint64_t> files_max;  // members
};

constexpr std::uint64_t archive_expansion_max = 200;
constexpr std::uint64_t archive_size_trusted = 1 << 30;  // bytes

// In any order. next() and reading throw, naming the archive and the member: `unsupported` for a
// member whose path is absolute, leads upwards or cannot be one, for an encrypted one and beyond
// the limits; `corrupt` for a damaged or truncated archive.
class ArchiveSource : public Source, private ByteStream {
 public:
  // `journals`: see ContinuedArchive.
  explicit ArchiveSource(ArchiveBytes bytes, ArchiveLimits limits = {},
                         const std::filesystem::path& journals = {});

  SourceOrder order() const override { return SourceOrder::any; }
  std::optional<Digest> identity() const override;
  std::optional<SourceEntry> next(std::vector<Problem>& problems) override;
  std::optional<std::int64_t> top_mtime_ns() const override { return top_mtime_ns_; }

 private:
  // The bytes of the last member of next().
  std::size_t read(MutableBytesView out) override;
  void pass(std::uint64_t size) override;
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  std::string name() const override { return name_ + ": " + member_; }

  std::optional<SourceEntry> take(ArchiveMember member, std::vector<Problem>& problems);
  void settle(SourceEntry& entry) const;
  void count(std::uint64_t size);

  const std::string name_;
  const ArchiveLimits limits_;
  const std::optional<Digest> state_;  // of the archive, if any later change shows in it
  const std::int64_t ctime_ns_;        // of the archive
  ContinuedArchive archive_;
  std::string member_;
  std::uint64_t files_ = 0, size_ = 0;        // so far; bytes
  std::uint64_t members_ = 0;                 // seen by next()
  std::optional<std::int64_t> top_mtime_ns_;  // of the member "./"
};

// Turns "a//./b/" into "a/b", and a path that means the top itself into "". Throws `unsupported`
// for paths that are absolute, lead upwards or have a zero byte.
std::string path_of_member(std::string_view written);

}  // namespace grid::source
