#include "care/record_check.h"

#include <algorithm>
#include <map>
#include <set>

#include "backend/outage.h"
#include "base/error.h"
#include "care/pack_check.h"
#include "store/layout.h"
#include "store/marker.h"

namespace grid::care {

namespace {

using dataset::VersionNumber;

// One datastore. Reads its objects once and keeps of each record only what the others say about it.
class DatastoreCheck {
 public:
  DatastoreCheck(const backend::Backend& backend, std::string name, RecordFindings& findings)
      : backend_(backend), name_(std::move(name)), findings_(findings) {}

  void run() {
    read_tombstones();
    read_restorations();
    read_records();
    read_descriptions();
    read_retention();
    read_tags();
    name_lost_records();
    name_lost_tombstones();
    name_broken_adoptions();
  }

 private:
  struct Record {
    Digest stored;  // of its bytes
    bool readable = false;
    std::optional<Digest> previous;
    std::uint64_t stored_bytes = 0;
    std::optional<dataset::StoredSum> stored_sum;
  };
  using Numbers = std::set<VersionNumber>;

  static dataset::StoredSum sum_after(VersionNumber number, const Record& record,
                                      std::uint64_t stored_bytes) {
    dataset::StoredSum sum =
        record.stored_sum.value_or(dataset::StoredSum{number, record.stored_bytes});
    sum.bytes += stored_bytes;
    return sum;
  }
  void damage(VersionNumber version, std::string reason) {
    findings_.damages.push_back(damage_at(name_, version, "", std::move(reason)));
  }
  // What cannot be read or listed.
  void name_unreadable(VersionNumber version, const Error& error) {
    (error.kind() == ErrorKind::permission_denied ? findings_.unseen : findings_.damages)
        .push_back(damage_at(name_, version, "", error.what()));
  }
  void note(std::string sentence) { findings_.notes.push_back(std::move(sentence)); }

  void read_tombstones();
  void read_restorations();
  void read_records();
  void read_descriptions();
  void read_retention();
  void read_tags();
  void name_gaps(const std::string& prefix, const Numbers& found, const std::string& noun);
  bool is_accounted_for(VersionNumber number);
  void name_lost_records();
  void name_lost_range(VersionNumber first, VersionNumber last);
  void name_lost_tombstones();
  void name_broken_adoptions();

  std::vector<std::string> list_names(const std::string& prefix);
  // Calls take(number, bytes) for each object of that number below `prefix`. Names the rest.
  template <class Take>
  void visit(const std::string& prefix, const Take& take);

