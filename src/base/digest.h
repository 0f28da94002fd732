// BLAKE3-256, the name of everything stored: `b3sum` prints the same 64 hexadecimal digits.
// Source: O'Connor, Aumasson, Neves, Wilcox-O'Hearn, "BLAKE3", 2021; the official C code.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace grid {

struct Digest {
  std::array<std::byte, 32> bytes{};

  auto operator<=>(const Digest&) const = default;

  // The first 64 bits, in the order that sorts as the digest does: uniformly distributed.
  std::uint64_t prefix() const { return __builtin_bswap64(load<std::uint64_t>(bytes.data())); }

  std::string hex() const;        // all 64 digits
  std::string short_hex() const;  // the first 12, for messages
};

// The digest of `data`; 4 GB/s per core from 16 KiB up with AVX-512.
Digest digest_of(BytesView data);

// The digests of many pieces. Pieces of a few KB take a third of the time that they take one by
// one.
void digest_all(std::span<const BytesView> pieces, std::span<Digest> digests);

std::optional<Digest> parse_digest(std::string_view hex);

// Digests data that is not contiguous.
class Digester {
 public:
  Digester();
  ~Digester();
  Digester(Digester&&) noexcept;
  Digester& operator=(Digester&&) noexcept;

  void update(BytesView data);
  Digest finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct DigestHash {
  std::size_t operator()(const Digest& digest) const noexcept {
    return load<std::size_t>(digest.bytes.data());
  }
};

}  // namespace grid
