// The small JSON objects of a store: store.json and the records below datastores/. Each says what
// it is, in which format, and carries a digest of itself.
//
// The member "digest" is the digest of the object's bytes with the 64 digits of this member
// replaced by zeros, so no reader has to write JSON as the writer did. Objects of older writers
// have none. Of a newer one the digest cannot be lost unnoticed: it comes together with another
// member, `companion`, that older writers did not write either.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/json.h"

namespace grid::store {

struct SealedKind {
  std::string_view grid;       // what the member "grid" says
  std::string_view companion;  // comes with the digest
  unsigned format = 1;         // the newest, which is written; those before it are read
};

// Larger objects are refused, unread where their size is known.
inline constexpr std::size_t sealed_size_max = 1 << 20;  // bytes

// The object's bytes: `value` with its kind, its format and its digest. Text that is not UTF-8, as
// JSON must be, gets U+FFFD for each invalid byte. `value` must have the companion.
std::string seal(const SealedKind& kind, nlohmann::json value);

// Throws `corrupt` unless the bytes are such an object of this kind and, if it has a digest, the
// one that was digested; `unsupported` for another format. `noun` begins the message.
JsonObject unseal(const SealedKind& kind, BytesView object, std::string noun);

}  // namespace grid::store
