// Reads the bytes of a version's files, wherever they are.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "dataset/content_reader.h"
#include "dataset/in_place_reader.h"
#include "dataset/manifest.h"

namespace grid::dataset {

// Thread-safe.
class FileReader {
 public:
  FileReader(std::shared_ptr<const ContentReader> contents,
             std::shared_ptr<const InPlaceReader> in_place)
      : contents_(std::move(contents)), in_place_(std::move(in_place)) {}

  // The bytes [offset, offset + size) of an entry of kind file, cut off at its end; the view lies
  // in `scratch`, which is grown as needed and may be used again for the next read. Throws
  // `corrupt`, or `changed` for a file in place whose object is not what it was.
  BytesView read(const EntryRef& file, std::uint64_t offset, std::size_t size,
                 Bytes& scratch) const {
    if (file.is_in_place())
      return in_place_->read(file.object(), file.size(), offset, size, scratch);
    return contents_->read(file.content(), file.size(), offset, size, scratch);
  }

 private:
  const std::shared_ptr<const ContentReader> contents_;
  const std::shared_ptr<const InPlaceReader> in_place_;
};

}  // namespace grid::dataset
