#include "dataset/in_place_reader.h"

#include <algorithm>

#include "base/error.h"

namespace grid::dataset {

BytesView InPlaceReader::read(const ObjectRef& object, std::uint64_t file_size,
                              std::uint64_t offset, std::size_t size, Bytes& scratch) const {
  if (offset >= file_size) return {};
  scratch.resize(std::min<std::uint64_t>(size, file_size - offset));
  try {
    buckets_->get(object.bucket)
        .read_part(object.key,
                   {.size = file_size, .etag = object.etag, .version_id = object.version_id},
                   offset, scratch);
  } catch (const Error& error) {
    // That there is no such bucket any more is no missing file.
    if (error.kind() != ErrorKind::changed && error.kind() != ErrorKind::not_found) throw;
    fail(ErrorKind::changed, "{}; the version is in place and has no copy", error.what());
  }
  return scratch;
}

}  // namespace grid::dataset
