#include "base/digest.h"

#include <blake3.h>

#include <cassert>

#include "base/digest_lanes.h"
#include "base/hex.h"

namespace grid {

std::string Digest::hex() const { return to_hex(BytesView(bytes)); }
std::string Digest::short_hex() const { return to_hex(BytesView(bytes).first(6)); }

Digest digest_of(BytesView data) {
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, data.data(), data.size());
  Digest digest;
  blake3_hasher_finalize(&hasher, reinterpret_cast<std::uint8_t*>(digest.bytes.data()),
                         digest.bytes.size());
  return digest;
}

// BLAKE3 looks for what the CPU can do in its first call, and keeps that without a lock. This call
// comes before there are threads.
[[maybe_unused]] static const Digest first_digest = digest_of({});

void digest_all(std::span<const BytesView> pieces, std::span<Digest> digests) {
  assert(pieces.size() == digests.size());
  if (pieces.size() > 1 && has_digest_lanes()) return digest_in_lanes(pieces, digests);
  for (std::size_t i = 0; i < pieces.size(); ++i) digests[i] = digest_of(pieces[i]);
}

std::optional<Digest> parse_digest(std::string_view hex) {
  Digest digest;
  if (!from_hex(hex, digest.bytes)) return std::nullopt;
  return digest;
}

struct Digester::State {
  blake3_hasher hasher;
};

Digester::Digester() : state_(std::make_unique<State>()) { blake3_hasher_init(&state_->hasher); }
Digester::~Digester() = default;
Digester::Digester(Digester&&) noexcept = default;
Digester& Digester::operator=(Digester&&) noexcept = default;

void Digester::update(BytesView data) {
  blake3_hasher_update(&state_->hasher, data.data(), data.size());
}

Digest Digester::finish() const {
  Digest digest;
  blake3_hasher_finalize(&state_->hasher, reinterpret_cast<std::uint8_t*>(digest.bytes.data()),
                         digest.bytes.size());
  return digest;
}

}  // namespace grid
