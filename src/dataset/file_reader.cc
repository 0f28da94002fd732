#include "dataset/file_reader.h"

#include "base/error.h"

namespace grid::dataset {

BytesView FileReader::read_file_part(const tree::Manifest& version, const tree::EntryRef& file,
                                     std::uint64_t offset, std::size_t size, Bytes& scratch) const {
  if (!file.is_in_place())
    return contents_->read_content(file.content(), file.size(), offset, size, scratch);
  try {
    return in_place_->read_object_part(file.object(), file.size(), offset, size, scratch);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::changed)
      drift_->note(version.root_digest(), file.path(), error.what());
    throw;
  }
}

}  // namespace grid::dataset
