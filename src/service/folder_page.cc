#include "service/folder_page.h"

#include <algorithm>

#include "base/error.h"
#include "source/ignore_patterns.h"

namespace grid::service {

using tree::EntryKind;
using tree::EntryRef;

namespace {

constexpr std::uint64_t sorted_entries_max = 8'000'000;

// An entry's place in its folder, and what it is sorted by.
struct SortedPlace {
  std::uint64_t key;
  std::uint32_t place;
};

std::uint64_t sort_value(const tree::Manifest& manifest, const EntryRef& entry, SortKey sort) {
  const EntryRef file = without_hard_link(manifest, entry);
  if (sort == SortKey::time)  // in the order of unsigned numbers
    return static_cast<std::uint64_t>(file.mtime_ns()) ^ (std::uint64_t{1} << 63);
  return file.kind() == EntryKind::file ? file.size() : 0;
}

tree::EntryRange folder_range(const OpenVersion& version, const std::string& path) {
  if (!path.empty() && entry_at(version, path).kind() != EntryKind::folder)
    fail(ErrorKind::invalid_argument, "{}: {} is not a folder", version.text(), path);
  return version.manifest->children(path);
}

}  // namespace

FolderPages::Arrangement FolderPages::arrange(const OpenVersion& version, tree::EntryRange range,
                                              const FolderPageRequest& request) const {
  const bool all_by_name = request.sort == SortKey::name && request.pattern.empty();
  if (!all_by_name && range.count > sorted_entries_max)
    fail(ErrorKind::unsupported,
         "{}: the folder has {} entries, and can be listed by name only, without a pattern",
         version.text(), range.count);
  Arrangement arrangement;
  std::vector<SortedPlace> places;
  tree::EntryCursor cursor(version.manifest, range);
  std::string name;
  for (std::uint32_t place = 0; const std::optional<EntryRef> entry = cursor.next(); ++place) {
    name = entry->name();
    if (!request.pattern.empty() && !source::matches_name(request.pattern, name)) continue;
    ++arrangement.total;
    if (entry->kind() == EntryKind::folder) ++arrangement.folders;
    if (entry->kind() == EntryKind::file || entry->kind() == EntryKind::hard_link)
      ++arrangement.files;
    if (all_by_name) continue;
    places.push_back({request.sort == SortKey::name
                          ? place
                          : sort_value(*version.manifest, *entry, request.sort),
                      place});
  }
  std::sort(places.begin(), places.end(), [](const SortedPlace& a, const SortedPlace& b) {
    return std::tie(a.key, a.place) < std::tie(b.key, b.place);
  });
  for (const SortedPlace& sorted : places) arrangement.order.push_back(sorted.place);
  return arrangement;
}

FolderPage FolderPages::read(OpenVersion version, const FolderPageRequest& request) {
  const tree::EntryRange range = folder_range(version, request.path);
  const std::string key =
      fmt::format("{}\n{}\n{}\n{}", version.manifest->root_digest().hex(), request.path,
                  static_cast<int>(request.sort), request.pattern);
  std::shared_ptr<const Arrangement> known;
  {
    std::lock_guard lock(mutex_);
    if (const auto* found = known_.find(key)) known = *found;
  }
  if (known == nullptr) {
    known = std::make_shared<Arrangement>(arrange(version, range, request));
    std::lock_guard lock(mutex_);
    known_.add(key, known, 200 + key.size() + known->order.size() * sizeof(std::uint32_t));
  }
  FolderPage page{.path = request.path,
                  .offset = request.offset,
                  .total = known->total,
                  .files = known->files,
                  .folders = known->folders,
                  .entries = {},
                  .version = std::move(version)};
  const std::uint64_t begin = std::min(request.offset, known->total);
  const std::uint64_t end = begin + std::min(request.count, known->total - begin);
  for (std::uint64_t row = begin; row < end; ++row) {
    const std::uint64_t at = request.descending ? known->total - 1 - row : row;
    const std::uint64_t place = known->order.empty() ? at : known->order[at];
    page.entries.push_back(page.version.manifest->at(range.first + place));
  }
  return page;
}

void write_document(JsonWriter& json, const FolderPage& page) {
  json.begin_object().member("name", page.version.name);
  json.member("version", page.version.record.number).name_member("path", page.path);
  json.member("offset", page.offset).member("total", page.total);
  json.member("files", page.files).member("folders", page.folders);
  json.key("entries").begin_array();
  for (const EntryRef& entry : page.entries) write_entry(json, *page.version.manifest, entry);
  json.end_array().end_object();
}

}  // namespace grid::service
