// Everything that reads ahead, on one page: which policy acts when, why, and with which numbers.
//
// A cold read waits: 90 µs for a disk, tens of milliseconds for a server. Four policies bring bytes
// near before a reader asks for them. Each one alone is simple; they share a disk, a network and a
// cache, so the rules that keep them apart stand here too.
//
// | policy  | sees                     | acts when                        | brings               |
// | ------- | ------------------------ | -------------------------------- | -------------------- |
// | packs   | reads of packs, in any   | the reads have earned enough     | whole packs; from a  |
// |         | order                    | credit                           | server pieces of them|
// | files   | offsets in one large     | a reader continues where it      | the next part of the |
// |         | file                     | stopped                          | file, up to 64 MiB   |
// | blocks  | offsets in one object of | a reader continues where it      | the next blocks, up  |
// |         | a remote store           | stopped                          | to 16 MiB            |
// | traces  | what the last run read   | a run starts with --prefetch     | that, in its order   |
//
// Who acts where. A reader that stays (a mount, a run) uses packs and files: both know the layout
// of the store, so both ask for exact ranges. Commands that read once (get, verify, cat) and files
// in place use blocks, which guesses from offsets alone. Packs and blocks never act together: in a
// trial they asked for bytes behind the ends of files and packs, and cut each other's requests in
// two. Traces run beside packs and files, and warm what these would find later.
//
// What bounds them. Packs: no more bytes in all than may be kept near (half of the node's cache, or
// a third of the memory for a local store), because what is read ahead must not evict what was read
// ahead before. Files: no limit in all, because what is expected is read at once, but no further
// ahead than half of that bound. Blocks: a window that doubles. Traces: the same bound as packs. A
// read that files expected earns no credit for packs. Nothing is fetched ahead while the node's
// cache cannot be written.
//
// Decisions 0011 and 0022 have the measurements. Switches (ReadAhead) turn the policies off one by
// one, for measuring: see GRID_READ_AHEAD in bench/README.md. The kernel's own read-ahead of a
// mount is set in mount/mount_point.cc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace grid {

// Which policies may act. Traces are chosen for each run, with --prefetch.
struct ReadAhead {
  bool packs = true, files = true, blocks = true;

  bool operator==(const ReadAhead&) const = default;
};

// store/pack_prefetcher.h.
namespace packs_ahead {
// Bytes that may be read ahead for each byte read. A disk reads on at little cost; the bytes of a
// server are waited and paid for.
inline constexpr std::uint64_t local_factor = 64, remote_factor = 16;
// A read from a server counts as this many bytes at least, because the wait is what costs: twice
// what the node's cache fetches for it, so that the first pieces are asked for after two reads.
inline constexpr std::size_t remote_read_size_min = 512 << 10;
inline constexpr std::uint64_t credit_max = 128 << 20;  // bytes: four packs
// A server is asked for pieces of packs, several at once; a disk for whole packs, one at a time.
inline constexpr std::uint64_t remote_piece_size = 4 << 20;  // bytes
inline constexpr unsigned remote_in_flight = 8;              // pieces
inline constexpr std::size_t expected_max = 256;  // pieces that files expected, remembered
}  // namespace packs_ahead

// tree/sequential_reads.h.
namespace files_ahead {
inline constexpr std::uint64_t file_size_min = 8 << 20;  // bytes: smaller files are left to packs
inline constexpr std::uint64_t read_size_min = 1 << 20;  // bytes read in sequence before it acts
// It reaches ahead this many times what was read, up to window_max, in steps of half the window.
inline constexpr std::uint64_t window_factor = 16;
inline constexpr std::uint64_t window_max = 64 << 20;  // bytes
// The threads of one reader, the kernel's too, arrive slightly out of order.
inline constexpr std::uint64_t disorder_max = 2 << 20;  // bytes
inline constexpr std::size_t files_max = 256;           // followed at once
}  // namespace files_ahead

// cache/block_fetcher.h. In blocks of cache::block_size, 256 KiB.
namespace blocks_ahead {
inline constexpr std::uint64_t fetch_blocks_max = 16;   // of one request: 4 MiB
inline constexpr std::uint64_t awaited_blocks_max = 8;  // of a request that a reader waits for
inline constexpr std::uint64_t window_blocks_min = 4;   // 1 MiB
inline constexpr std::uint64_t window_blocks_max = 64;  // 16 MiB
inline constexpr unsigned in_flight = 8;                // requests ahead of readers
inline constexpr std::size_t objects_max = 1024;        // followed at once
}  // namespace blocks_ahead

// dataset/prefetch.h.
namespace traces_ahead {
inline constexpr std::size_t batch_count = 512;           // pieces sorted together
inline constexpr std::uint64_t gap_max = 64 << 10;        // unwanted bytes that save a request
inline constexpr std::uint64_t range_size_max = 2 << 20;  // bytes of one request
inline constexpr unsigned remote_in_flight = 8, local_in_flight = 2;
}  // namespace traces_ahead

}  // namespace grid
