// Reads every pack of a store and says which chunks lie where its index says, undamaged.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "dataset/open_store.h"
#include "store/layout.h"
#include "store/pack.h"

namespace grid::care {

struct VerifyProgress {
  std::atomic<std::uint64_t> bytes_total = 0, bytes_done = 0;  // of packs
  // Set by others while it runs: it then ends soon with create::Interrupted; null: never.
  const std::atomic<bool>* stop = nullptr;
};

// A pack that is not as its index says, or whose index says nothing.
struct PackFault {
  store::PackId pack;
  std::string reason;  // names the object
  bool index_is_readable = true;
  // Chunks that are where the index says, and the others. If the index is damaged: what could be
  // salvaged, each under the digest of its bytes, and what could not.
  std::vector<store::PackEntry> good, bad;
};

struct CheckedPacks {
  std::vector<PackFault> faults;
  std::vector<std::string> foreign;     // what lies among the packs and is none, each with a reason
  std::uint64_t chunks = 0, bytes = 0;  // of packs that have an index
  std::uint64_t unindexed_packs = 0, unindexed_bytes = 0;  // data objects that have none: not read
  // Of each chunk that is damaged somewhere, one of the faults that it is in.
  std::unordered_map<Digest, std::size_t, DigestHash> damaged;
};

class KeptTrees;

// Whether chunks of a pack whose index is damaged are looked for. Readers do not: for them, the
// pack does not exist.
enum class Salvage { no, yes };

// Checks all packs and gives each sound place to the chunk index of `store`, which must be fresh:
// see dataset::open_past_node(). Of a pack, reads a few megabytes at a time, and several packs at
// once. Throws `unavailable` if a server cannot be reached; whatever else cannot be read is a
// fault. Trees and recipes go to `trees`, if it is not null.
CheckedPacks check_packs(const dataset::OpenStore& store, Salvage salvage, KeptTrees* trees,
                         VerifyProgress& progress);

// What lies below packs/.
struct ListedPacks {
  std::vector<store::PackId> packs;                  // that have an index
  std::map<store::PackId, std::uint64_t> data_size;  // of data objects
};

// The two parts of check_packs(): what is no pack, or has no index, is noted in `checked`; then
// some of the packs are checked.
ListedPacks list_packs(const backend::Backend& backend, CheckedPacks& checked);
void check_some_packs(const dataset::OpenStore& store, const ListedPacks& listed,
                      const std::vector<store::PackId>& packs, Salvage salvage, KeptTrees* trees,
                      VerifyProgress& progress, CheckedPacks& checked);

// Checks one pack.
std::optional<PackFault> find_fault(const backend::Backend& backend, const store::PackId& pack);
// The same with an index that is not in the store yet.
std::optional<PackFault> find_fault(const backend::Backend& backend, const store::PackId& pack,
                                    const store::PackIndex& index);

// Why a file that needs this chunk is damaged; empty if a sound place has it. `store` is the one
// that was checked.
std::string problem_of(const store::ChunkRef& chunk, const dataset::OpenStore& store,
                       const CheckedPacks& packs);

}  // namespace grid::care
