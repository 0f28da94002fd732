// What of a version is to be written: its folders, its files divided into stretches, its hard
// links.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "tree/manifest.h"

namespace grid::care {

// Entries of one segment and one folder, since threads that create files in the same folder wait
// for each other.
struct Stretch {
  std::size_t segment = 0;
  std::uint32_t first = 0, count = 0;
};

struct ExportPlan {
  struct Folder {
    std::string path;
    std::int64_t mtime_ns = 0;
  };

  std::vector<Folder> folders;     // in tree order
  std::vector<Stretch> stretches;  // in tree order
  std::vector<tree::EntryRef> hard_links;
  std::unordered_set<std::string>
      first_names;  // of these hard links, as far as they are in the part
  std::uint64_t files = 0, bytes = 0;
};

// Called with an error for so many entries that cannot be known.
using NoteLost = std::function<void(const Error& error, std::uint64_t entry_count)>;

// All that lies below `part` ("": the whole version), as far as its segments can be read; the
// others are noted.
ExportPlan plan_export(const tree::Manifest& manifest, std::string_view part, const NoteLost& lost);

// A segment; null if it cannot be read: `lost_count` of its entries are then noted as lost.
std::shared_ptr<const tree::Segment> find_segment(const tree::Manifest& manifest, std::size_t index,
                                                  std::uint32_t lost_count, const NoteLost& lost);

}  // namespace grid::care
