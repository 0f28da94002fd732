#include "source/combined_source.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <tuple>

#include "base/error.h"
#include "base/text.h"

namespace grid::source {

namespace {

class BelowFolder : public Source, private FileOpener {
 public:
  BelowFolder(std::unique_ptr<Source> source, std::string place)
      : source_(std::move(source)), place_(std::move(place)) {}

  SourceOrder order() const override { return source_->order(); }

  std::optional<SourceEntry> next(std::vector<Problem>& problems) override {
    std::size_t before = problems.size();
    std::optional<SourceEntry> entry = source_->next(problems);
    for (std::size_t i = before; i < problems.size(); ++i)
      problems[i].path = below(problems[i].path);
    if (!entry) return std::nullopt;
    entry->entry.folder = below(entry->entry.folder);
    if (entry->entry.kind == EntryKind::hard_link) {
      entry->entry.target = below(entry->entry.target);
      entry->entry.size = entry->entry.target.size();
    }
    if (entry->opener != nullptr) {
      opener_ = entry->opener;  // a source has one
      entry->opener = this;
    }
    return entry;
  }

 private:
  std::string below(const std::string& path) const {
    return path.empty() ? place_ : place_ + "/" + path;
  }

  std::unique_ptr<SourceFile> open(const SourceEntry& entry,
                                   std::optional<ByteRange> range) override {
    SourceEntry original = entry;
    std::string& folder = original.entry.folder;
    folder = folder.size() > place_.size() ? folder.substr(place_.size() + 1) : "";
    return opener_.load()->open(original, range);
  }
  unsigned open_count() const override { return opener_.load()->open_count(); }

  const std::unique_ptr<Source> source_;
  const std::string place_;
  std::atomic<FileOpener*> opener_ = nullptr;
};

// The folders in which sources are placed, in tree order.
class Folders : public Source {
 public:
  explicit Folders(const std::vector<PlacedSource>& sources) {
    std::map<std::string, std::int64_t> folders;
    for (const PlacedSource& placed : sources) {
      if (!placed.place.empty() && placed.mtime_ns != 0) folders[placed.place] = placed.mtime_ns;
      for (std::size_t end = placed.place.size(); end != std::string::npos && end > 0;
           end = placed.place.rfind('/', end - 1))
        folders.try_emplace(placed.place.substr(0, end), 0);
    }
    for (const auto& [path, mtime_ns] : folders) {
      Entry entry{.kind = EntryKind::folder, .mtime_ns = mtime_ns};
      std::tie(entry.folder, entry.name) = split_path(path);
      entries_.push_back(std::move(entry));
    }
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
      return compare_keys(a.folder, a.name, b.folder, b.name) < 0;
    });
  }
  SourceOrder order() const override { return SourceOrder::tree; }
  std::optional<SourceEntry> next(std::vector<Problem>&) override {
    if (next_ == entries_.size()) return std::nullopt;
    const Entry& entry = entries_[next_++];
    return SourceEntry{.entry = entry, .implied = entry.mtime_ns == 0};
  }

 private:
  std::vector<Entry> entries_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Source> place_source(std::unique_ptr<Source> source, std::string place) {
  if (place.empty()) return source;
  return std::make_unique<BelowFolder>(std::move(source), std::move(place));
}

CombinedSource::CombinedSource(std::vector<PlacedSource> sources) {
  parts_.push_back({.source = std::make_unique<Folders>(sources), .name = "the folders for PATH="});
  for (PlacedSource& placed : sources) {
    if (placed.source->order() == SourceOrder::any) order_ = SourceOrder::any;
    const bool at_top = placed.place.empty();
    parts_.push_back({.source = place_source(std::move(placed.source), std::move(placed.place)),
                      .name = std::move(placed.name),
                      .at_top = at_top});
  }
}

std::optional<std::int64_t> CombinedSource::top_mtime_ns() const {
  std::optional<std::int64_t> latest;
  for (const Part& part : parts_)
    if (part.at_top) latest = std::max(latest, part.source->top_mtime_ns());
  return latest;
}

std::optional<SourceEntry> CombinedSource::next(std::vector<Problem>& problems) {
  return order_ == SourceOrder::tree ? next_in_order(problems) : next_of_any(problems);
}

std::optional<SourceEntry> CombinedSource::next_of_any(std::vector<Problem>& problems) {
  for (; current_ < parts_.size(); ++current_)
    if (std::optional<SourceEntry> entry = parts_[current_].source->next(problems)) return entry;
  return std::nullopt;
}

std::optional<SourceEntry> CombinedSource::next_in_order(std::vector<Problem>& problems) {
  Part* least = nullptr;
  for (Part& part : parts_) {
    if (!std::exchange(part.begun, true)) part.head = part.source->next(problems);
    if (!part.head) continue;
    int order = least == nullptr ? -1
                                 : compare_keys(part.head->entry.folder, part.head->entry.name,
                                                least->head->entry.folder, least->head->entry.name);
    if (order < 0) least = &part;
    if (order != 0) continue;
    if (part.head->entry.kind != EntryKind::folder || least->head->entry.kind != EntryKind::folder)
      fail(ErrorKind::already_exists,
           "{} is in {} and in {}; nothing was published (PATH=SOURCE puts a source below PATH)",
           part.head->entry.path(), least->name, part.name);
    least->head->entry.mtime_ns = std::max(least->head->entry.mtime_ns, part.head->entry.mtime_ns);
    least->head->implied = least->head->implied && part.head->implied;
    part.head = part.source->next(problems);
  }
  if (least == nullptr) return std::nullopt;
  std::optional<SourceEntry> entry = std::move(least->head);
  least->head = least->source->next(problems);
  return entry;
}

}  // namespace grid::source
