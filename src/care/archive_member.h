// How members of archives are written: the bytes around their contents.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "tree/entries.h"

namespace grid::care {

struct ArchiveMember {
  std::string path;  // of a folder without '/' at the end
  tree::EntryKind kind = tree::EntryKind::file;
  std::uint64_t size = 0;  // of a file
  std::int64_t mtime_ns = 0;
  bool executable = false;
  std::string target{};  // of links; of a hard link, a path in the archive

  std::uint32_t mode() const;  // as stat(2) tells it
};

// A tar's header, with the extended headers that the member needs before it.
std::string tar_header(const ArchiveMember& member);
constexpr std::size_t tar_block_size = 512;  // members begin at multiples; two empty ones end it

// A zip's member. A `large` one is a deflate stream of blocks that are not compressed, and its
// digest comes after it.
struct ZipMember {
  const ArchiveMember& member;
  bool large = false;
  std::uint32_t crc = 0;  // of its content; of a large one only in the directory

  static constexpr std::uint64_t block_size_max = 65535;  // bytes of content
  static constexpr std::uint64_t block_header_size = 5;

  std::uint64_t content_size() const;
  std::uint64_t stored_size() const;
  bool is_zip64() const;
  std::string header() const;
  std::string block_header(std::size_t size, bool last) const;
  std::string trailer() const;  // of a large one
  std::string directory_entry(std::uint64_t offset) const;
  // Bytes from the header's first to the trailer's last.
  std::uint64_t whole_size() const;
};

// What follows a zip's directory.
std::string zip_end(std::uint64_t count, std::uint64_t directory_begin,
                    std::uint64_t directory_size);

}  // namespace grid::care
