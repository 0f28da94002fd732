// Problem. A list shows what the versions of each datastore take, and must not read every record.
//
// Idea. A record may have a running sum: what it and the versions from a number on have stored.
// So the last record of a run of ready versions, as 3 4 5 in 1 3 4 5, tells the sum of the run and
// of what lies before it, and the first record of the run how much that is. A datastore of which
// nothing was deleted takes one record, one run more takes two.
//
// Records of older writers have no sum, and a sum that contradicts another is not believed: then
// each record of the run is read.
#include "dataset/stored_total.h"

namespace grid::dataset {

namespace {

class Totalling {
 public:
  explicit Totalling(const KnownRecords& known) : known_(known) {}

  void add_run(VersionNumber first, VersionNumber last) {
    if (!is_known(last)) {
      total_.unread.push_back(last);
      // Version 1 has nothing before it.
      if (first != last && first > 1 && !is_known(first)) total_.unread.push_back(first);
      return;
    }
    const VersionRecord* end = find(last);
    if (end == nullptr || !end->stored_sum) return add_each(first, last);
    const StoredSum& sum = *end->stored_sum;
    if (sum.from < first) return add_part(first, last, sum);
    total_.bytes += sum.bytes;
    if (sum.from > first) add_run(first, sum.from - 1);
  }

  StoredTotal take() { return std::move(total_); }

 private:
  bool is_known(VersionNumber number) const { return known_.contains(number); }

  // Null if it cannot be read.
  const VersionRecord* find(VersionNumber number) const {
    const std::optional<VersionRecord>& record = known_.at(number);
    return record ? &*record : nullptr;
  }

  // A run of which the sum of the last record has more.
  void add_part(VersionNumber first, VersionNumber last, const StoredSum& sum) {
    if (first == last) {
      total_.bytes += find(last)->stored_bytes;
      return;
    }
    if (!is_known(first)) return total_.unread.push_back(first);
    const VersionRecord* begin = find(first);
    if (begin == nullptr || !begin->stored_sum || begin->stored_sum->from != sum.from)
      return add_each(first, last);
    const std::uint64_t before = begin->stored_sum->bytes - begin->stored_bytes;
    if (before > sum.bytes) return add_each(first, last);
    total_.bytes += sum.bytes - before;
  }

  void add_each(VersionNumber first, VersionNumber last) {
    for (VersionNumber number = last;; --number) {
      if (!is_known(number))
        total_.unread.push_back(number);
      else if (const VersionRecord* record = find(number))
        total_.bytes += record->stored_bytes;
      if (number == first) return;
    }
  }

  const KnownRecords& known_;
  StoredTotal total_;
};

}  // namespace

StoredTotal stored_total(const std::vector<VersionNumber>& ready, const KnownRecords& known) {
  Totalling totalling(known);
  for (std::size_t begin = 0; begin < ready.size();) {
    std::size_t end = begin + 1;
    while (end < ready.size() && ready[end] == ready[end - 1] + 1) ++end;
    totalling.add_run(ready[begin], ready[end - 1]);
    begin = end;
  }
  return totalling.take();
}

}  // namespace grid::dataset
