// What differs between two versions, a part at a time: for those who show a part of it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/lru.h"
#include "service/comparison.h"

namespace grid::service {

// Keeps the last comparisons, in at most `size_max` bytes. Thread-safe.
class Comparisons {
 public:
  explicit Comparisons(std::size_t size_max = 64 << 20) : known_(size_max) {}

  // Throws as compare_versions() does.
  std::shared_ptr<const Comparison> compare(const dataset::OpenStore& store,
                                            const dataset::Reference& older,
                                            const dataset::Reference& newer);

 private:
  std::mutex mutex_;
  Lru<std::string, std::shared_ptr<const Comparison>> known_;  // guarded by mutex_; by both roots
};

// Changes in the order of their paths.
struct ComparisonPage {
  std::shared_ptr<const Comparison> of;
  std::uint64_t offset = 0;
  std::uint64_t total = 0;  // changes of this kind
  std::vector<const tree::Change*> changes;
};

ComparisonPage page_of(std::shared_ptr<const Comparison> comparison,
                       std::optional<tree::ChangeKind> kind, std::uint64_t offset,
                       std::uint64_t count);

// The changes to a folder's own entries, and how many there are below each of its folders. What was
// renamed counts where it is now.
struct ComparedFolder {
  std::shared_ptr<const Comparison> of;
  std::string path;                                   // canonical; empty: the top
  Comparison::Totals totals;                          // of all below it
  std::map<std::string, Comparison::Totals> folders;  // by path
  std::uint64_t offset = 0;
  std::uint64_t total = 0;  // changes to its own entries
  std::vector<const tree::Change*> changes;
};

ComparedFolder folder_of(std::shared_ptr<const Comparison> comparison, std::string path,
                         std::uint64_t offset, std::uint64_t count);

std::optional<tree::ChangeKind> find_change_kind(std::string_view name);

void write_document(JsonWriter& json, const ComparisonPage& page);
void write_document(JsonWriter& json, const ComparedFolder& folder);

}  // namespace grid::service
