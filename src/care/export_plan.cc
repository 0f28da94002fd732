#include "care/export_plan.h"

namespace grid::care {

static constexpr std::uint32_t stretch_entries_max = 1024;

std::shared_ptr<const tree::Segment> find_segment(const tree::Manifest& manifest, std::size_t index,
                                                  std::uint32_t lost_count, const NoteLost& lost) {
  try {
    return manifest.segment(index);
  } catch (const Error& error) {  // the entries of the other segments can be written
    const auto& entry = manifest.segments()[index];
    const std::string first =
        entry.first_folder.empty() ? entry.first_name : entry.first_folder + "/" + entry.first_name;
    lost(Error(error.kind(),
               fmt::format("{} entries from {} on are lost: {}", lost_count, first, error.what())),
         lost_count);
    return nullptr;
  }
}

static void add_to_plan(ExportPlan& plan, std::string_view part, tree::EntryRef entry) {
  switch (entry.kind()) {
    case tree::EntryKind::folder:
      plan.folders.push_back({entry.path(), entry.mtime_ns()});
      break;
    case tree::EntryKind::file:
      ++plan.files;
      plan.bytes += entry.size();
      break;
    case tree::EntryKind::hard_link:
      ++plan.files;
      if (part.empty() || entry.target().starts_with(std::string(part) + "/"))
        plan.first_names.emplace(entry.target());
      plan.hard_links.push_back(std::move(entry));
      break;
    case tree::EntryKind::symlink:
      break;
  }
}

ExportPlan plan_export(const tree::Manifest& manifest, std::string_view part,
                       const NoteLost& lost) {
  ExportPlan plan;
  const auto& segments = manifest.segments();
  const std::string behind = std::string(part) + '\1';  // see Manifest::subtree()
  auto begins_before = [&](std::size_t index, std::string_view folder) {
    return tree::compare_keys(segments[index].first_folder, segments[index].first_name, folder,
                              "") < 0;
  };
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!part.empty() && i + 1 < segments.size() && begins_before(i + 1, part)) continue;
    if (!part.empty() && !begins_before(i, behind)) break;
    const auto segment = find_segment(manifest, i, segments[i].count, lost);
    if (!segment) continue;
    std::uint32_t entry = part.empty() ? 0 : segment->lower_bound(part, "");
    const std::uint32_t end = part.empty() ? segment->count() : segment->lower_bound(behind, "");
    for (bool continues = false; entry < end; ++entry, continues = true) {
      if (!continues || plan.stretches.back().count == stretch_entries_max ||
          segment->folder(entry) != segment->folder(entry - 1))
        plan.stretches.push_back({i, entry, 0});
      ++plan.stretches.back().count;
      add_to_plan(plan, part, {segment, entry, segments[i].first + entry});
    }
  }
  return plan;
}

}  // namespace grid::care
