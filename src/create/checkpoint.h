// What an interrupted create of the same source has stored, so that it need not be read again.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "source/source.h"
#include "store/chunk_session.h"

namespace grid::create {

// Counts in stretches: some chunks of a file that follow each other. A stretch does not reach from
// one slice into the next.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  // The chunks of a stretch that begins at `begin`, if they were stored from a file in this state.
  // Called by the thread that goes through the source, in the source's order.
  virtual std::optional<std::vector<store::ChunkRef>> find(const source::SourceEntry& entry,
                                                           std::uint64_t begin) = 0;

  // A stretch is read and all its chunks were put into the session, which need not mean that they
  // are durable already. `entry` has the state in which it was read, and that state is settled:
  // any later change will show in it. Called by any worker, from several threads at once.
  virtual void add(const source::SourceEntry& entry, std::uint64_t begin,
                   std::span<const store::ChunkRef> chunks) = 0;
};

}  // namespace grid::create
