#include "tests/fuzz/decoders.h"

#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "create/checkpoint_log.h"
#include "create/scan_record.h"
#include "dataset/read_trace.h"
#include "dataset/records.h"
#include "store/chunk_session.h"
#include "store/chunk_store.h"
#include "store/chunk_table_writer.h"
#include "store/layout.h"
#include "store/marker.h"
#include "store/pack.h"
#include "tests/support/memory_backend.h"
#include "tests/support/temporary_folder.h"
#include "tree/manifest_writer.h"
#include "tree/recipe.h"
#include "tree/root.h"
#include "tree/rules.h"
#include "tree/segment.h"

namespace grid::fuzz {
namespace {

Bytes bytes_of(std::string_view text) { return {as_bytes(text).begin(), as_bytes(text).end()}; }

// In memory where that can be: files are written thousands of times.
const testing::TemporaryFolder& folder() {
  static const testing::TemporaryFolder made = [] {
    if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
    return testing::TemporaryFolder();
  }();
  return made;
}

void write(const std::filesystem::path& path, BytesView bytes) {
  std::ofstream(path, std::ios::binary) << as_text(bytes);
}

tree::Content content_of(std::string_view text) { return {digest_of(as_bytes(text)), 0}; }

std::vector<tree::Entry> some_entries() {
  std::vector<tree::Entry> entries = {
      {.name = "a", .kind = tree::EntryKind::folder, .mtime_ns = -5},
      {.name = "b", .executable = true, .size = 7, .content = content_of("seven")},
      {.name = "c", .kind = tree::EntryKind::hard_link, .size = 1, .target = "b"},
      {.name = "d", .kind = tree::EntryKind::symlink, .size = 4, .target = "../b"},
      {.folder = "a", .name = "empty", .content = content_of("")},
      {.folder = "a", .name = "large", .size = 1 << 30, .content = {content_of("2").digest, 2}}};
  return entries;
}

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
                     .content = content_of("")});
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
    const std::string chunk =
        i % 3 == 0 ? std::string(5000, static_cast<char>('a' + i)) : "chunk " + std::to_string(i);
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

// As a program wrote it that knew no digests: what a fuzzer changes is not caught by the digest.
Bytes without_digest(const std::string& record) {
  nlohmann::json value = nlohmann::json::parse(record);
  for (const char* member : {"digest", "datastore"}) value.erase(member);
  return bytes_of(value.dump());
}

std::vector<Bytes> version_seeds() {
  dataset::VersionRecord record{.number = 3,
                                .root = digest_of({}),
                                .parent = 2,
                                .source = "./cats",
                                .message = "first \"one\" \xc3\xa9",
                                .created = "2026-11-22T23:04:11Z",
                                .created_by = "ann@box",
                                .program = "grid 0.1.0",
                                .totals = {.entries = 3, .files = 2, .folders = 1, .bytes = 7}};
  const std::string plain = dataset::encode_version_record(record);
  record.parent.reset();
  record.totals.files_in_place = 1;
  record.datastore = "cats";
  record.previous = digest_of({});
  record.deleted = {1};
  record.top_mtime_ns = -1;
  const std::string full = dataset::encode_version_record(record);
  return {without_digest(plain), without_digest(full), bytes_of(full)};
}

void read_version(BytesView bytes) {
  dataset::VersionRecord record = dataset::decode_version_record(bytes, "cats", 3);
  record.datastore = "cats";  // records of older programs do not say it
  const std::string again = dataset::encode_version_record(record);
  assert(dataset::decode_version_record(as_bytes(again), "cats", 3).root == record.root);
}

std::vector<Bytes> description_seeds() {
  return {bytes_of(dataset::encode_description("cats", 1, "what is in it")),
          without_digest(dataset::encode_description("cats", 1, "\xc3\xa9\n\"\\"))};
}
void read_description(BytesView bytes) { dataset::decode_description(bytes, "cats", 1); }

