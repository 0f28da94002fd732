// Problem. BLAKE3 divides its input into leaves of 1 KiB, and the official code computes sixteen of
// one input side by side. Chunks are about 7 or 16 KiB, not a multiple of 16 KiB: a few leaves of
// each chunk are left over and computed one by one at 1 us each, which halves the speed of an 18 KB
// chunk and cuts that of a 7 KB chunk to a fifth.
//
// Idea. The leaves of different chunks do not depend on each other either. This code takes the
// leaves of a whole batch of pieces, sixteen at a time, and then the parents of all trees, level by
// level.
//
// A lane is one leaf or parent in one element of every vector. Leaves of different lengths run
// together: a lane that has ended keeps its value while the others continue.
//
// A tree's level has the nodes 0, 1, 2, …; each pair becomes a parent, and an odd last one moves up
// as it is. That gives BLAKE3's tree, whose left sides are powers of two. A piece's nodes are
// contiguous, so two children already form the parent's block of 64 bytes.
//
// Example: pieces of 2,500 and 700 bytes have the leaves a b c and d; one step computes all four
// (d is its piece's root and carries that flag). Then ab is computed, then the root of ab and c.
//
// Source: "BLAKE3: one function, fast everywhere", 2020, section 2. Checked against the official
// code by Digest.OfManyPiecesEqualsThatOfEach.

#include "base/digest_lanes.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace grid {

#if defined(__x86_64__) && defined(__GNUC__)

namespace {

constexpr std::size_t lane_count = 16;
constexpr std::size_t leaf_size = 1024, block_size = 64;  // bytes

enum Flag : std::uint32_t { leaf_start = 1, leaf_end = 2, parent = 4, root = 8 };

// One number per lane.
using Lanes = std::uint32_t __attribute__((vector_size(64)));
using Node = std::array<std::uint32_t, 8>;  // laid out as in a parent's block and in a digest

#define GRID_LANES [[gnu::target("avx512f,avx512bw,avx512vl,avx512dq")]]
#define GRID_INLINE GRID_LANES [[gnu::always_inline]] inline

constexpr Node initial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// The order in which each round takes the words of the block.
constexpr std::array<std::array<std::size_t, 16>, 7> schedule = [] {
  constexpr std::array<std::size_t, 16> next = {2, 6,  3,  10, 7, 0,  4,  13,
                                                1, 11, 12, 5,  9, 14, 15, 8};
  std::array<std::array<std::size_t, 16>, 7> rounds{};
  for (std::size_t i = 0; i < 16; ++i) rounds[0][i] = i;
  for (std::size_t round = 1; round < 7; ++round)
    for (std::size_t i = 0; i < 16; ++i) rounds[round][i] = rounds[round - 1][next[i]];
  return rounds;
}();

// A leaf or a parent to be computed.
struct Job {
  const std::byte* data;
  std::uint32_t size;                            // bytes
  std::uint64_t counter;                         // the leaf's index in its piece; 0 for a parent
  std::uint32_t first_flags, flags, last_flags;  // of the first, of every and of the last block
  Node* out;

  std::uint32_t block_count() const {
    return size == 0 ? 1 : static_cast<std::uint32_t>((size + block_size - 1) / block_size);
  }
};

GRID_INLINE Lanes all(std::uint32_t value) { return Lanes{} + value; }

template <int bits>
GRID_INLINE Lanes rotated(Lanes x) {
  return (x >> bits) | (x << (32 - bits));
}

GRID_INLINE void mix(Lanes& a, Lanes& b, Lanes& c, Lanes& d, Lanes x, Lanes y) {
  a += b + x;
  d = rotated<16>(d ^ a);
  c += d;
  b = rotated<12>(b ^ c);
  a += b + y;
  d = rotated<8>(d ^ a);
  c += d;
  b = rotated<7>(b ^ c);
}

// One step of a transposition: swaps the upper right and lower left quarters of every square whose
// side is twice `distance`.
template <int distance, int... lane>
GRID_INLINE void exchange_squares(Lanes (&rows)[lane_count],
                                  std::integer_sequence<int, lane...> /*lanes*/) {
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    if ((i & distance) != 0) continue;
    Lanes a = rows[i], b = rows[i + distance];
    rows[i] =
        __builtin_shufflevector(a, b, ((lane & distance) != 0 ? 16 + lane - distance : lane)...);
    rows[i + distance] =
        __builtin_shufflevector(a, b, ((lane & distance) != 0 ? 16 + lane : lane + distance)...);
  }
}

