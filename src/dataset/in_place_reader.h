// Reads files in place: objects of buckets, each in the one state in which a version knows it.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "dataset/buckets.h"
#include "dataset/entries.h"

namespace grid::dataset {

// Thread-safe. Nothing is asked or read before the first file is.
class InPlaceReader {
 public:
  explicit InPlaceReader(std::shared_ptr<const Buckets> buckets) : buckets_(std::move(buckets)) {}

  // The bytes [offset, offset + size) of a file of `file_size` bytes, as FileReader::read(). Throws
  // `changed` if the object is in another state now, or gone, and as net::S3Bucket does.
  BytesView read(const ObjectRef& object, std::uint64_t file_size, std::uint64_t offset,
                 std::size_t size, Bytes& scratch) const;

 private:
  const std::shared_ptr<const Buckets> buckets_;
};

}  // namespace grid::dataset
