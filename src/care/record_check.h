// Reads every small object of a store: store.json, and all below datastores/. Chunks and packs are
// the business of verify.cc.
//
// Records are never removed, so what is missing can be told by what is there: the numbers of a
// datastore have no gaps, each record names the digest of the one before it and the versions that
// were deleted by then. What cannot be told is that the newest record is lost, with nothing after
// it, or the tombstone of a version that no later record mentions.
#pragma once

#include <string>
#include <vector>

#include "care/verify.h"
#include "dataset/open_store.h"

namespace grid::care {

struct RecordFindings {
  std::vector<Damage> damages;
  std::vector<Damage> unseen;  // see VerifyReport::unseen
  // Sentences about what is no damage: keys that are not part of a store, traces of moves that were
  // broken off.
  std::vector<std::string> notes;
};

// Of these datastores; with none, of the whole store, strange keys included.
RecordFindings check_records(const dataset::OpenStore& store, std::vector<std::string> names);

}  // namespace grid::care
