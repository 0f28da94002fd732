#include "backend/memory.h"

#include <algorithm>

#include "base/error.h"

namespace grid::backend {

bool MemoryBackend::create(std::string_view key, BytesView data) {
  check_key(key);
  std::lock_guard lock(mutex_);
  return objects_.try_emplace(std::string(key), data.begin(), data.end()).second;
}

std::optional<Bytes> MemoryBackend::find(std::string_view key) const {
  check_key(key);
  std::lock_guard lock(mutex_);
  auto at = objects_.find(key);
  if (at == objects_.end()) return std::nullopt;
  return at->second;
}

std::optional<std::size_t> MemoryBackend::find_part(std::string_view key, std::uint64_t offset,
                                                    MutableBytesView out) const {
  check_key(key);
  std::lock_guard lock(mutex_);
  auto at = objects_.find(key);
  if (at == objects_.end()) return std::nullopt;
  const Bytes& object = at->second;
  if (offset >= object.size()) return 0;
  std::size_t size = std::min<std::uint64_t>(out.size(), object.size() - offset);
  std::copy_n(object.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
  return size;
}

std::vector<ObjectEntry> MemoryBackend::list(std::string_view prefix) const {
  std::lock_guard lock(mutex_);
  std::vector<ObjectEntry> found;
  for (auto at = objects_.lower_bound(prefix);
       at != objects_.end() && at->first.starts_with(prefix); ++at)
    found.push_back({at->first, at->second.size()});
  return found;
}

std::vector<std::string> MemoryBackend::list_names(std::string_view prefix) const {
  std::vector<std::string> names;
  for (const ObjectEntry& entry : list(prefix))
    names.push_back(
        entry.key.substr(prefix.size(), entry.key.find('/', prefix.size()) - prefix.size()));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool MemoryBackend::remove(std::string_view key) {
  check_key(key);
  std::lock_guard lock(mutex_);
  auto at = objects_.find(key);
  if (at == objects_.end()) return false;
  objects_.erase(at);
  return true;
}

}  // namespace grid::backend
