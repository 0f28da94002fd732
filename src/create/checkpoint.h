// What an interrupted create of the same source has stored, so that it need not be read again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "source/source.h"
#include "store/chunk_session.h"

namespace grid::create {

// Works in stretches: consecutive chunks of a file, all within one slice.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  // The chunks of a stretch that begins at byte `begin`, if they were stored from the file in this
  // state. Called by the thread that walks the source, in the source's order.
  virtual std::optional<std::vector<store::ChunkRef>> find(const source::SourceEntry& entry,
                                                           std::uint64_t begin) = 0;

  // Notes a stretch that was read and whose chunks were all put into the session, though they may
  // not be durable yet. `entry` has the state in which it was read, and that state is settled: any
  // later change will show in it. Called by the workers, from several threads at once.
  virtual void add(const source::SourceEntry& entry, std::uint64_t begin,
                   std::span<const store::ChunkRef> chunks) = 0;
};

}  // namespace grid::create
