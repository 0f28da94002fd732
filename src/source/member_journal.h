// The members of an archive that an unfinished create has passed, and points at which reading can
// begin: what its repeat needs to continue in the middle. A log beside the checkpoint; like that it
// is a hint, and losing it costs only time.
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

  // The members that it had when it was opened; next() gives them in the archive's order.
  std::uint64_t count() const { return count_; }
  std::optional<ArchiveMember> next();

  struct Point {
    std::uint64_t members = 0;  // before it
    ArchivePoint at;
  };
  // Of the points that it had when it was opened, the last with at most `members_max` before it.
  std::optional<Point> find_point(std::uint64_t members_max) const;

  // Members are written soon, some KB at a time; a point at once, with the members before it.
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
  std::size_t frame_ = 0;  // the next one to read, in frames_
  BytesView rest_;         // of the frame that is being read
  Bytes gathered_;         // members not written yet
};

}  // namespace grid::source
