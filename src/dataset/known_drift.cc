#include "dataset/known_drift.h"

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/own_file.h"

namespace grid::dataset {

using nlohmann::json;

// The file has a line of JSON for each thing that was learnt, in that order. Whole lines are
// appended, so that several processes may write at once.
static std::string line_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

static std::string line_of(const std::string& path, const std::string& reason) {
  return line_of(json{{"path", path}, {"reason", reason}});
}

DriftKnowledge KnownDrift::find(const Digest& root) const {
  DriftKnowledge known;
  if (folder_.empty()) return known;
  std::optional<Bytes> text;
  try {
    text = find_own_file_bytes(path_of(root));
  } catch (const Error&) {  // only a warning is lost
  }
  std::string_view left = text ? as_text(*text) : std::string_view();
  while (!left.empty()) {
    const std::size_t end = std::min(left.find('\n'), left.size() - 1);
    const json value = json::parse(left.substr(0, end + 1), nullptr, /*allow_exceptions=*/false);
    left.remove_prefix(end + 1);
    if (!value.is_object()) continue;  // cut off by a power cut
    auto text_of = [&](const char* member) {
      return value.contains(member) && value[member].is_string() ? value[member].get<std::string>()
                                                                 : std::string();
    };
    if (value.contains("compared")) known.compared = text_of("compared");
    if (value.contains("path")) known.reasons[text_of("path")] = text_of("reason");
  }
  return known;
}

void KnownDrift::note(const Digest& root, const std::string& path, const std::string& reason) {
  static constexpr std::size_t noted_max = 10'000;
  if (folder_.empty()) return;
  {
    std::lock_guard lock(mutex_);
    if (noted_.size() >= noted_max || !noted_.emplace(root, path).second) return;
  }
  try {
    try_make_private_folders(folder_);
    FileDescriptor fd = open_own_file(path_of(root), O_WRONLY | O_CREAT | O_APPEND);
    write_all(fd.get(), as_bytes(line_of(path, reason)), path_of(root).native());
  } catch (const Error&) {  // only a warning is lost
  }
}

void KnownDrift::replace(const Digest& root, const DriftKnowledge& knowledge) {
  if (folder_.empty()) return;
  std::string text = line_of(json{{"compared", knowledge.compared}});
  for (const auto& [path, reason] : knowledge.reasons) text += line_of(path, reason);
  try {
    try_make_private_folders(folder_);
    replace_file(path_of(root), as_bytes(text));
  } catch (const Error&) {  // only a warning is lost
  }
}

}  // namespace grid::dataset
