#include "store/pack_list.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/wire.h"

namespace grid::store {

namespace {

constexpr std::uint32_t collection_magic = 0x4c4f4347;  // "GCOL"
constexpr std::uint32_t summary_magic = 0x4d555347;     // "GSUM"
constexpr std::uint16_t list_format = 1;
constexpr std::uint16_t summary_format = 2;  // 1 had no bytes

// What a list is about: a collection, or a tree.
struct Subject {
  PackListKind kind;
  std::uint32_t collection = 0;
  Digest root{};

  bool is_summary() const { return kind == PackListKind::summary; }
  std::uint32_t magic() const { return is_summary() ? summary_magic : collection_magic; }
  std::uint16_t format() const { return is_summary() ? summary_format : list_format; }
  std::size_t size_per_pack() const {
    return sizeof(PackId) + (is_summary() ? sizeof(PackShare::bytes) : 0);
  }
};

bool ascends(const std::vector<PackShare>& packs) {
  return std::adjacent_find(packs.begin(), packs.end(), [](const auto& a, const auto& b) {
           return a.pack >= b.pack;
         }) == packs.end();
}

Bytes encode(const Subject& subject, const std::vector<PackShare>& packs) {
  assert(ascends(packs) && packs.size() <= listed_packs_max);
  Bytes bytes;
  append(bytes, subject.magic());
  append(bytes, subject.format());
  append(bytes, static_cast<std::uint16_t>(subject.kind));
  append(bytes, subject.collection);
  append(bytes, static_cast<std::uint32_t>(packs.size()));
  if (subject.is_summary()) append(bytes, BytesView(subject.root.bytes));
  for (const PackShare& share : packs) {
    append(bytes, BytesView(share.pack.bytes));
    if (subject.is_summary()) append(bytes, share.bytes);
  }
  append(bytes, BytesView(digest_of(bytes).bytes));
  return bytes;
}

// The digest is compared first: what is said of a damaged list is that it is damaged.
std::vector<PackShare> decode(BytesView object, const Subject& subject, std::string_view noun) {
  const auto refuse = [&](std::string_view why) { fail(ErrorKind::corrupt, "{}: {}", noun, why); };
  WireReader header(object, noun);
  if (header.integer<std::uint32_t>() != subject.magic()) refuse("is not a list of packs");
  if (const auto found = header.integer<std::uint16_t>(); found != subject.format())
    fail(ErrorKind::unsupported,
         "{}: has format {}; this program reads format {}: use a newer grid", noun, found,
         subject.format());
  const auto kind = header.integer<std::uint16_t>();
  const auto collection = header.integer<std::uint32_t>();
  const std::size_t count = header.integer<std::uint32_t>();
  if (count > listed_packs_max) refuse("lists too many packs");
  const std::size_t head_size = object.size() - header.rest().size();
  const std::size_t root_size = subject.is_summary() ? sizeof(Digest) : 0;
  if (object.size() != head_size + root_size + count * subject.size_per_pack() + sizeof(Digest))
    refuse("has the wrong length");
  const BytesView body = object.first(object.size() - sizeof(Digest));
  if (std::memcmp(digest_of(body).bytes.data(), object.data() + body.size(), sizeof(Digest)) != 0)
    refuse("is damaged");
  if (kind != static_cast<std::uint16_t>(subject.kind) || collection != subject.collection)
    refuse("is another list than its key says");
  if (subject.is_summary() && header.digest() != subject.root)
    refuse("is another tree's list than its key says");
  if (count == 0 && subject.kind == PackListKind::condemnation) refuse("lists no pack");
  std::vector<PackShare> packs(count);
  const std::byte* at = object.data() + head_size + root_size;
  for (PackShare& share : packs) {
    std::copy_n(at, sizeof(PackId), share.pack.bytes.begin());
    if (subject.is_summary()) share.bytes = load<std::uint64_t>(at + sizeof(PackId));
    at += subject.size_per_pack();
  }
  if (!ascends(packs)) refuse("does not list packs in their order");
  return packs;
}

Bytes encode_ids(const Subject& subject, const std::vector<PackId>& packs) {
  std::vector<PackShare> shares;
  for (const PackId& pack : packs) shares.push_back({pack});
  return encode(subject, shares);
}

std::vector<PackId> decode_ids(BytesView object, const Subject& subject, std::string_view noun) {
  std::vector<PackId> packs;
  for (const PackShare& share : decode(object, subject, noun)) packs.push_back(share.pack);
  return packs;
}

}  // namespace

Bytes encode_condemnation(std::uint32_t collection, const std::vector<PackId>& packs) {
  assert(collection > 0 && !packs.empty());
  return encode_ids({.kind = PackListKind::condemnation, .collection = collection}, packs);
}

Bytes encode_verdict(std::uint32_t collection, const std::vector<PackId>& packs) {
  assert(collection > 0);
  return encode_ids({.kind = PackListKind::verdict, .collection = collection}, packs);
}

Bytes encode_summary(const Digest& root, const std::vector<PackShare>& packs) {
  return encode({.kind = PackListKind::summary, .root = root}, packs);
}

std::vector<PackId> decode_condemnation(BytesView object, std::uint32_t collection,
                                        std::string_view noun) {
  return decode_ids(object, {.kind = PackListKind::condemnation, .collection = collection}, noun);
}

std::vector<PackId> decode_verdict(BytesView object, std::uint32_t collection,
                                   std::string_view noun) {
  return decode_ids(object, {.kind = PackListKind::verdict, .collection = collection}, noun);
}

std::vector<PackShare> decode_summary(BytesView object, const Digest& root, std::string_view noun) {
  return decode(object, {.kind = PackListKind::summary, .root = root}, noun);
}

}  // namespace grid::store
