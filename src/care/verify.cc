// Problem. Versions share chunks and packs, so checking version by version would read the same
// bytes again and again.
//
// Idea. First read each pack once, or each that the versions need (needed_packs.cc), and note for
// every chunk in it whether it is good or damaged. Then walk the trees, without reading content, to
// name the files that need a damaged or missing chunk.
//
// Files in place have nothing in the packs. Their buckets are listed, once for all versions.
//
// Nothing that this node keeps is trusted: the store is opened anew, past the node's cache, and its
// chunk index knows only the places that have just been found good. So trees and recipes are read
// from good places too.

#include "care/verify.h"

#include <algorithm>

#include "backend/outage.h"
#include "base/error.h"
#include "base/user.h"
#include "care/drift.h"
#include "care/kept_trees.h"
#include "care/needed_packs.h"
#include "care/record_check.h"
#include "tree/content_check.h"
#include "tree/tree_check.h"

namespace grid::care {

using store::ChunkRef;

namespace {

struct Subject {
  std::string name;
  dataset::Version version;
};

struct Subjects {
  std::vector<Subject> versions;
  std::vector<Damage> damages, unseen;  // what of the scope cannot be looked at
  std::uint64_t deleted_versions = 0;   // of the datastores in the scope
};

void gather_versions(const dataset::OpenStore& store, const std::string& name, Subjects& subjects) {
  const dataset::DatastoreKeys listed = dataset::list_datastore_keys(*store.backend, name);
  std::vector<dataset::UnreadableVersion> unreadable;
  std::vector<dataset::Version> ready = store.datastores->ready_versions(name, listed, &unreadable);
  subjects.deleted_versions += listed.versions.size() - ready.size() - unreadable.size();
  for (dataset::Version& version : ready) subjects.versions.push_back({name, std::move(version)});
  for (const dataset::UnreadableVersion& lost : unreadable)  // report damage and continue
    // check_records() reports what is wrong with the record itself, or that it is not shown.
    if (lost.kind != ErrorKind::corrupt && lost.kind != ErrorKind::unsupported &&
        lost.kind != ErrorKind::permission_denied)
      subjects.damages.push_back(damage_at(name, lost.number, "", lost.reason));
}

Subjects gather(const dataset::OpenStore& store, const std::vector<dataset::Reference>& scope) {
  Subjects subjects;
  if (scope.empty())
    for (const std::string& name : store.datastores->names()) {
      try {
        gather_versions(store, name, subjects);
      } catch (const Error& error) {  // report damage and continue
        if (is_outage(*store.backend, error)) throw;
        (error.kind() == ErrorKind::permission_denied ? subjects.unseen : subjects.damages)
            .push_back(damage_at(name, 0, "", error.what()));
      }
    }
  for (const dataset::Reference& reference : scope) {
    if (!reference.names_version()) {
      store.datastores->resolve_number(reference);  // fails if there is none
      gather_versions(store, reference.name, subjects);
    } else {
      subjects.versions.push_back({reference.name, store.datastores->resolve(reference)});
    }
  }
  return subjects;
}

std::vector<Digest> roots_of(const Subjects& subjects) {
  std::vector<Digest> roots;
  for (const Subject& subject : subjects.versions) roots.push_back(subject.version.record.root);
  return roots;
}

class Verification {
 public:
  Verification(const dataset::OpenStore& store, const CheckedPacks& packs)
      : store_(store),
        packs_(packs),
        contents_(*store.chunks, [this](const ChunkRef& chunk) { return problem_of(chunk); }) {}

  VerifyReport run(const std::vector<dataset::Reference>& scope, Subjects subjects,
                   InPlace in_place) {
    subjects_ = std::move(subjects.versions);
    report_.damages = std::move(subjects.damages);
    report_.unseen = std::move(subjects.unseen);
    report_.deleted_versions = subjects.deleted_versions;
    take_record_findings(scope);
    name_damaged_packs(!scope.empty());
    for (const Subject& subject : subjects_) name_damaged_files(subject);
    if (in_place == InPlace::compared) compare_in_place();
    report_.versions = subjects_.size();
    return std::move(report_);
  }

 private:
  void damage(const std::string& name, dataset::VersionNumber version, std::string path,
              std::string reason) {
    report_.damages.push_back(damage_at(name, version, std::move(path), std::move(reason)));
  }

  void take_record_findings(const std::vector<dataset::Reference>& scope);
  void name_damaged_packs(bool scoped);
  void name_damaged_files(const Subject& subject);
  void compare_in_place();
  // Why a file that needs this chunk is damaged; empty if the chunk is good.
  std::string problem_of(const ChunkRef& chunk) const {
    return care::problem_of(chunk, store_, packs_);
  }

