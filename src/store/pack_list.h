// Lists of packs that are stored on behalf of collections. docs/collection.md defines the bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "store/layout.h"

namespace grid::store {

// So many packs a list has at most.
inline constexpr std::size_t listed_packs_max = 1 << 20;

enum class PackListKind : std::uint16_t {
  summary = 0,       // which packs a tree needs, and how much of each
  condemnation = 1,  // what a collection means to remove
  verdict = 2,       // what it removes
};

// A pack with bytes of its data that a tree needs, or more.
struct PackShare {
  PackId pack;
  std::uint64_t bytes = 0;

  bool operator==(const PackShare&) const = default;
};

// `packs` are ascending, none twice, and at most listed_packs_max.
Bytes encode_condemnation(std::uint32_t collection, const std::vector<PackId>& packs);
Bytes encode_verdict(std::uint32_t collection, const std::vector<PackId>& packs);
Bytes encode_summary(const Digest& root, const std::vector<PackShare>& packs);

// Throw `corrupt` for anything but the list of this collection or tree, `unsupported` for a newer
// format. `noun` begins the message.
std::vector<PackId> decode_condemnation(BytesView object, std::uint32_t collection,
                                        std::string_view noun);
std::vector<PackId> decode_verdict(BytesView object, std::uint32_t collection,
                                   std::string_view noun);
std::vector<PackShare> decode_summary(BytesView object, const Digest& root, std::string_view noun);

}  // namespace grid::store
