// Reads ahead of those who read shuffled files from packs.
//
// Problem. A training run opens every file of a version once, in random order. Cold, each read
// waits for the disk, one small piece at a time, though a disk gives a pack of 32 MiB in the time
// of a few hundred such reads, and the run will want all of it.
//
// Idea. Reading earns credit: for each byte that somebody reads, 64 bytes may be read ahead, or 16
// from a server, where each read counts for 512 KiB at least, since what costs is the wait.
// When the credit suffices, the piece that was touched last is asked for, in the background: from a
// local store that is the whole pack, from a server 4 MiB of it, several pieces at a time, since
// what lies beside what is wanted may be of something else and every byte is paid for. What lies
// between two pieces that were touched, and beside one, is taken for wanted too. So
// somebody who looks at a few files causes a bounded amount of reading, and for somebody who reads
// everything the whole version is near after a small part of it. No piece is asked for twice so,
// and no more in all than the backend can keep near (Carrier::read_ahead_max): what is beyond that
// is asked for bit by bit as before.
//
// The rest of a file that is read from front to back needs no credit, and reading it earns none:
// what lies around a large file is not wanted for that. Nor does it count for the limit, since it
// is read at once. Only the last expected_max pieces are remembered: one that comes up again later
// may be gone by then, and asking for what is here costs little.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "backend/backend.h"
#include "base/read_ahead.h"
#include "store/layout.h"

namespace grid::store {

// Thread-safe.
class PackPrefetcher {
 public:
  // The backend outlives this. Of the policies, `packs` lets reads earn credit, `files` lets
  // expect() ask.
  explicit PackPrefetcher(const backend::Backend& backend, ReadAhead policies = {});
  // Waits for what has been asked for and is on its way; drops the rest.
  ~PackPrefetcher();

  // Somebody has just read `size` bytes of a pack from the backend, from `offset` on. Never waits
  // for the backend.
  void note_read(const PackId& pack, std::uint64_t offset, std::size_t size);

  // Somebody is about to read the bytes [begin, end) of a pack. Never waits either.
  void expect(const PackId& pack, std::uint64_t begin, std::uint64_t end);

 private:
  struct Piece {
    PackId pack;
    std::uint64_t index = 0;

    auto operator<=>(const Piece&) const = default;
  };

  struct Touched {
    std::uint64_t first = 0, last = 0;  // indexes of pieces
  };

  void spend_on(const Piece& piece);  // mutex_ is held
  void ask_for(const Piece& piece);   // mutex_ is held
  void work();

  const backend::Backend& backend_;
  const ReadAhead policies_;
  const bool remote_;
  const std::uint64_t piece_size_;  // bytes; the last one of a pack has fewer
  const std::uint64_t piece_cost_;  // bytes that one is taken for
  const std::uint64_t credit_min_;  // bytes, before anything is asked for
  const std::uint64_t budget_;      // bytes, in all

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t credit_ = 0;           // guarded by mutex_; bytes
  std::set<Piece> asked_for_;          // guarded by mutex_; for credit
  std::set<Piece> expected_;           // guarded by mutex_; asked for without
  std::deque<Piece> expected_order_;   // guarded by mutex_; the same, the oldest first
  std::map<PackId, Touched> touched_;  // guarded by mutex_
  std::deque<Piece> waiting_;          // guarded by mutex_
  unsigned idle_count_ = 0;            // guarded by mutex_; workers that wait for something to do
  bool ending_ = false;                // guarded by mutex_
  std::vector<std::thread> workers_;   // guarded by mutex_; started when there is something to do
};

}  // namespace grid::store
