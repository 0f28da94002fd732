// Reads ahead for readers that read files from packs in random order.
//
// Problem. A training run opens every file of a version once, in random order. With cold caches,
// each read waits for the disk, one small piece at a time, although a disk reads a pack of 32 MiB
// in the time of a few hundred such reads, and the run will need all of it.
//
// Idea. Reading earns credit: for each byte read, 64 bytes may be read ahead, or 16 from a server,
// where each read counts for at least 512 KiB, since what costs is the wait. When the credit
// suffices, the piece that was touched last is requested in the background. From a local store a
// piece is the whole pack; from a server it is 4 MiB, and several are requested at a time, since
// neighbouring bytes may belong to something else and every byte is paid for. The pieces between
// two that were touched, and beside one, are expected to be needed too. So a reader of a few files
// causes a bounded amount of reading, and a reader of everything has the whole version near after a
// small part of it. No piece is requested twice in this way, and no more in all than the backend
// can keep near (Carrier::read_ahead_max): the rest is read only when readers need it.
//
// The rest of a file that is read from front to back needs no credit, and reading it earns none: it
// does not mean that what lies around a large file is needed. Nor does it count toward the limit,
// since it is read at once. Only the last expected_max pieces are remembered: one that is expected
// again later may be gone by then, and requesting what is near costs little.
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
  // The backend must outlive this. Of the policies, `packs` lets reads earn credit, `files` lets
  // expect() request pieces.
  explicit PackPrefetcher(const backend::Backend& backend, ReadAhead policies = {});
  // Waits for the requests that are in flight; drops the rest.
  ~PackPrefetcher();

  // Notes that `size` bytes of a pack were read from the backend, from `offset` on. Never waits for
  // the backend.
  void note_read(const PackId& pack, std::uint64_t offset, std::size_t size);

  // Announces that the bytes [begin, end) of a pack will be read soon. Never waits either.
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
  const std::uint64_t piece_cost_;  // bytes that one counts for
  const std::uint64_t credit_min_;  // bytes, before anything is requested
  const std::uint64_t budget_;      // bytes, in all

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t credit_ = 0;           // guarded by mutex_; bytes
  std::set<Piece> asked_for_;          // guarded by mutex_; on credit
  std::set<Piece> expected_;           // guarded by mutex_; asked for without credit
  std::deque<Piece> expected_order_;   // guarded by mutex_; the same, the oldest first
  std::map<PackId, Touched> touched_;  // guarded by mutex_
  std::deque<Piece> waiting_;          // guarded by mutex_
  unsigned idle_count_ = 0;            // guarded by mutex_; workers that wait for something to do
  bool ending_ = false;                // guarded by mutex_
  std::vector<std::thread> workers_;   // guarded by mutex_; started when there is something to do
};

}  // namespace grid::store
