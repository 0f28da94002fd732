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

// What a list is about: a collection, or a tree.
struct Subject {
  PackListKind kind;
  std::uint32_t collection = 0;
  Digest root{};

  bool is_summary() const { return kind == PackListKind::summary; }
  std::uint32_t magic() const { return is_summary() ? summary_magic : collection_magic; }
};

bool ascends(const std::vector<PackId>& packs) {
  return std::adjacent_find(packs.begin(), packs.end(), std::greater_equal<>()) == packs.end();
}

Bytes encode(const Subject& subject, const std::vector<PackId>& packs) {
  assert(ascends(packs) && packs.size() <= listed_packs_max);
  Bytes bytes;
  append(bytes, subject.magic());
  append(bytes, list_format);
  append(bytes, static_cast<std::uint16_t>(subject.kind));
  append(bytes, subject.collection);
  append(bytes, static_cast<std::uint32_t>(packs.size()));
  if (subject.is_summary()) append(bytes, BytesView(subject.root.bytes));
  for (const PackId& pack : packs) append(bytes, BytesView(pack.bytes));
  append(bytes, BytesView(digest_of(bytes).bytes));
  return bytes;
}

// The digest is compared first: what is said of a damaged list is that it is damaged.
std::vector<PackId> decode(BytesView object, const Subject& subject, std::string_view noun) {
  const auto refuse = [&](std::string_view why) { fail(ErrorKind::corrupt, "{}: {}", noun, why); };
  WireReader header(object, noun);
  if (header.integer<std::uint32_t>() != subject.magic()) refuse("is not a list of packs");
  if (const auto found = header.integer<std::uint16_t>(); found != list_format)
    fail(ErrorKind::unsupported,
         "{}: has format {}; this program reads format {}: use a newer grid", noun, found,
         list_format);
  const auto kind = header.integer<std::uint16_t>();
  const auto collection = header.integer<std::uint32_t>();
  const std::size_t count = header.integer<std::uint32_t>();
  if (count > listed_packs_max) refuse("lists too many packs");
  const std::size_t head_size = object.size() - header.rest().size();
  const std::size_t root_size = subject.is_summary() ? sizeof(Digest) : 0;
  if (object.size() != head_size + root_size + count * sizeof(PackId) + sizeof(Digest))
    refuse("has the wrong length");
  const BytesView body = object.first(object.size() - sizeof(Digest));
  if (std::memcmp(digest_of(body).bytes.data(), object.data() + body.size(), sizeof(Digest)) != 0)
    refuse("is damaged");
  if (kind != static_cast<std::uint16_t>(subject.kind) || collection != subject.collection)
    refuse("is another list than its key says");
  if (subject.is_summary() && header.digest() != subject.root)
    refuse("is another tree's list than its key says");
  if (count == 0 && subject.kind == PackListKind::condemnation) refuse("lists no pack");
  std::vector<PackId> packs(count);
  const std::byte* at = object.data() + head_size + root_size;
  for (PackId& pack : packs) {
    std::copy_n(at, sizeof(PackId), pack.bytes.begin());
    at += sizeof(PackId);
  }
  if (!ascends(packs)) refuse("does not list packs in their order");
  return packs;
}

}  // namespace

Bytes encode_condemnation(std::uint32_t collection, const std::vector<PackId>& packs) {
  assert(collection > 0 && !packs.empty());
  return encode({.kind = PackListKind::condemnation, .collection = collection}, packs);
}

Bytes encode_verdict(std::uint32_t collection, const std::vector<PackId>& packs) {
  assert(collection > 0);
  return encode({.kind = PackListKind::verdict, .collection = collection}, packs);
}

Bytes encode_summary(const Digest& root, const std::vector<PackId>& packs) {
  return encode({.kind = PackListKind::summary, .root = root}, packs);
}

std::vector<PackId> decode_condemnation(BytesView object, std::uint32_t collection,
                                        std::string_view noun) {
  return decode(object, {.kind = PackListKind::condemnation, .collection = collection}, noun);
}

std::vector<PackId> decode_verdict(BytesView object, std::uint32_t collection,
                                   std::string_view noun) {
  return decode(object, {.kind = PackListKind::verdict, .collection = collection}, noun);
}

std::vector<PackId> decode_summary(BytesView object, const Digest& root, std::string_view noun) {
  return decode(object, {.kind = PackListKind::summary, .root = root}, noun);
}

}  // namespace grid::store
