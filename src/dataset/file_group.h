// Small files that are read with one call to the store: those of a tree's neighbours lie side by
// side there.
#pragma once

#include <cstdint>
#include <vector>

#include "dataset/open_store.h"

namespace grid::dataset {

class FileGroup {
 public:
  static constexpr std::uint64_t file_size_max = 256 << 10;  // bytes of a file that is small

  // `store` outlives it.
  explicit FileGroup(const OpenStore& store) : store_(&store) {}

  // Adds an entry of kind file. False for one that must be read alone: it is large or in place, or
  // its recipe cannot be read.
  bool add(const tree::EntryRef& file);

  bool empty() const { return files_.empty(); }
  std::uint64_t size() const { return size_; }                         // bytes of all files
  const std::vector<tree::EntryRef>& files() const { return files_; }  // as they were added

  // The files' bytes, one after the other. The view lies in `scratch`, which grows as needed.
  // Throws `corrupt` if one of them is damaged: which one, reading each alone will tell.
  BytesView read(Bytes& scratch) const;

 private:
  const OpenStore* store_;
  std::vector<tree::EntryRef> files_;
  std::vector<store::ChunkRef> chunks_;
  std::uint64_t size_ = 0;
};

}  // namespace grid::dataset
