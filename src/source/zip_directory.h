// The directory at the end of a zip, read besides libarchive, which takes a member's name from the
// header before its bytes and does not say what the directory has.
//
// A zip names each member in both places, and programs differ in which one they use: a zip in which
// the names differ shows something else to each of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/byte_stream.h"
#include "source/archive_member.h"

namespace grid::source {

// Memory: 24 bytes for each member. Not thread-safe.
class ZipDirectory {
 public:
  using OpenAt = std::function<std::unique_ptr<ByteStream>(std::uint64_t offset)>;

  // Throws `corrupt` if the file has no directory.
  ZipDirectory(OpenAt open_at, std::uint64_t size);

  // Corrects what libarchive says of the next member, which is given in the order of their bytes:
  // the name, which it changes to NFC, and a time before 1970, which it takes for one after 2105.
  // Throws `unsupported` if the two names of the member differ.
  void correct(ArchiveMember& member);

 private:
  struct Listed {
    std::uint64_t offset = 0;     // of the member's own header
    std::uint64_t name_hash = 0;  // of the name as it is written in the directory
    unsigned year = 0;            // of the time in the zip's first form, which begins with 1980
  };
  void correct_name(ArchiveMember& member, const Listed& listed) const;

  const OpenAt open_at_;
  std::vector<Listed> listed_;  // by offset
  std::size_t next_ = 0;
};

}  // namespace grid::source
