// The speed of one core in each hot loop of a create and of a read: cutting, digests, the codec,
// the manifest and the chunk index. Prints a table and asserts nothing.
#include <benchmark/benchmark.h>

#include <cassert>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "source/tree.h"
#include "store/chunk_index.h"
#include "store/chunker.h"
#include "store/codec.h"
#include "store/pack.h"
#include "tree/segment.h"

namespace grid {
namespace {

enum Source : std::int64_t { random_bytes, table_of_numbers };

Bytes make_random(std::size_t size) {
  std::mt19937_64 random(1);
  Bytes bytes;
  bytes.reserve(size + 8);
  while (bytes.size() < size) append(bytes, static_cast<std::uint64_t>(random()));
  bytes.resize(size);
  return bytes;
}

// Rows of numbers and words, as in the corpus `large`: zstd compresses them to about a third.
Bytes make_table(std::size_t size) {
  std::mt19937_64 random(1);
  std::string text;
  for (std::uint64_t row = 0; text.size() < size; ++row) {
    text += std::to_string(row) + ",user" + std::to_string(random() % 20000) + ",virginica,";
    text += std::to_string(random() % 1048576) + "." + std::to_string(random() % 1000) + ",true\n";
  }
  text.resize(size);
  const BytesView bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

Bytes make(std::int64_t source, std::size_t size) {
  return source == random_bytes ? make_random(size) : make_table(size);
}

void count_bytes(benchmark::State& state, std::size_t each) {
  state.SetBytesProcessed(static_cast<std::int64_t>(each) * state.iterations());
}

// Cuts 16 MiB, as a create cuts a large file.
void cutting(benchmark::State& state) {
  const Bytes bytes = make(state.range(0), 16 << 20);
  const store::CutSizes& sizes = state.range(1) != 0 ? store::fine_cuts : store::cuts;
  std::size_t count = 0;
  for (auto _ : state) {
    count = 0;
    for (BytesView rest = bytes; !rest.empty(); ++count)
      rest =
          rest.subspan(store::first_cut(rest.first(std::min(rest.size(), sizes.size_max)), sizes));
    benchmark::DoNotOptimize(count);
  }
  count_bytes(state, bytes.size());
  state.counters["chunk_size_mean"] = static_cast<double>(bytes.size() / count);
}
BENCHMARK(cutting)
    ->ArgNames({"table", "fine"})
    ->ArgsProduct({{random_bytes, table_of_numbers}, {0, 1}});

void digest(benchmark::State& state) {
  const Bytes bytes = make_random(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(digest_of(bytes));
  count_bytes(state, bytes.size());
}
BENCHMARK(digest)->ArgName("size")->Arg(1 << 10)->Arg(16 << 10)->Arg(1 << 20);

// Digests the chunks of one buffer, one by one and all at once.
void digest_of_chunks(benchmark::State& state) {
  const Bytes bytes = make_random(1 << 20);
  const store::CutSizes& sizes = state.range(0) != 0 ? store::fine_cuts : store::cuts;
  std::vector<BytesView> chunks;
  for (BytesView rest = bytes; !rest.empty(); rest = rest.subspan(chunks.back().size()))
    chunks.push_back(rest.first(store::first_cut(rest, sizes)));
  std::vector<Digest> digests(chunks.size());
  for (auto _ : state) {
    if (state.range(1) != 0)
      digest_all(chunks, digests);
    else
      for (std::size_t i = 0; i < chunks.size(); ++i) digests[i] = digest_of(chunks[i]);
    benchmark::DoNotOptimize(digests.data());
  }
  count_bytes(state, bytes.size());
}
BENCHMARK(digest_of_chunks)->ArgNames({"fine", "together"})->ArgsProduct({{0, 1}, {0, 1}});

void compress(benchmark::State& state) {
  const Bytes frame = make(state.range(0), store::frame_size_target);
  store::Compressor compressor;
  Bytes out;
  bool smaller = false;
  for (auto _ : state) benchmark::DoNotOptimize(smaller = compressor.compress(frame, out));
  count_bytes(state, frame.size());
  state.counters["stored_share"] =
      smaller ? static_cast<double>(out.size()) / static_cast<double>(frame.size()) : 1.0;
}
BENCHMARK(compress)->ArgName("table")->Arg(random_bytes)->Arg(table_of_numbers);

void decompress(benchmark::State& state) {
  const Bytes frame = make_table(store::frame_size_target);
  Bytes stored, out(frame.size());
  if (!store::Compressor().compress(frame, stored)) {
    state.SkipWithError("the frame does not compress");
    return;
  }
  for (auto _ : state) {
    bool whole = store::decompress(stored, out);
    benchmark::DoNotOptimize(whole);
  }
  count_bytes(state, frame.size());
}
BENCHMARK(decompress);

// Ten folders of a thousand files: a typical segment of a manifest.
std::vector<tree::Entry> make_entries() {
  std::vector<tree::Entry> entries;
  std::string folder = "train/class-000", name = "image-000.jpg";
  for (char i = '0'; i <= '9'; ++i) {
    folder.back() = i;
    for (int k = 0; k < 1000; ++k) {
      const std::string digits = std::to_string(1000 + k).substr(1);
      tree::Entry entry{.folder = folder, .name = name, .size = 100'000};
      entry.name.replace(6, 3, digits);
      entry.content.digest = digest_of(as_bytes(folder + digits));
      entries.push_back(std::move(entry));
    }
  }
  return entries;
}

void segment_encode(benchmark::State& state) {
  const std::vector<tree::Entry> entries = make_entries();
  for (auto _ : state) benchmark::DoNotOptimize(tree::encode_segment(entries));
  state.SetItemsProcessed(static_cast<std::int64_t>(entries.size()) * state.iterations());
}
BENCHMARK(segment_encode);

// Checks a segment on opening it, as a reader does once per segment.
void segment_open(benchmark::State& state) {
  const Bytes bytes = tree::encode_segment(make_entries());
  for (auto _ : state) {
    Bytes copy = bytes;
    tree::Segment segment(std::move(copy));
    benchmark::DoNotOptimize(segment.count());
  }
  state.SetItemsProcessed(10'000 * state.iterations());
}
BENCHMARK(segment_open);

void segment_lookup(benchmark::State& state) {
  const std::vector<tree::Entry> entries = make_entries();
  const tree::Segment segment(tree::encode_segment(entries));
  std::mt19937 random(1);
  for (auto _ : state) {
    const tree::Entry& wanted = entries[random() % entries.size()];
    benchmark::DoNotOptimize(segment.lower_bound(wanted.folder, wanted.name));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(segment_lookup);

Digest digest_of_number(std::uint64_t number) {
  Bytes bytes;
  append(bytes, number);
  return digest_of(bytes);
}

// An index of a million chunks in 500 packs, in as many tables as a create leaves.
const store::ChunkIndex& index_of_a_million() {
  static const auto index = [] {
    auto made = std::make_unique<store::ChunkIndex>(std::filesystem::path());
    for (std::uint64_t pack = 0; pack < 500; ++pack) {
      store::PackId id;
      std::memcpy(id.bytes.data(), &pack, sizeof pack);
      std::vector<store::PackEntry> entries;
      for (std::uint32_t i = 0; i < 2000; ++i)
        entries.push_back({digest_of_number(pack * 2000 + i),
                           {.frame_offset = i * 16384,
                            .frame_stored_size = 16384,
                            .frame_size = 16384,
                            .offset_in_frame = 0,
                            .size = 16384}});
      made->add_pack(id, entries);
    }
    made->flush();
    return made;
  }();
  return *index;
}

// `present` 0: looks up digests that the index does not have, as a first create does.
void chunk_index_find(benchmark::State& state) {
  const store::ChunkIndex& index = index_of_a_million();
  const std::uint64_t first = state.range(0) != 0 ? 0 : 1'000'000;
  std::vector<Digest> wanted;
  std::mt19937_64 random(1);
  for (int i = 0; i < 65536; ++i) wanted.push_back(digest_of_number(first + random() % 1'000'000));
  std::size_t next = 0, found = 0;
  for (auto _ : state) found += index.find(wanted[next++ % wanted.size()]).has_value();
  if (found != (first == 0 ? next : 0)) state.SkipWithError("the index is wrong");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(chunk_index_find)->ArgName("present")->Arg(1)->Arg(0);

// Looks up several chunks in one call, as a read of 128 KiB does; the time is per call.
void chunk_index_find_together(benchmark::State& state) {
  const store::ChunkIndex& index = index_of_a_million();
  std::vector<store::ChunkRef> wanted;
  std::mt19937_64 random(1);
  for (int i = 0; i < 65536; ++i) wanted.push_back({digest_of_number(random() % 1'000'000), 16384});
  const auto count = static_cast<std::size_t>(state.range(0));
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(index.find(std::span(wanted).subspan(next, count)));
    next = (next + count) % wanted.size();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(chunk_index_find_together)->ArgName("chunks")->Arg(1)->Arg(8)->Arg(32);

}  // namespace
}  // namespace grid
