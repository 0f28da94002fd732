// Problem. Versions share chunks and packs, so checking version by version would read the same
// bytes again and again.
//
// Idea. First read each pack once, and note for every chunk in it whether it is good or damaged.
// Then walk the trees, without reading content, to name the files that need a damaged or missing
// chunk.
//
// Files in place have nothing in the packs. Their buckets are listed, once for all versions.
//
// Packs are found by listing the store, and chunks are judged by the packs' indexes and bytes, not
// by the chunk tables in the cache folder. Trees and recipes are read as by any reader. Packs of a
// remote store come through the node's cache.

#include "care/verify.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/user.h"
#include "care/drift.h"
#include "store/codec.h"
#include "store/layout.h"
#include "store/pack.h"
#include "tree/content_check.h"
#include "tree/tree_check.h"

namespace grid::care {

using store::ChunkRef;
using store::PackEntry;

namespace {

struct Subject {
  std::string name;
  dataset::Version version;
};

class Verification {
 public:
  Verification(const dataset::OpenStore& store, VerifyProgress& progress)
      : store_(store),
        progress_(progress),
        contents_(*store.chunks, [this](const ChunkRef& chunk) { return problem_of(chunk); }) {}

  VerifyReport run(const std::vector<dataset::Reference>& scope) {
    gather(scope);
    check_packs();
    for (const Subject& subject : subjects_) name_damaged_files(subject);
    compare_in_place();
    report_.versions = subjects_.size();
    return std::move(report_);
  }

 private:
  void damage(const std::string& name, dataset::VersionNumber version, std::string path,
              std::string reason) {
    report_.damages.push_back({name, version, std::move(path), std::move(reason)});
  }

  void gather(const std::vector<dataset::Reference>& scope);
  void gather_versions(const std::string& name);
  void check_packs();
  void check_pack(const store::PackId& pack, const store::PackIndex& index);
  void check_frame(BytesView data, std::span<const PackEntry> chunks);
  void name_damaged_files(const Subject& subject);
  void compare_in_place();
  std::string problem_of(const ChunkRef& chunk) const;

