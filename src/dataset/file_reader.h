// Reads the bytes of a version's files, wherever they are.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "dataset/in_place_reader.h"
#include "dataset/known_drift.h"
#include "tree/content_reader.h"
#include "tree/manifest.h"

namespace grid::dataset {

// Thread-safe.
class FileReader {
 public:
  FileReader(std::shared_ptr<const tree::ContentReader> contents,
             std::shared_ptr<const InPlaceReader> in_place, std::shared_ptr<KnownDrift> drift)
      : contents_(std::move(contents)), in_place_(std::move(in_place)), drift_(std::move(drift)) {}

  // The bytes [offset, offset + size) of an entry of kind file of the version, cut off at its end;
  // the view lies in `scratch`, which grows as needed and can be used again for the next read.
  // Throws `corrupt`. If a file in place has another object by now, notes the drift and throws
  // `changed`.
  BytesView read_file_part(const tree::Manifest& version, const tree::EntryRef& file,
                           std::uint64_t offset, std::size_t size, Bytes& scratch) const;

 private:
  const std::shared_ptr<const tree::ContentReader> contents_;
  const std::shared_ptr<const InPlaceReader> in_place_;
  const std::shared_ptr<KnownDrift> drift_;
};

}  // namespace grid::dataset