// Compresses one block of each lane into `value`. A lane whose `taken` is 0 keeps its value; the
// others have all bits set.
GRID_INLINE void compress(Lanes (&value)[8], const std::byte* const (&blocks)[lane_count],
                          Lanes counter_low, Lanes counter_high, Lanes sizes, Lanes flags,
                          Lanes taken) {
  Lanes words[lane_count];
  for (std::size_t i = 0; i < lane_count; ++i) std::memcpy(&words[i], blocks[i], sizeof words[i]);
  constexpr auto lanes = std::make_integer_sequence<int, lane_count>();
  exchange_squares<1>(words, lanes);
  exchange_squares<2>(words, lanes);
  exchange_squares<4>(words, lanes);
  exchange_squares<8>(words, lanes);
  Lanes v[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) v[i] = value[i];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) v[8 + i] = all(initial[static_cast<std::size_t>(i)]);
  v[12] = counter_low;
  v[13] = counter_high;
  v[14] = sizes;
  v[15] = flags;
#pragma GCC unroll 7
  for (std::size_t round = 0; round < 7; ++round) {
    const auto& at = schedule[round];
    mix(v[0], v[4], v[8], v[12], words[at[0]], words[at[1]]);
    mix(v[1], v[5], v[9], v[13], words[at[2]], words[at[3]]);
    mix(v[2], v[6], v[10], v[14], words[at[4]], words[at[5]]);
    mix(v[3], v[7], v[11], v[15], words[at[6]], words[at[7]]);
    mix(v[0], v[5], v[10], v[15], words[at[8]], words[at[9]]);
    mix(v[1], v[6], v[11], v[12], words[at[10]], words[at[11]]);
    mix(v[2], v[7], v[8], v[13], words[at[12]], words[at[13]]);
    mix(v[3], v[4], v[9], v[14], words[at[14]], words[at[15]]);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) value[i] = ((v[i] ^ v[i + 8]) & taken) | (value[i] & ~taken);
}

// Runs up to lane_count jobs from start to end.
GRID_LANES void run(std::span<const Job> jobs) {
  alignas(64) static constexpr std::byte nothing[block_size] = {};
  std::byte tails[lane_count][block_size];
  const std::byte* blocks[lane_count];
  std::fill(std::begin(blocks), std::end(blocks), nothing);
  Lanes value[8], counter_low{}, counter_high{}, block_counts{};
  for (std::size_t i = 0; i < 8; ++i) value[i] = all(initial[i]);
  std::uint32_t block_count_max = 0, full_count_min = UINT32_MAX;
  for (std::size_t lane = 0; lane < jobs.size(); ++lane) {
    counter_low[lane] = static_cast<std::uint32_t>(jobs[lane].counter);
    counter_high[lane] = static_cast<std::uint32_t>(jobs[lane].counter >> 32);
    block_counts[lane] = jobs[lane].block_count();
    block_count_max = std::max(block_count_max, jobs[lane].block_count());
    full_count_min =
        std::min(full_count_min, static_cast<std::uint32_t>(jobs[lane].size / block_size));
  }
  for (std::uint32_t block = 0; block < block_count_max; ++block) {
    Lanes sizes = all(block_size), flags{};
    for (std::size_t lane = 0; lane < jobs.size(); ++lane) {
      const Job& job = jobs[lane];
      const std::uint32_t count = job.block_count();
      if (block >= count) continue;
      blocks[lane] = job.data + std::size_t{block} * block_size;
      flags[lane] = job.flags | (block == 0 ? job.first_flags : 0) |
                    (block + 1 == count ? job.last_flags : 0);
      if (block < full_count_min) continue;
      const std::uint32_t left = job.size - block * static_cast<std::uint32_t>(block_size);
      if (left >= block_size) continue;
      std::memset(tails[lane], 0, block_size);
      if (left > 0) std::memcpy(tails[lane], blocks[lane], left);
      blocks[lane] = tails[lane];
      sizes[lane] = left;
    }
    const auto taken = reinterpret_cast<Lanes>(all(block) < block_counts);
    compress(value, blocks, counter_low, counter_high, sizes, flags, taken);
  }
  for (std::size_t lane = 0; lane < jobs.size(); ++lane)
    for (std::size_t i = 0; i < 8; ++i) (*jobs[lane].out)[i] = value[i][lane];
}

