#include "dataset/file_group.h"

#include "base/error.h"

namespace grid::dataset {

bool FileGroup::add(const tree::EntryRef& file) {
  if (file.size() > file_size_max || file.is_in_place()) return false;
  const std::size_t chunk_count = chunks_.size();
  try {
    store_->contents->visit_chunks(file.content(), file.size(), [&](auto chunks) {
      chunks_.insert(chunks_.end(), chunks.begin(), chunks.end());
    });
  } catch (const Error&) {  // its recipe is damaged: read alone, the error names it
    chunks_.resize(chunk_count);
    return false;
  }
  size_ += file.size();
  files_.push_back(file);
  return true;
}

BytesView FileGroup::read(Bytes& scratch) const {
  if (scratch.size() < size_) scratch.resize(size_);
  const MutableBytesView out = MutableBytesView(scratch).first(size_);
  if (!chunks_.empty()) store_->chunks->read_chunks(chunks_, out);
  return out;
}

}  // namespace grid::dataset