std::vector<Bytes> tombstone_seeds() {
  return {bytes_of(dataset::encode_tombstone("cats", 3, "")),
          without_digest(dataset::encode_tombstone("cats", 3, "s3://b/p"))};
}
void read_tombstone(BytesView bytes) { dataset::decode_tombstone(bytes, "cats", 3); }

std::vector<Bytes> marker_seeds() {
  testing::MemoryBackend backend;
  store::make_store(backend);
  return {*backend.find(store::marker_key()),
          bytes_of(
              R"({"format": 1, "grid": "store", "store_id": "0123456789abcdef0123456789abcdef"})")};
}

void read_marker(BytesView bytes) {
  testing::MemoryBackend backend;
  backend.create(store::marker_key(), bytes);
  const std::optional<store::StoreMarker> marker = store::find_marker(backend);
  assert(marker && marker->store_id.size() == 32);
}

std::vector<Bytes> chunk_table_seeds() {
  const std::vector<store::PackId> packs(3);
  std::vector<Bytes> seeds;
  for (const std::uint32_t count : {0u, 5u, 100u}) {
    std::vector<store::TableEntry> entries;
    for (std::uint32_t i = 0; i < count; ++i)
      entries.push_back({digest_of(as_bytes(std::to_string(i))), i % 3, {i * 10, 10, 10, 0, 10}});
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.digest < b.digest; });
    seeds.push_back(store::encode_chunk_table(packs, count, [&](store::ChunkTableWriter& writer) {
      for (const store::TableEntry& entry : entries) writer.add(entry);
    }));
  }
  return seeds;
}

void read_chunk_table(BytesView bytes) {
  const auto table = std::make_shared<const store::ChunkTable>(Bytes(bytes.begin(), bytes.end()));
  std::vector<Digest> digests;
  for (const store::TableEntry& entry :
       table->entries().first(std::min<std::size_t>(20, table->entries().size())))
    digests.push_back(entry.digest);
  for (int i = 0; i < 10; ++i) digests.push_back(digest_of(as_bytes(std::to_string(i))));
  std::vector<const Digest*> wanted;
  for (const Digest& digest : digests) {
    wanted.push_back(&digest);
    const std::optional<store::Location> at = table->find(digest);
    if (!at) continue;
    assert(at->place.offset_in_frame + std::uint64_t{at->place.size} <= at->place.frame_size);
    assert(at->place.frame_size <= store::frame_size_max);
  }
  table->bring_near(std::span(wanted).first(std::min(wanted.size(), table->bring_near_max)));
  if (!table->is_sound()) return;  // as the chunk index does before it merges
  const std::vector<store::PackId> packs(2 * table->packs().size());
  store::encode_chunk_table(packs, 2 * table->entries().size(), [&](auto& writer) {
    merge_chunk_tables({table, table}, writer);
  });
}

// A tree for the scan records.
const std::shared_ptr<const tree::Manifest>& scanned_tree() {
  static const std::shared_ptr<const tree::Manifest> made = [] {
    auto backend = std::make_shared<testing::MemoryBackend>();
    auto chunks = std::make_shared<store::ChunkStore>(backend, store::make_store(*backend));
    std::atomic<std::uint64_t> stored = 0;
    store::ChunkSession session(*chunks, stored);
    std::vector<std::unique_ptr<store::ChunkWriter>> writers;
    writers.push_back(std::make_unique<store::ChunkWriter>(session));
    tree::ManifestWriter writer(*writers[0]);
    for (tree::Entry& entry : some_entries()) writer.add(std::move(entry));
    writer.set_link_counts({{"b", 2}});
    const Digest root = writer.finish();
    session.finish(std::move(writers));
    return tree::Manifest::open(chunks, std::make_shared<tree::SegmentCache>(1 << 20), root);
  }();
  return made;
}