  std::string problem_of(const tree::Content& content, std::uint64_t size) {
    try {
      return contents_.problem_of(content, size);
    } catch (const Error& error) {  // as gather() does
      if (is_outage(*store_.backend, error)) throw;
      return error.what();
    }
  }

  const dataset::OpenStore& store_;
  const CheckedPacks& packs_;
  VerifyReport report_;
  std::vector<Subject> subjects_;
  tree::ContentCheck contents_;
};

void Verification::take_record_findings(const std::vector<dataset::Reference>& scope) {
  std::vector<std::string> names;
  for (const dataset::Reference& reference : scope) names.push_back(reference.name);
  RecordFindings found = check_records(store_, std::move(names));
  std::move(found.damages.begin(), found.damages.end(), std::back_inserter(report_.damages));
  std::move(found.unseen.begin(), found.unseen.end(), std::back_inserter(report_.unseen));
  report_.notes = std::move(found.notes);
}

// With a scope, whether a damaged pack matters is said by the files that need it.
void Verification::name_damaged_packs(bool scoped) {
  report_.chunks = packs_.chunks;
  report_.bytes = packs_.bytes;
  report_.unindexed_packs = packs_.unindexed_packs;
  report_.unindexed_bytes = packs_.unindexed_bytes;
  report_.notes.insert(report_.notes.end(), packs_.foreign.begin(), packs_.foreign.end());
  for (const PackFault& fault : packs_.faults) {
    const auto copies = static_cast<std::size_t>(
        std::count_if(fault.bad.begin(), fault.bad.end(), [&](const store::PackEntry& entry) {
          return store_.chunks->index().find(entry.digest).has_value();
        }));
    std::string reason = fault.reason;
    if (copies > 0 && copies == fault.bad.size())
      reason += "; other packs have good copies of all that is lost: `grid store repair` heals it";
    else if (copies > 0)
      reason += fmt::format("; other packs have good copies of {} of these chunks", copies);
    if (scoped)
      report_.notes.push_back(std::move(reason));
    else
      damage("", 0, "", std::move(reason));
  }
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
    if (is_outage(*store_.backend, error)) throw;
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
      if (is_outage(*store_.backend, error)) throw;
      check.add_lost();
      const auto& lost = manifest->segments()[i];
      noted("", fmt::format("{} entries from {}{}{} on are lost: {}", lost.count, lost.first_folder,
                            lost.first_folder.empty() ? "" : "/", lost.first_name, error.what()));
      continue;
    }
    check.add(segment);
    for (std::uint32_t entry = 0; entry < segment->count(); ++entry) {
      if (segment->kind(entry) == tree::EntryKind::hard_link) ++report_.files;
      if (segment->kind(entry) != tree::EntryKind::file || segment->is_in_place(entry)) continue;
      ++report_.files;
      std::string problem = problem_of(segment->content(entry), segment->size(entry));
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
      (error.kind() == ErrorKind::permission_denied ? report_.unseen : report_.damages)
          .push_back(
              damage_at(subject->name, subject->version.record.number, "",
                        fmt::format("its files in place could not be compared: {}", error.what())));
    return;
  }
  for (std::size_t i = 0; i < subjects.size(); ++i)
    store_.drift->replace(manifests[i]->root_digest(), known[i]);
}

}  // namespace

Damage damage_at(const std::string& name, dataset::VersionNumber version, std::string path,
                 std::string reason) {
  const std::string place = (version == 0 ? name : dataset::spell(name, version)) + ": ";
  if (!name.empty() && reason.starts_with(place)) reason.erase(0, place.size());
  return {name, version, std::move(path), std::move(reason)};
}

VerifyReport verify(const dataset::OpenStore& store, const std::vector<dataset::Reference>& scope,
                    VerifyProgress& progress, PacksChecked which) {
  const bool whole = scope.empty() || which == PacksChecked::all;
  const bool remote = store.backend->remote();
  std::shared_ptr<KeptTrees> trees;
  if (remote || !whole) trees = std::make_shared<KeptTrees>(store.origin, store.temporary_folder());
  const std::shared_ptr<dataset::OpenStore> opened =
      trees ? dataset::open_past_node(store, trees) : dataset::open_past_node(store, store.origin);
  // Before the packs are listed: what is published meanwhile may need others.
  Subjects subjects = gather(*opened, scope);
  const CheckedPacks packs =
      whole ? check_packs(*opened, Salvage::no, trees.get(), progress)
            : check_needed_packs(*opened, roots_of(subjects), *trees, progress);
  return Verification(*opened, packs).run(scope, std::move(subjects), InPlace::compared);
}

VerifyReport verify_versions_of(const dataset::OpenStore& store, const CheckedPacks& packs,
                                const std::vector<dataset::Reference>& scope, InPlace in_place) {
  return Verification(store, packs).run(scope, gather(store, scope), in_place);
}

}  // namespace grid::care
