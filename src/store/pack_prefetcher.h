// Reads whole packs ahead of those who read shuffled files from them.
//
// Problem. A training run opens every file of a version once, in random order. Cold, each read
// waits for the disk, one small piece at a time, though a disk gives a pack of 32 MiB in the time
// of a few hundred such reads, and the run will want all of it.
//
// Idea. Reading earns credit: for each byte that somebody reads, read_ahead_factor bytes may be
// read ahead; from a server each read counts for 256 KiB at least, since what costs is the wait.
// When the credit covers a pack, the pack that was touched last is asked for whole, in the
// background. So somebody who looks at a few files causes a bounded amount of reading, and for
// somebody who reads everything the whole version is near after a sixteenth of it. No pack is asked
// for twice, and no more in all than the backend can keep near (Backend::read_ahead_max): what is
// beyond that is asked for piece by piece as before. Who knows what will be read next, since it is
// the rest of a file, needs no credit.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "backend/backend.h"
#include "store/layout.h"

namespace grid::store {

// Thread-safe.
class PackPrefetcher {
 public:
  // The backend outlives this.
  explicit PackPrefetcher(const backend::Backend& backend);
  ~PackPrefetcher();

  // Somebody has just read `size` bytes of a pack from the backend. Never waits for the backend.
  void note_read(const PackId& pack, std::size_t size);

  // Somebody is about to read from a pack. Never waits either.
  void expect(const PackId& pack);

 private:
  bool may_ask_for(const PackId& pack) const;  // mutex_ is held
  void ask_for(const PackId& pack);            // mutex_ is held
  void work();

  const backend::Backend& backend_;
  const bool remote_;
  const std::uint64_t budget_;  // bytes, in all

  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t credit_ = 0;    // guarded by mutex_; bytes
  std::set<PackId> asked_for_;  // guarded by mutex_
  std::deque<PackId> waiting_;  // guarded by mutex_
  bool ending_ = false;         // guarded by mutex_
  std::thread worker_;          // guarded by mutex_; started when there is something to do
};

}  // namespace grid::store
