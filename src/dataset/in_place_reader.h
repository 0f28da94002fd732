// Reads files in place: objects of buckets, each in the one state in which a version knows it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "backend/open.h"
#include "base/bytes.h"
#include "dataset/entries.h"
#include "net/s3_bucket.h"

namespace grid::dataset {

// Thread-safe. Nothing is asked or read before the first file is.
class InPlaceReader {
 public:
  explicit InPlaceReader(backend::OpenOptions servers) : servers_(std::move(servers)) {}

  // As FileReader::read(). Throws `changed` if the object is in another state now, or gone, and as
  // net::S3Bucket does.
  BytesView read(const ObjectRef& object, std::uint64_t file_size, std::uint64_t offset,
                 std::size_t size, Bytes& scratch) const;

 private:
  const net::S3Bucket& bucket(const std::string& name) const;

  const backend::OpenOptions servers_;
  mutable std::mutex mutex_;
  mutable std::optional<net::S3Access> access_;                             // guarded by mutex_
  mutable std::map<std::string, std::unique_ptr<net::S3Bucket>> buckets_;  // guarded by mutex_
};

}  // namespace grid::dataset