  const dataset::OpenStore& store_;
  VerifyProgress& progress_;
  VerifyReport report_;
  std::vector<Subject> subjects_;
  std::unordered_map<Digest, std::uint32_t, DigestHash> good_;  // chunk to size
  std::unordered_map<Digest, std::string, DigestHash> bad_;     // chunk to reason
  tree::ContentCheck contents_;
};

void Verification::gather_versions(const std::string& name) {
  for (dataset::VersionNumber number : store_.datastores->ready_numbers(name)) {
    try {
      if (std::optional<dataset::Version> version = store_.datastores->find(name, number))
        subjects_.push_back({name, std::move(*version)});
    } catch (const Error& error) {  // report damage and continue
      damage(name, number, "", error.what());
    }
  }
}

void Verification::gather(const std::vector<dataset::Reference>& scope) {
  if (scope.empty())
    for (const std::string& name : store_.datastores->names()) gather_versions(name);
  for (const dataset::Reference& reference : scope) {
    if (!reference.version && !reference.named_latest) {
      store_.datastores->resolve(reference);  // fails if there is none
      gather_versions(reference.name);
    } else {
      subjects_.push_back({reference.name, store_.datastores->resolve(reference)});
    }
  }
}

// Reads all packs, not only those that the scope needs: a damaged index does not tell which those
// are, and a chunk may lie in two packs.
void Verification::check_packs() {
  std::vector<std::pair<store::PackId, store::PackIndex>> packs;
  for (const std::string& name : store_.backend->list_names(store::packs_prefix())) {
    std::string key = store::packs_prefix() + name;
    std::optional<store::PackId> pack = store::pack_of_index_key(key);
    if (!pack) continue;
    try {
      std::optional<Bytes> object = store_.backend->find(key);
      if (!object) continue;  // removed after it was listed
      packs.emplace_back(*pack, store::decode_pack_index(*object, key));
      progress_.bytes_total += packs.back().second.data_size;
    } catch (const Error& error) {  // as above
      damage("", 0, "", error.what());
    }
  }
  for (const auto& [pack, index] : packs) check_pack(pack, index);
}

void Verification::check_pack(const store::PackId& pack, const store::PackIndex& index) {
  Bytes data(index.data_size);
  std::string key = store::pack_data_key(pack);
  std::string lost;
  try {
    if (!store_.backend->find_range(key, 0, data)) lost = key + " is missing";
  } catch (const Error& error) {  // as above
    lost = error.what();
  }
  if (!lost.empty()) {
    damage("", 0, "", lost);
    for (const PackEntry& entry : index.entries) bad_.emplace(entry.digest, lost);
    return;
  }
  std::span<const PackEntry> rest = index.entries;
  while (!rest.empty()) {
    std::size_t count = 1;
    while (count < rest.size() && rest[count].place.frame_offset == rest[0].place.frame_offset)
      ++count;
    check_frame(data, rest.first(count));
    rest = rest.subspan(count);
  }
  progress_.bytes_done += index.data_size;
  report_.chunks += index.entries.size();
  report_.bytes += index.data_size;
}

void Verification::check_frame(BytesView data, std::span<const PackEntry> chunks) {
  const store::Placement& place = chunks[0].place;
  BytesView stored = data.subspan(place.frame_offset, place.frame_stored_size);
  Bytes unpacked;
  if (!place.raw()) {
    unpacked.resize(place.frame_size);
    if (!store::decompress(stored, unpacked)) {
      for (const PackEntry& entry : chunks)
        bad_.emplace(entry.digest, "chunk " + entry.digest.short_hex() + " does not unpack");
      return;
    }
    stored = unpacked;
  }
  for (const PackEntry& entry : chunks) {
    BytesView bytes = stored.subspan(entry.place.offset_in_frame, entry.place.size);
    if (digest_of(bytes) == entry.digest)
      good_.emplace(entry.digest, entry.place.size);
    else
      bad_.emplace(entry.digest, "chunk " + entry.digest.short_hex() + " is damaged");
  }
}

// Why a file that needs this chunk is damaged; empty if the chunk is good.
std::string Verification::problem_of(const ChunkRef& chunk) const {
  if (auto good = good_.find(chunk.digest); good != good_.end())
    return good->second == chunk.size
               ? std::string()
               : fmt::format("chunk {} has {} bytes, not {}", chunk.digest.short_hex(),
                             good->second, chunk.size);
  if (auto bad = bad_.find(chunk.digest); bad != bad_.end()) return bad->second;
  return fmt::format("chunk {} is not in the store", chunk.digest.short_hex());
}

void Verification::name_damaged_files(const Subject& subject) {
  const dataset::VersionRecord& record = subject.version.record;
  auto noted = [&](std::string path, std::string reason) {
    damage(subject.name, record.number, std::move(path), std::move(reason));
  };
  std::shared_ptr<const tree::Manifest> manifest;
  try {
    manifest = store_.manifest(record);
  } catch (const Error& error) {  // as above
    return noted("", error.what());
  }
  if (manifest->totals() != record.totals)
    noted("", "the version record's counts differ from those of its tree");
  tree::TreeCheck check(manifest, noted);
  for (std::size_t i = 0; i < manifest->segments().size(); ++i) {
    std::shared_ptr<const tree::Segment> segment;
    try {
      segment = manifest->segment(i);
    } catch (const Error& error) {  // as above
      check.add_lost();
      const auto& lost = manifest->segments()[i];
      noted("", fmt::format("{} entries from {}{}{} on are lost: {}", lost.count, lost.first_folder,
                            lost.first_folder.empty() ? "" : "/", lost.first_name, error.what()));
      continue;
    }
    check.add(segment);
    for (std::uint32_t entry = 0; entry < segment->count(); ++entry) {
      if (segment->kind(entry) != tree::EntryKind::file || segment->is_in_place(entry)) continue;
      ++report_.files;
      std::string problem = contents_.problem_of(segment->content(entry), segment->size(entry));
      if (!problem.empty()) noted(segment->entry(entry).path(), std::move(problem));
    }
  }
  check.finish();
}

void Verification::compare_in_place() {
  std::vector<const Subject*> subjects;
  std::vector<std::shared_ptr<const tree::Manifest>> manifests;
  for (const Subject& subject : subjects_) {
    if (subject.version.record.totals.files_in_place == 0) continue;
    try {
      manifests.push_back(store_.manifest(subject.version.record));
      subjects.push_back(&subject);
    } catch (const Error&) {  // reported by name_damaged_files()
    }
  }
  std::vector<dataset::DriftKnowledge> known(subjects.size(),
                                             {.compared = utc_now(), .reasons = {}});
  try {
    report_.files_in_place = compare_with_buckets(
        manifests, *store_.buckets, store_.temporary_folder(),
        [&](std::size_t version, std::string path, std::string reason) {
          known[version].reasons[path] = reason;
          const Subject& subject = *subjects[version];
          report_.drifts.push_back(
              {subject.name, subject.version.record.number, std::move(path), std::move(reason)});
        });
  } catch (const Error& error) {  // as above
    for (const Subject* subject : subjects)
      damage(subject->name, subject->version.record.number, "",
             fmt::format("its files in place could not be compared: {}", error.what()));
    return;
  }
  for (std::size_t i = 0; i < subjects.size(); ++i)
    store_.drift->replace(manifests[i]->root_digest(), known[i]);
}

}  // namespace

VerifyReport verify(const dataset::OpenStore& store, const std::vector<dataset::Reference>& scope,
                    VerifyProgress& progress) {
  return Verification(store, progress).run(scope);
}

}  // namespace grid::care
