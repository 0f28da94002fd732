// Heals a store: writes good copies of damaged and lost chunks, from wherever one can be had, and
// removes the packs that have the bad ones.
//
// Objects never change, so a pack is healed by others that hold what it should: first these are
// durable and read back, then the damaged pack's index is removed, then its data. At every moment a
// reader finds each chunk that it found before; one that still knows the old place lists the packs
// again.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "care/pack_check.h"
#include "care/verify.h"
#include "create/create.h"
#include "dataset/open_store.h"

namespace grid::care {

struct RepairOptions {
  // What versions were made of, as create takes it: is read as a whole for the chunks that are
  // still missing after everything else was tried.
  std::vector<std::string> sources;
  net::ServerOptions servers{};  // how sources are reached
  // When another thread sets this, the repair ends soon with Interrupted; null: never.
  const std::atomic<bool>* stop = nullptr;
};

// Written by the repair, read by a progress bar.
struct RepairProgress {
  VerifyProgress packs;
  create::CreateProgress sources;
};

struct RepairReport {
  std::uint64_t packs_damaged = 0, packs_removed = 0;
  // Chunks that some pack or version says are there, and are not, or not undamaged; and where good
  // copies of them came from. A chunk that another pack has needs no more than the removal.
  std::uint64_t chunks_lost = 0;
  std::uint64_t healed_by_packs = 0, healed_by_node = 0, healed_by_sources = 0;
  std::uint64_t bytes_written = 0;
  std::vector<source::Problem> problems;  // what could not be read of the sources
  VerifyReport left;  // as verify() would find the store now; files in place are left out
};

// `store` is as a reader on this node opens it: its copies and chunk tables are used too. Throws as
// verify() and create_version() do; what was healed by then stays, and nothing is lost.
RepairReport repair(const dataset::OpenStore& store, const RepairOptions& options,
                    RepairProgress& progress);

}  // namespace grid::care
