#include "care/kept_trees.h"

#include <fcntl.h>

#include <algorithm>

#include "base/error.h"

namespace grid::care {

static constexpr std::uint64_t kept_size_max = std::uint64_t{4} << 30;

// By the magic numbers of segments, roots and recipes. A file may begin so too: that costs room
// only.
bool KeptTrees::may_be_tree(BytesView chunk) {
  const std::string_view text = as_text(chunk);
  return text.starts_with("GSEG") || text.starts_with("GTRE") || text.starts_with("GRCP");
}

void KeptTrees::keep(const std::string& key, std::uint64_t offset, BytesView bytes) {
  std::lock_guard lock(mutex_);
  if (full_ || size_ + bytes.size() > kept_size_max) return;
  try {
    if (!file_) {
      make_folders(folder_);
      file_ = open_file(folder_, O_TMPFILE | O_RDWR, 0600);
    }
    write_at(file_.get(), bytes, size_, folder_.native());
  } catch (const Error&) {
    full_ = true;  // it will be requested again
    return;
  }
  parts_[key][offset] = {.size = bytes.size(), .at = size_};
  size_ += bytes.size();
}

// False unless all of it was kept, be it in several parts side by side.
bool KeptTrees::find_kept(std::string_view key, std::uint64_t offset, MutableBytesView out) const {
  std::lock_guard lock(mutex_);
  const auto of_object = parts_.find(key);
  if (of_object == parts_.end()) return false;
  const std::map<std::uint64_t, Part>& parts = of_object->second;
  for (std::size_t done = 0; done < out.size();) {
    auto part = parts.upper_bound(offset + done);
    if (part == parts.begin()) return false;
    --part;
    const std::uint64_t within = offset + done - part->first;
    if (within >= part->second.size) return false;
    const std::size_t size = std::min<std::uint64_t>(out.size() - done, part->second.size - within);
    if (read_at(file_.get(), out.subspan(done, size), part->second.at + within, folder_.native()) !=
        size)
      return false;
    done += size;
  }
  return true;
}

std::optional<Bytes> KeptTrees::find(std::string_view key) const {
  if (!store::pack_of_index_key(key)) return store_->find(key);
  std::uint64_t size = 0;
  {
    std::lock_guard lock(mutex_);
    const auto of_object = parts_.find(key);
    if (of_object != parts_.end() && !of_object->second.empty())
      size = of_object->second.begin()->second.size;
  }
  try {
    Bytes index(size);
    if (size > 0 && find_kept(key, 0, index)) {
      std::lock_guard lock(mutex_);
      parts_.erase(std::string(key));
      return index;
    }
  } catch (const Error&) {
    // As in find_part().
  }
  return store_->find(key);
}

void KeptTrees::show_only(const std::set<store::PackId>& packs) {
  std::vector<std::string> names;
  for (const store::PackId& pack : packs)
    names.push_back(store::pack_index_key(pack).substr(store::packs_prefix().size()));
  std::sort(names.begin(), names.end());
  std::lock_guard lock(mutex_);
  index_names_shown_ = std::move(names);
}

std::vector<std::string> KeptTrees::list_names(std::string_view prefix) const {
  if (prefix == store::packs_prefix()) {
    std::lock_guard lock(mutex_);
    if (index_names_shown_) return *index_names_shown_;
  }
  return store_->list_names(prefix);
}

std::optional<std::size_t> KeptTrees::find_part(std::string_view key, std::uint64_t offset,
                                                MutableBytesView out) const {
  try {
    if (find_kept(key, offset, out)) return out.size();
  } catch (const Error&) {
    // The disk is broken: the store has it.
  }
  return store_->find_part(key, offset, out);
}

}  // namespace grid::care