  const backend::Backend& backend_;
  const std::string name_;
  RecordFindings& findings_;
  std::map<VersionNumber, Record> records_;
  Numbers tombstones_;
  // By prefix: numbers that something else has, so that no object can have had them since.
  std::map<std::string, Numbers> passed_over_;
  std::vector<store::AdvanceTombstone> in_advance_;
  std::map<VersionNumber, VersionNumber> deleted_;  // to a later version that says so
};

bool is_of_version(store::RecordKind kind) {
  return kind == store::RecordKind::version || kind == store::RecordKind::tombstone ||
         kind == store::RecordKind::restoration;
}

// What cannot be listed is a damage, and the rest is checked.
std::vector<std::string> DatastoreCheck::list_names(const std::string& prefix) {
  try {
    return backend_.list_names(prefix);
  } catch (const Error& error) {
    if (is_outage(backend_, error)) throw;
    name_unreadable(0, error);
    return {};
  }
}

template <class Take>
void DatastoreCheck::visit(const std::string& prefix, const Take& take) {
  for (const std::string& name : list_names(prefix)) {
    const std::string key = prefix + name;
    const std::optional<store::RecordKey> record = store::parse_record_key(key);
    if (!record) {
      const std::optional<std::uint32_t> number = dataset::number_taken_by(name);
      if (number) passed_over_[prefix].insert(*number);
      if (number && name == fmt::format("{}/", *number))
        note(fmt::format("{} is a folder where a record is expected: it is ignored", key));
      else
        note(fmt::format("{} is not part of the store", key));
      continue;
    }
    try {
      const std::optional<Bytes> object = backend_.find(key);
      if (object) take(*record, name, *object);
    } catch (const Error& error) {  // report damage and continue
      if (is_outage(backend_, error)) throw;
      name_unreadable(is_of_version(record->kind) ? record->number : 0, error);
    }
  }
}

void DatastoreCheck::read_tombstones() {
  visit(store::tombstones_prefix(name_),
        [&](const store::RecordKey& key, const std::string& name, BytesView object) {
          if (std::optional<store::AdvanceTombstone> advance = store::parse_advance_tombstone(name))
            in_advance_.push_back(*advance);
          else if (key.again == 0)
            tombstones_.insert(key.number);  // also if it cannot be read: it means deleted
          dataset::decode_tombstone(object, name_, key.number);
        });
}

void DatastoreCheck::read_restorations() {
  visit(store::restorations_prefix(name_),
        [&](const store::RecordKey& key, const std::string&, BytesView object) {
          dataset::check_restoration(object, name_, key.number, key.again);
          if (!tombstones_.contains(key.number))
            damage(key.number, "its tombstone is lost: it was taken back, so it was deleted");
        });
}

void DatastoreCheck::read_records() {
  visit(store::versions_prefix(name_), [&](const store::RecordKey& key, const std::string&,
                                           BytesView object) {
    Record& seen = records_[key.number];
    seen.stored = digest_of(object);
    const dataset::VersionRecord record = dataset::decode_version_record(object, name_, key.number);
    seen.readable = true;
    seen.previous = record.previous;
    seen.stored_bytes = record.stored_bytes;
    seen.stored_sum = record.stored_sum;
    for (const VersionNumber number : record.deleted) deleted_.emplace(number, key.number);
  });
  for (const auto& [number, record] : records_) {
    const auto before = records_.find(number - 1);
    if (record.stored_sum && before != records_.end() && before->second.readable &&
        *record.stored_sum != sum_after(number - 1, before->second, record.stored_bytes))
      damage(number, "its sum of stored bytes does not continue that of the version before it");
    if (!record.previous) continue;
    if (before == records_.end()) {
      if (is_accounted_for(number - 1))  // else name_lost_records() does
        damage(number - 1, fmt::format("its record is lost: {}:{} has its digest", name_, number));
    } else if (before->second.readable && before->second.stored != *record.previous) {
      damage(number - 1, fmt::format("its record is not the one that {}:{} was made after: it was "
                                     "damaged or replaced",
                                     name_, number));
    }
  }
}

// Whether a number without a record need not have had one.
bool DatastoreCheck::is_accounted_for(VersionNumber number) {
  return tombstones_.contains(number) ||
         passed_over_[store::versions_prefix(name_)].contains(number) ||
         passed_over_[store::tombstones_prefix(name_)].contains(number);
}

void DatastoreCheck::read_descriptions() {
  const std::string prefix = store::descriptions_prefix(name_);
  Numbers found;
  visit(prefix, [&](const store::RecordKey& key, const std::string&, BytesView object) {
    found.insert(key.number);
    dataset::decode_description(object, name_, key.number);
  });
  name_gaps(prefix, found, "description");
}

void DatastoreCheck::read_retention() {
  const std::string prefix = store::retentions_prefix(name_);
  Numbers found;
  visit(prefix, [&](const store::RecordKey& key, const std::string&, BytesView object) {
    found.insert(key.number);
    dataset::decode_retention(object, name_, key.number);
  });
  name_gaps(prefix, found, "retention");
}

void DatastoreCheck::read_tags() {
  const std::string tags = store::tags_prefix(name_);
  for (const std::string& name : list_names(tags)) {
    const std::string tag = name.substr(0, name.find('/'));
    if (!name.ends_with('/') || !dataset::is_tag(tag)) {
      note(fmt::format("{}{} is not part of the store", tags, name));
      continue;
    }
    const std::string prefix = store::tag_prefix(name_, tag);
    Numbers found;
    visit(prefix, [&](const store::RecordKey& key, const std::string&, BytesView object) {
      found.insert(key.number);
      dataset::decode_tag(object, name_, tag, key.number);
    });
    name_gaps(prefix, found, fmt::format("tag {}: object", tag));
  }
}

// Such objects have the numbers from 1 on and are never removed.
void DatastoreCheck::name_gaps(const std::string& prefix, const Numbers& found,
                               const std::string& noun) {
  std::uint64_t expected = 1;
  Numbers known = found;
  known.merge(Numbers(passed_over_[prefix]));
  for (const VersionNumber number : known) {
    if (number > expected + 1)
      damage(0, fmt::format("its {}s {} to {} are lost", noun, expected, number - 1));
    else if (number > expected)
      damage(0, fmt::format("its {} {} is lost", noun, expected));
    expected = std::uint64_t{number} + 1;
  }
}

void DatastoreCheck::name_lost_range(VersionNumber first, VersionNumber last) {
  if (first == last)
    damage(first, "its record is lost");
  else
    damage(0, fmt::format("the records of its versions {} to {} are lost", first, last));
}

// A number that has only a tombstone may never have had a record: an earlier version of grid that
// was killed while it moved a datastore left such.
void DatastoreCheck::name_lost_records() {
  Numbers known = tombstones_;  // numbers that need no further word
  for (const VersionNumber number : tombstones_)
    if (!records_.contains(number))
      note(fmt::format("{}:{} has a tombstone and no record", name_, number));
  for (const store::AdvanceTombstone& advance : in_advance_) known.insert(advance.version);
  for (const auto& [number, record] : records_) known.insert(number);
  known.merge(Numbers(passed_over_[store::versions_prefix(name_)]));
  known.merge(Numbers(passed_over_[store::tombstones_prefix(name_)]));
  std::uint64_t expected = 1;
  for (const VersionNumber number : known) {
    if (number > expected) name_lost_range(static_cast<VersionNumber>(expected), number - 1);
    expected = std::uint64_t{number} + 1;
  }
}

void DatastoreCheck::name_lost_tombstones() {
  for (const auto& [number, witness] : deleted_)
    if (!tombstones_.contains(number))
      damage(number, fmt::format("its tombstone is lost: it was deleted when {}:{} was made, and "
                                 "looks ready again",
                                 name_, witness));
}

void DatastoreCheck::name_broken_adoptions() {
  for (const store::AdvanceTombstone& advance : in_advance_) {
    const auto record = records_.find(advance.version);
    if (tombstones_.contains(advance.version)) continue;
    if (record == records_.end() || record->second.stored == advance.record)
      note(fmt::format("a move of {} to this store was broken off at {}:{}: run it again", name_,
                       name_, advance.version));
  }
}

// Names what lies beside the objects of a store, but for those in packs/. Readers ignore it.
void name_strange_keys(const backend::Backend& backend, std::vector<std::string>& notes) {
  const auto name_others = [&](const std::string& prefix, const auto& is_known) {
    for (const std::string& name : backend.list_names(prefix))
      if (!is_known(name))
        notes.push_back(fmt::format("{}{} is not part of the store", prefix, name));
  };
  name_others("", [](const std::string& name) {
    for (const std::string& known :
         {store::marker_key(), store::next_marker_key(), store::packs_prefix(),
          store::datastores_prefix(), store::leases_prefix(), store::collections_prefix(),
          store::summaries_prefix()})
      if (name == known) return true;
    return false;
  });
  name_others(store::datastores_prefix(), [](const std::string& name) {
    return name.ends_with('/') && dataset::is_datastore_name(name.substr(0, name.size() - 1));
  });
}

void name_strange_folders(const backend::Backend& backend, const std::string& datastore,
                          std::vector<std::string>& notes) {
  const std::string versions = store::versions_prefix(datastore);
  const std::string prefix = versions.substr(0, versions.rfind('/', versions.size() - 2) + 1);
  for (const std::string& name : backend.list_names(prefix))
    if (const std::string key = prefix + name;
        key != versions && key != store::tombstones_prefix(datastore) &&
        key != store::restorations_prefix(datastore) &&
        key != store::descriptions_prefix(datastore) &&
        key != store::retentions_prefix(datastore) && key != store::tags_prefix(datastore))
      notes.push_back(fmt::format("{} is not part of the store", key));
}

}  // namespace

RecordFindings check_records(const dataset::OpenStore& store, std::vector<std::string> names) {
  RecordFindings findings;
  const backend::Backend& backend = *store.backend;
  const bool whole = names.empty();
  if (whole) {
    try {
      if (!store::find_marker(backend))
        findings.damages.push_back({"", 0, "", "store.json is lost"});
    } catch (const Error& error) {  // report damage and continue
      if (is_outage(backend, error)) throw;
      findings.damages.push_back({"", 0, "", error.what()});
    }
    name_strange_keys(backend, findings.notes);
    names = store.datastores->names();
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  for (const std::string& name : names) {
    try {
      name_strange_folders(backend, name, findings.notes);
    } catch (const Error& error) {  // report damage and continue
      if (is_outage(backend, error)) throw;
      findings.damages.push_back(damage_at(name, 0, "", error.what()));
      continue;
    }
    DatastoreCheck(backend, name, findings).run();
  }
  return findings;
}

}  // namespace grid::care