std::vector<Bytes> scan_record_seeds() {
  std::vector<Bytes> seeds;
  for (const std::optional<Digest>& source : {std::optional<Digest>(), {digest_of({})}}) {
    const std::filesystem::path path = folder() / "seed";
    create::ScanRecordWriter writer(path);
    for (std::uint64_t i = 0; i < scanned_tree()->totals().entries; ++i)
      writer.add({.ctime_ns = 7, .inode = i});
    writer.finish(scanned_tree()->root_digest(), source);
    seeds.push_back(*find_file_bytes(path));
  }
  return seeds;
}

void read_scan_record(BytesView bytes) {
  const std::filesystem::path path = folder() / "scan";
  write(path, bytes);
  for (const auto order : {source::SourceOrder::tree, source::SourceOrder::any}) {
    auto unchanged = create::UnchangedFiles::find(path, scanned_tree(), order);
    if (!unchanged) return;
    unchanged->are_all_of(digest_of({}));
    for (const tree::Entry& entry : some_entries())
      unchanged->find(
          {.entry = entry,
           .state = {.size = entry.size, .mtime_ns = entry.mtime_ns, .ctime_ns = 7, .inode = 1}});
  }
}

const source::FileState logged_state{.size = 5000, .mtime_ns = 1, .ctime_ns = 2, .inode = 3};

const std::vector<store::ChunkRef> logged_chunks = {{digest_of(as_bytes("1")), 1000},
                                                    {digest_of(as_bytes("2")), 1500}};

std::vector<Bytes> checkpoint_seeds() {
  const std::filesystem::path path = folder() / "seed-log";
  {
    create::CheckpointLog log(path);
    log.add("a/b", logged_state, 0, logged_chunks);
    log.add("a/b", logged_state, 2500, logged_chunks);
    log.flush();
  }
  const Bytes whole = *find_file_bytes(path);
  // The whole file, and what its one frame holds.
  return {whole, Bytes(whole.begin() + 20, whole.end())};
}

void read_checkpoint(BytesView bytes) {
  const std::filesystem::path path = folder() / "log";
  const bool is_file = as_text(bytes).starts_with("GCKP");
  Bytes file;
  if (!is_file) {  // a frame with a right checksum
    file = bytes_of("GCKP");
    append(file, std::uint32_t{1});
    append(file, static_cast<std::uint32_t>(bytes.size()));
    append(file, load<std::uint64_t>(digest_of(bytes).bytes.data()));
  }
  append(file, bytes);
  write(path, file);
  const create::CheckpointLog log(path);
  static const auto index = [] {
    auto made = std::make_unique<store::ChunkIndex>(std::filesystem::path());
    std::vector<store::PackEntry> entries;
    for (const store::ChunkRef& chunk : logged_chunks) entries.push_back({chunk.digest, {}});
    made->add_pack({}, entries);
    return made;
  }();
  for (const std::uint64_t begin : {0, 2500}) log.find("a/b", logged_state, begin, *index);
}

std::vector<Bytes> trace_seeds() {
  dataset::ReadTrace trace;
  for (std::uint32_t i = 0; i < 50; ++i) trace.push_back({.ordinal = i * 7, .index = i});
  dataset::save_trace(folder().path(), digest_of({}), trace);
  return {*find_file_bytes(folder() / digest_of({}).hex())};
}

void read_trace(BytesView bytes) {
  const Digest root = digest_of(as_bytes("root"));
  write(folder() / root.hex(), bytes);
  for (const dataset::Piece& piece : dataset::find_trace(folder().path(), root))
    assert(piece.index < 1u << 24);
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
    {"chunk_table", chunk_table_seeds, read_chunk_table},
    {"scan_record", scan_record_seeds, read_scan_record},
    {"checkpoint", checkpoint_seeds, read_checkpoint},
    {"trace", trace_seeds, read_trace},
};

}  // namespace

const Decoder& get_decoder(std::string_view name) {
  for (const Decoder& decoder : decoders)
    if (decoder.name == name) return decoder;
  std::fprintf(stderr, "there is no decoder of that name\n");
  std::exit(2);
}

}  // namespace grid::fuzz
