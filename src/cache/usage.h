// What all processes of a node know together about their cache: its size, its limit and how it has
// served.
//
// The file: one page, mapped by all: magic "GUSE", u32 format, then the words of Usage::Words.
// Each process holds a shared lock on it while it lives. A process that finds itself alone counts
// what is really there: one that was killed may have reserved what it never wrote. Counts are never
// worth waiting for: a process that does not get the lock soon, because another one was stopped
// while it counted, goes on without. Until a process is alone again, counts may then be wrong.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "base/file_lock.h"

namespace grid::cache {

// Since the cache was made; bytes unless said otherwise.
struct Statistics {
  std::uint64_t size_max = 0;                     // the limit; 0: none was set
  std::uint64_t size = 0;                         // on the disk, including what is reserved
  std::uint64_t bytes_hit = 0, bytes_missed = 0;  // of what readers requested
  std::uint64_t bytes_fetched = 0;                // from the remote store, whole blocks
  std::uint64_t bytes_evicted = 0;
  std::uint64_t blocks_damaged = 0;  // count
};

// Thread-safe, also between processes.
class Usage {
 public:
  // `count` returns the bytes that the cache takes on the disk; called if no other process uses it.
  Usage(const std::filesystem::path& path, const std::function<std::uint64_t()>& count);
  ~Usage();
  Usage(const Usage&) = delete;
  Usage& operator=(const Usage&) = delete;

  Statistics read() const;
  void set_size_max(std::uint64_t size_max);

  // Adds to what is taken; false, without adding, if more than `size_max` would be taken then.
  bool reserve(std::uint64_t size, std::uint64_t size_max);
  void release(std::uint64_t size);

  // The clock of the queues: one tick for each 16 MiB fetched.
  std::uint32_t clock() const;

  void note_hit(std::uint64_t size);
  void note_missed(std::uint64_t size);
  void note_fetched(std::uint64_t size);
  void note_evicted(std::uint64_t size);
  void note_damaged(std::uint64_t blocks);

  // Held by the one process of the node that is making room. Empty if another one has it for
  // longer than `patience`.
  std::optional<FileLock> lock_for_eviction(std::chrono::milliseconds patience) const;

 private:
  struct Words;

  const std::filesystem::path path_;
  FileLock lock_;
  Words* words_ = nullptr;  // shared by all processes
};

}  // namespace grid::cache
