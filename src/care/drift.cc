// Problem. A version in place may have a million files, in tree order; a bucket lists its keys in
// byte order, and may have a hundred million others.
//
// Idea. Sort the files by bucket and key (EntrySorter does that in bounded memory), and merge them
// with a listing of each bucket that covers the wanted keys. After a page that ends before the
// wanted key, the listing restarts just before that key.

#include "care/drift.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "create/entry_sorter.h"

namespace grid::care {

namespace {

// A key before this one, with little between them.
std::string shortly_before(std::string key) {
  const char last = key.back();
  key.pop_back();
  if (last > '!' && last < '\x7f') key += {static_cast<char>(last - 1), '~'};
  return key;
}

// The objects of a bucket in key order, looked up with ascending keys.
class BucketListing {
 public:
  BucketListing(const net::S3Bucket& bucket, std::string prefix)
      : bucket_(bucket), request_{.prefix = std::move(prefix)} {}

  // The object at `key`, which must not be before the last key asked for; null if there is none.
  const net::S3Object* find(const std::string& key) {
    for (;;) {
      while (at_ < page_.objects.size() && page_.objects[at_].key < key) ++at_;
      if (at_ < page_.objects.size())
        return page_.objects[at_].key == key ? &page_.objects[at_] : nullptr;
      if (ended_) return nullptr;
      next_page(key);
    }
  }

 private:
  void next_page(const std::string& key) {
    const std::string last = page_.objects.empty() ? "" : page_.objects.back().key;
    // After a page that ended before the wanted key, restart the listing just before that key.
    request_.start_after.clear();
    if (!useful_page_) {
      request_.start_after = std::max(last, shortly_before(key));
      request_.continue_at.clear();
    }
    page_ = bucket_.list(request_);
    at_ = 0;
    if (!page_.objects.empty() && page_.objects.front().key <= last)
      fail(ErrorKind::unsupported, "{}: the server lists keys in no order: {} behind {}",
           bucket_.url_of(request_.prefix), page_.objects.front().key, last);
    useful_page_ = !page_.objects.empty() && page_.objects.back().key >= key;
    request_.continue_at = page_.next;
    ended_ = page_.next.empty();
  }

  const net::S3Bucket& bucket_;
  net::S3ListRequest request_;
  net::S3Listing page_;
  std::size_t at_ = 0;
  bool ended_ = false;
  bool useful_page_ = true;
};

struct KeyRange {
  std::string first, last;
};

std::string common_prefix(const KeyRange& keys) {
  return {keys.first.begin(),
          std::mismatch(keys.first.begin(), keys.first.end(), keys.last.begin(), keys.last.end())
              .first};
}

// How an object differs from the one that a version knows; empty if it does not.
std::string difference(const net::S3Bucket& bucket, const tree::Entry& known,
                       const net::S3Object* object) {
  const std::string url = bucket.url_of(known.name);
  if (object == nullptr) return url + " is gone";
  if (object->size != known.size)
    return fmt::format("{} has {} bytes now, not {}", url, object->size, known.size);
  if (object->etag != known.object.etag)
    return fmt::format("{} has the ETag {} now, not {}", url, object->etag, known.object.etag);
  return {};
}

}  // namespace

std::uint64_t compare_with_buckets(
    const std::vector<std::shared_ptr<const tree::Manifest>>& versions,
    const dataset::Buckets& buckets, const std::filesystem::path& temporary_folder,
    const DriftVisitor& visit) {
  // Sorted as if buckets were folders and keys names; mtime_ns carries the version's index.
  create::EntrySorter sorter({.folder = temporary_folder});
  std::map<std::string, KeyRange> ranges;
  std::uint64_t count = 0;
  for (std::size_t version = 0; version < versions.size(); ++version) {
    const std::shared_ptr<const tree::Manifest>& manifest = versions[version];
    if (manifest->totals().files_in_place == 0) continue;
    tree::EntryCursor cursor(manifest, {0, manifest->totals().entries});
    while (std::optional<tree::EntryRef> entry = cursor.next()) {
      if (!entry->is_in_place()) continue;
      tree::ObjectRef object = entry->object();
      KeyRange& range =
          ranges.try_emplace(object.bucket, KeyRange{object.key, object.key}).first->second;
      range.first = std::min(range.first, object.key);
      range.last = std::max(range.last, object.key);
      sorter.add(
          {.folder = std::move(object.bucket),
           .name = std::move(object.key),
           .size = entry->size(),
           .mtime_ns = static_cast<std::int64_t>(version),
           .target = entry->path(),
           .object = {.bucket = {}, .key = {}, .etag = std::move(object.etag), .version_id = {}}});
      ++count;
    }
  }
  std::unique_ptr<BucketListing> listing;
  std::string listed;
  create::EntrySorter::Cursor cursor = sorter.sorted();
  while (std::optional<create::EntrySorter::Sorted> next = cursor.next()) {
    const tree::Entry& known = next->entry;
    const net::S3Bucket& bucket = buckets.get(known.folder);
    if (!listing || listed != known.folder) {
      listed = known.folder;
      listing = std::make_unique<BucketListing>(bucket, common_prefix(ranges.at(listed)));
    }
    std::string reason = difference(bucket, known, listing->find(known.name));
    if (!reason.empty())
      visit(static_cast<std::size_t>(known.mtime_ns), known.target, std::move(reason));
  }
  return count;
}

}  // namespace grid::care
