// Combines several sources, each below a folder of its own or all side by side.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "source/source.h"

namespace grid::source {

// Puts a source below a folder of the version; "" leaves it at the top. Gives no entries for the
// folder itself and those above it.
std::unique_ptr<Source> place_source(std::unique_ptr<Source> source, std::string place);

struct PlacedSource {
  std::unique_ptr<Source> source;
  std::string place;
  std::string name;           // for messages
  std::int64_t mtime_ns = 0;  // of the folder `place`
};

// Merges its sources in tree order if each is in tree order, else gives one after the other. A
// folder that several sources have becomes one folder. In tree order, next() refuses any other path
// that several have (`already_exists`, with the names of both); otherwise sorting finds it later.
class CombinedSource : public Source {
 public:
  explicit CombinedSource(std::vector<PlacedSource> sources);

  SourceOrder order() const override { return order_; }
  std::optional<SourceEntry> next(std::vector<Problem>& problems) override;
  // The latest of those that are at the top.
  std::optional<std::int64_t> top_mtime_ns() const override;

 private:
  struct Part {
    std::unique_ptr<Source> source;
    std::string name;
    bool at_top = false;
    std::optional<SourceEntry> head;
    bool begun = false;
  };
  std::optional<SourceEntry> next_in_order(std::vector<Problem>& problems);
  std::optional<SourceEntry> next_of_any(std::vector<Problem>& problems);

  SourceOrder order_ = SourceOrder::tree;
  std::vector<Part> parts_;
  std::size_t current_ = 0;  // in any order
};

}  // namespace grid::source