// Collects jobs until there is one for each lane.
class Queue {
 public:
  void add(const Job& job) {
    jobs_[count_++] = job;
    if (count_ == lane_count) finish();
  }
  void finish() {
    if (count_ > 0) run(std::span(jobs_).first(count_));
    count_ = 0;
  }

 private:
  std::array<Job, lane_count> jobs_;
  std::size_t count_ = 0;
};

// A piece's nodes on the level being computed.
struct Tree {
  Node* nodes;
  std::size_t count;
};

void add_leaves(Queue& queue, BytesView piece, const Tree& tree) {
  for (std::size_t i = 0; i < tree.count; ++i) {
    BytesView leaf = piece.subspan(i * leaf_size);
    queue.add({.data = leaf.data(),
               .size = static_cast<std::uint32_t>(std::min(leaf.size(), leaf_size)),
               .counter = i,
               .first_flags = leaf_start,
               .flags = 0,
               .last_flags = tree.count == 1 ? leaf_end | root : +leaf_end,
               .out = &tree.nodes[i]});
  }
}

// Parents overwrite only nodes that have been read already.
void add_parents(Queue& queue, const Tree& tree) {
  for (std::size_t i = 0; i + 1 < tree.count; i += 2)
    queue.add({.data = reinterpret_cast<const std::byte*>(&tree.nodes[i]),
               .size = block_size,
               .counter = 0,
               .first_flags = 0,
               .flags = tree.count == 2 ? parent | root : +parent,
               .last_flags = 0,
               .out = &tree.nodes[i / 2]});
}

}  // namespace

bool has_digest_lanes() {
  static const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  return has;
}

void digest_in_lanes(std::span<const BytesView> pieces, std::span<Digest> digests) {
  assert(pieces.size() == digests.size());
  std::vector<Tree> trees;
  trees.reserve(pieces.size());
  std::size_t leaf_total = 0;
  for (BytesView piece : pieces) {
    trees.push_back(
        {nullptr, std::max<std::size_t>(1, (piece.size() + leaf_size - 1) / leaf_size)});
    leaf_total += trees.back().count;
  }
  std::vector<Node> nodes(leaf_total);
  Queue queue;
  Node* next = nodes.data();
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    trees[i].nodes = next;
    next += trees[i].count;
    add_leaves(queue, pieces[i], trees[i]);
  }
  queue.finish();
  for (bool more = true; more;) {
    for (const Tree& tree : trees) add_parents(queue, tree);
    queue.finish();
    more = false;
    for (Tree& tree : trees) {
      if (tree.count % 2 == 1) tree.nodes[tree.count / 2] = tree.nodes[tree.count - 1];
      tree.count = (tree.count + 1) / 2;
      more = more || tree.count > 1;
    }
  }
  for (std::size_t i = 0; i < pieces.size(); ++i)
    std::memcpy(digests[i].bytes.data(), trees[i].nodes->data(), sizeof(Digest));
}

#else

bool has_digest_lanes() { return false; }
void digest_in_lanes(std::span<const BytesView>, std::span<Digest>) { assert(false); }

#endif

}  // namespace grid
