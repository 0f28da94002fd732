// The members of an archive that an unfinished create has come past, and points at which reading
// can begin again: what its repeat needs to go on in the middle. A log beside the checkpoint; as
// that one it is a hint, and losing it costs time alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/frame_log.h"
#include "source/archive_reader.h"

namespace grid::source {

// Not thread-safe.
class MemberJournal {
 public:
  // Throws as FrameLog does.
  explicit MemberJournal(const std::filesystem::path& path);

  // Members that were there when it was opened, which come in the archive's order.
  std::uint64_t count() const { return count_; }
  std::optional<ArchiveMember> next();

  struct Point {
    std::uint64_t members = 0;  // that stand before it
    ArchivePoint at;
  };
  // Of those that were there when it was opened, the last with at most so many members before it.
  std::optional<Point> find_point(std::uint64_t members_max) const;

  // Appended soon, some KB at a time; a point at once, with what came before it.
  void add(const ArchiveMember& member);
  void add(const Point& point);

 private:
  struct Place {
    std::uint64_t members, offset;  // in the log, of a point
    std::size_t size;
  };
  void take_frame(BytesView frame, std::uint64_t offset);
  void flush();

  std::uint64_t count_ = 0;
  std::vector<Place> points_;
  std::vector<std::pair<std::uint64_t, std::size_t>> frames_;  // with members: offset, bytes
  FrameLog log_;
  std::size_t frame_ = 0;  // of frames_, that is read
  BytesView rest_;         // of it
  Bytes gathered_;         // members that are not written yet
};

}  // namespace grid::source
