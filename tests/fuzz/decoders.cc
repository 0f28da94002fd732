#include "tests/fuzz/decoders.h"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "dataset/records.h"
#include "store/layout.h"
#include "store/lease_slot.h"
#include "store/marker.h"
#include "store/pack.h"
#include "store/pack_list.h"
#include "tests/support/memory_backend.h"
#include "tree/recipe.h"
#include "tree/root.h"
#include "tree/rules.h"
#include "tree/segment.h"

namespace grid::fuzz {
namespace {

std::vector<tree::Entry> entries_in_place() {
  std::vector<tree::Entry> entries = some_entries();
  for (const char* key : {"pre/a/x", "elsewhere"}) {
    tree::Entry entry{.folder = "a", .name = "x", .size = 9};
    entry.name += std::to_string(entries.size());
    entry.object = {"bucket", key, "\"0123\"", "v1"};
    entry.content = source::content_in_place(entry.object, entry.size);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<Bytes> segment_seeds() {
  std::vector<tree::Entry> files;
  for (int i = 0; i < 40; ++i)
    files.push_back({.folder = i < 20 ? "x" : "x/y",
                     .name = std::to_string(100 + i),
                     .content = {digest_of({}), 0}});
  return {tree::encode_segment(some_entries()), tree::encode_segment(entries_in_place()),
          tree::encode_segment(files)};
}

void read_segment(BytesView bytes) {
  const tree::Segment segment(Bytes(bytes.begin(), bytes.end()));
  std::vector<tree::Entry> entries;
  for (std::uint32_t i = 0; i < segment.count(); ++i) {
    entries.push_back(segment.entry(i));
    assert(tree::why_entry_is_refused(tree::fields_of(entries.back())).empty());
    assert(segment.lower_bound(entries[i].folder, entries[i].name) == i);
  }
  // What is read is what would be written.
  const tree::Segment again(tree::encode_segment(entries));
  for (std::uint32_t i = 0; i < segment.count(); ++i) {
    tree::Entry entry = again.entry(i);
    assert(entry == entries[i]);
  }
}

std::vector<Bytes> root_seeds() {
  tree::ManifestRoot root{
      .totals = {.entries = 50, .files = 40, .folders = 5, .symlinks = 5, .bytes = 12345},
      .segments = {{.digest = digest_of({}),
                    .count = 20,
                    .size = 2000,
                    .first_folder = "",
                    .first_name = "a"},
                   {.digest = digest_of(as_bytes("2")),
                    .first = 20,
                    .count = 30,
                    .size = 9999,
                    .first_folder = "a/b",
                    .first_name = "c"}},
      .link_counts = {{"a/x", 2}, {"b", 5}}};
  const Bytes plain = tree::encode_root(root);
  root.totals.files_in_place = 3;
  root.totals.bytes_in_place = 45;
  return {plain, tree::encode_root(root), tree::encode_root({})};
}

void read_root(BytesView bytes) {
  const Bytes again = tree::encode_root(tree::decode_root(bytes));
  assert(as_text(again) == as_text(bytes));
}

std::vector<Bytes> recipe_seeds() {
  std::vector<Bytes> seeds;
  for (const std::uint8_t depth : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{8}}) {
    Bytes bytes = bytes_of("GRCP");
    append(bytes, std::uint16_t{1});
    append(bytes, depth);
    append(bytes, std::uint8_t{0});
    append(bytes, std::uint32_t{5});
    for (std::uint32_t i = 0; i < 5; ++i)
      append(bytes, BytesView(digest_of(as_bytes(std::to_string(i))).bytes));
    for (std::uint32_t i = 0; i < 5; ++i)
      depth == 1 ? append(bytes, 1000 + i) : append(bytes, std::uint64_t{1000} + i);
    seeds.push_back(std::move(bytes));
  }
  return seeds;
}

void read_recipe(BytesView bytes) {
  const tree::Recipe recipe = tree::decode_recipe(bytes);
  assert(!recipe.ends.empty() && recipe.ends.size() == recipe.digests.size());
  std::uint64_t before = 0;
  for (const std::uint64_t end : recipe.ends) assert(std::exchange(before, end) < end);
  assert(recipe.size() <= tree::file_size_max);
}

// The digest at the end covers the rest, so that no change would get further: it is made right.
std::vector<Bytes> pack_index_seeds() {
  store::Compressor compressor;
  store::PackBuilder pack;
  for (int i = 0; i < 12; ++i) {
    const std::string chunk = std::string(i % 3 == 0 ? 5000 : 1, 'x') + std::to_string(i);
    pack.add(digest_of(as_bytes(chunk)), as_bytes(chunk), compressor);
    if (i % 4 == 3) pack.close_frame(compressor);
  }
  Bytes index = pack.index();
  index.resize(index.size() - sizeof(Digest));
  return {index};
}

void read_pack_index(BytesView bytes) {
  Bytes object(bytes.begin(), bytes.end());
  append(object, BytesView(digest_of(bytes).bytes));
  const store::PackIndex index = store::decode_pack_index(object, "index");
  for (const store::PackEntry& entry : index.entries) {
    const store::Placement& place = entry.place;
    assert(place.frame_offset + std::uint64_t{place.frame_stored_size} <= index.data_size);
    assert(place.offset_in_frame + std::uint64_t{place.size} <= place.frame_size);
    assert(place.frame_size <= store::frame_size_max);
  }
}

constexpr std::string_view datastore = "cats";
constexpr dataset::VersionNumber number = 3;

// Records also as earlier programs wrote them: without digests, which would stop every change.
std::vector<Bytes> unsealed_too(const std::vector<std::string>& records,
                                std::string_view companion = "datastore") {
  std::vector<Bytes> seeds;
  for (std::string record : records) {
    seeds.push_back(bytes_of(record));
    for (std::string_view member : {std::string_view("digest"), companion})
      if (const auto at = record.find(fmt::format("  \"{}\"", member)); at != record.npos)
        record.erase(at, record.find('\n', at) + 1 - at);
    seeds.push_back(bytes_of(record));
  }
  return seeds;
}

std::vector<Bytes> version_seeds() {
  dataset::VersionRecord record{.number = number,
                                .root = digest_of({}),
                                .parent = 2,
                                .source = "./cats",
                                .message = "first \"one\" \xc3\xa9",
                                .created = "2026-11-22T23:04:11Z",
                                .created_by = "ann@box",
                                .program = "grid 0.1.0",
                                .totals = {.entries = 3, .files = 2, .folders = 1, .bytes = 7},
                                .datastore = std::string(datastore)};
  const std::string plain = dataset::encode_version_record(record);
  record.parent.reset();
  record.totals.files_in_place = 1;
  record.deleted = {1, 2};
  record.previous = digest_of({});
  record.top_mtime_ns = -1;
  return unsealed_too({plain, dataset::encode_version_record(record)});
}

void read_version(BytesView bytes) {
  dataset::VersionRecord record = dataset::decode_version_record(bytes, datastore, number);
  record.datastore = datastore;
  const std::string again = dataset::encode_version_record(record);
  assert(dataset::decode_version_record(as_bytes(again), datastore, number).root == record.root);
}

std::vector<Bytes> description_seeds() {
  return unsealed_too({dataset::encode_description(datastore, number, "what is in it"),
                       dataset::encode_description(datastore, number, "\xc3\xa9\n\"\\")});
}
void read_description(BytesView bytes) { dataset::decode_description(bytes, datastore, number); }

std::vector<Bytes> tombstone_seeds() {
  return unsealed_too({dataset::encode_tombstone(datastore, number, {}),
                       dataset::encode_tombstone(datastore, number, {.moved_to = "s3://b/p"})});
}
void read_tombstone(BytesView bytes) { dataset::decode_tombstone(bytes, datastore, number); }

std::vector<Bytes> marker_seeds() {
  testing::MemoryBackend backend;
  store::make_store(backend);
  return unsealed_too({std::string(as_text(*backend.find(store::marker_key())))}, "created");
}

void read_marker(BytesView bytes) {
  testing::MemoryBackend backend;
  backend.create(store::marker_key(), bytes);
  const std::optional<store::StoreMarker> marker = store::find_marker(backend);
  assert(marker && store::is_store_id(marker->store_id));
}

// What a collection stores. Digests cover all of it, so that no change would get further: they are
// made right.
constexpr store::LeaseId lease{{std::byte{7}}};

std::vector<Bytes> lease_slot_seeds() {
  store::LeaseSlot slot{.lease = lease,
                        .number = 1,
                        .created = "2026-11-22T23:04:11Z",
                        .collection = 4,
                        .holder = "ann"};
  std::vector<Bytes> seeds = {bytes_of(store::encode_lease_slot(slot))};
  slot.number = 2;
  slot.collection.reset();
  slot.state = store::LeaseSlotState::closed;
  seeds.push_back(bytes_of(store::encode_lease_slot(slot)));
  slot.publication = {"datastores/cats/versions/3", "{\n\"a\": \"\xc3\xa9\"}"};
  seeds.push_back(bytes_of(store::encode_lease_slot(slot)));
  return seeds;
}

void read_lease_slot(BytesView bytes) {
  static constexpr std::string_view member = "\"digest\": \"";
  std::string text(as_text(bytes));
  if (const std::size_t at = text.find(member); at != text.npos) {
    const std::size_t begin = at + member.size(),
                      size = std::min<std::size_t>(64, text.size() - begin);
    text.replace(begin, size, std::string(64, '0'));
    text.replace(begin, 64, digest_of(as_bytes(text)).hex());
  }
  const auto read = [&](std::uint32_t slot) {
    const store::LeaseSlot found = store::decode_lease_slot(as_bytes(text), lease, slot);
    assert(found.collection.has_value() == (slot == 1));
    if (found.publication) assert(store::parse_record_key(found.publication->key));
  };
  try {
    read(1);
  } catch (const Error&) {
    read(2);
  }
}

std::vector<store::PackId> some_packs() {
  std::vector<store::PackId> packs(3);
  packs[1].bytes[15] = std::byte{1};
  packs[2].bytes[0] = std::byte{1};
  return packs;
}

Bytes without_digest(Bytes list) {
  list.resize(list.size() - sizeof(Digest));
  return list;
}
Bytes with_digest(BytesView list) {
  Bytes bytes(list.begin(), list.end());
  append(bytes, BytesView(digest_of(list).bytes));
  return bytes;
}

std::vector<Bytes> condemnation_seeds() {
  return {without_digest(store::encode_condemnation(number, some_packs()))};
}
void read_condemnation(BytesView bytes) {
  const Bytes list = with_digest(bytes);
  assert(store::encode_condemnation(number, store::decode_condemnation(list, number, "list")) ==
         list);
}

std::vector<Bytes> summary_seeds() {
  std::vector<store::PackShare> shares;
  for (const store::PackId& pack : some_packs()) shares.push_back({pack, 1 + shares.size()});
  return {without_digest(store::encode_summary(digest_of({}), shares)),
          without_digest(store::encode_summary(digest_of({}), {}))};
}
void read_summary(BytesView bytes) {
  const Bytes list = with_digest(bytes);
  const std::vector<store::PackShare> shares = store::decode_summary(list, digest_of({}), "list");
  assert(store::encode_summary(digest_of({}), shares) == list);
}

constexpr Decoder decoders[] = {
    {"segment", segment_seeds, read_segment},
    {"root", root_seeds, read_root},
    {"recipe", recipe_seeds, read_recipe},
    {"pack_index", pack_index_seeds, read_pack_index},
    {"version", version_seeds, read_version},
    {"description", description_seeds, read_description},
    {"tombstone", tombstone_seeds, read_tombstone},
    {"marker", marker_seeds, read_marker},
    {"lease_slot", lease_slot_seeds, read_lease_slot},
    {"condemnation", condemnation_seeds, read_condemnation},
    {"summary", summary_seeds, read_summary},
};

}  // namespace

const Decoder& get_decoder(std::string_view name) {
  for (const std::span<const Decoder> some : {std::span<const Decoder>(decoders), node_decoders()})
    for (const Decoder& decoder : some)
      if (decoder.name == name) return decoder;
  std::fprintf(stderr, "there is no decoder of that name\n");
  std::exit(2);
}

}  // namespace grid::fuzz
