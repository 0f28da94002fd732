// A folder of a version by position, for those who show a part of it: any row of a million in one
// request, in the order that they choose.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/lru.h"
#include "service/entries.h"
#include "service/json.h"

namespace grid::service {

enum class SortKey { name, size, time };

struct FolderPageRequest {
  std::string path;          // canonical, of a folder; empty: the top
  std::uint64_t offset = 0;  // of the first entry to give
  std::uint64_t count = 1000;
  SortKey sort = SortKey::name;
  bool descending = false;
  std::string pattern{};  // of names: see source::matches_name(); empty: all
};

struct FolderPage {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t total = 0, files = 0, folders = 0;  // of all that match; links are in `total` only
  std::vector<tree::EntryRef> entries;
  OpenVersion version;
};

// Keeps what it learns of folders: the counts, and for an order other than by name the order, at 4
// bytes an entry and at most `size_max` bytes in all. Thread-safe.
class FolderPages {
 public:
  explicit FolderPages(std::size_t size_max = 64 << 20) : known_(size_max) {}

  // By name and with all entries, reads only the segments that hold the page, once the folder was
  // counted. Throws `not_found` and `invalid_argument` for what is no folder, `unsupported` for a
  // folder that is too large to sort.
  FolderPage read(OpenVersion version, const FolderPageRequest& request);

 private:
  struct Arrangement {
    std::uint64_t total = 0, files = 0, folders = 0;
    // The places of the entries in the folder; empty: all, in the order of the tree.
    std::vector<std::uint32_t> order;
  };
  Arrangement arrange(const OpenVersion& version, tree::EntryRange range,
                      const FolderPageRequest& request) const;

  std::mutex mutex_;
  Lru<std::string, std::shared_ptr<const Arrangement>> known_;  // guarded by mutex_
};

void write_document(JsonWriter& json, const FolderPage& page);

}  // namespace grid::service
