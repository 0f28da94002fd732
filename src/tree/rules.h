// What makes an entry valid, for those that decode trees and those that write them. The rules have
// their numbers in docs/format.md; those of a whole tree are in tree/tree_check.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tree/entries.h"

namespace grid::tree {

constexpr std::uint64_t file_size_max = std::uint64_t{1} << 47;  // bytes
constexpr std::string_view too_large_text = "is larger than 128 TiB, the largest file of a version";
constexpr std::uint8_t content_depth_max = 8;

// Valid names joined by '/'; a folder's path may be empty, for the top.
bool is_valid_folder(std::string_view path);
bool is_valid_path(std::string_view path);

// What the rules concern. For a file in place, `object` is set and the content is meaningless.
struct EntryFields {
  std::string_view folder, name;
  EntryKind kind = EntryKind::file;
  bool executable = false;
  std::uint64_t size = 0;
  const std::byte* digest = nullptr;  // 32 bytes
  std::uint8_t depth = 0;
  std::string_view target;
  std::optional<source::ObjectFields> object;
};
EntryFields fields_of(const Entry& entry);

// Why no tree can have this entry, whose folder's path is valid; empty if one can.
std::string_view why_entry_is_refused(const EntryFields& entry);

}  // namespace grid::tree
