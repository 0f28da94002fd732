// The files that a node keeps of stores and sources: the cache and state folders.

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "create/checkpoint_log.h"
#include "create/scan_record.h"
#include "dataset/read_trace.h"
#include "store/chunk_session.h"
#include "store/chunk_store.h"
#include "store/chunk_table_writer.h"
#include "store/marker.h"
#include "tests/fuzz/decoders.h"
#include "tests/support/memory_backend.h"
#include "tests/support/temporary_folder.h"
#include "tree/manifest_writer.h"

namespace grid::fuzz {
namespace {

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

std::vector<Bytes> chunk_table_seeds() {
  std::vector<store::TablePack> packs(3);
  for (std::size_t i = 0; i < packs.size(); ++i) packs[i].id.bytes[0] = static_cast<std::byte>(i);
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
  if (!table->is_sound()) return;  // it is made again
  const store::ChunkTables both = {table, table};
  store::encode_chunk_table(packs_of(both), 2 * table->entries().size(),
                            [&](auto& writer) { merge_chunk_tables(both, writer); });
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
    file.reserve(20 + bytes.size());
    append(file, as_bytes("GCKP"));
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
    {"chunk_table", chunk_table_seeds, read_chunk_table},
    {"scan_record", scan_record_seeds, read_scan_record},
    {"checkpoint", checkpoint_seeds, read_checkpoint},
    {"trace", trace_seeds, read_trace},
};

}  // namespace

std::span<const Decoder> node_decoders() { return decoders; }

}  // namespace grid::fuzz
