#include "dataset/in_place_reader.h"

#include <algorithm>

#include "base/error.h"

namespace grid::dataset {

const net::S3Bucket& InPlaceReader::bucket(const std::string& name) const {
  std::lock_guard lock(mutex_);
  if (!access_) access_ = net::S3Access::open(servers_.http, servers_.aws, servers_.retries);
  std::unique_ptr<net::S3Bucket>& bucket = buckets_[name];
  if (!bucket) bucket = std::make_unique<net::S3Bucket>(*access_, name);
  return *bucket;
}

BytesView InPlaceReader::read(const ObjectRef& object, std::uint64_t file_size,
                              std::uint64_t offset, std::size_t size, Bytes& scratch) const {
  if (offset >= file_size) return {};
  scratch.resize(std::min<std::uint64_t>(size, file_size - offset));
  try {
    bucket(object.bucket)
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
