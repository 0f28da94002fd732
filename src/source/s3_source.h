// The objects of a bucket below a prefix, or one object, as a source.
//
// docs/s3.md, "Keys and names", says which keys are file names and what happens to the others.
#pragma once

#include <deque>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/s3_bucket.h"
#include "net/s3_pages.h"
#include "source/archive_reader.h"
#include "source/source.h"

namespace grid::source {

struct S3SourceOptions {
  bool in_place = false;     // the files refer to the objects; none is read
  unsigned open_count = 16;  // objects that a worker requests ahead
};

// In any order. Reads each object only as long as its ETag is that of the listing; in place it
// requests nothing but the listing.
class S3Source : public Source, private FileOpener {
 public:
  // "s3://bucket/prefix/", "s3://bucket" or "s3://bucket/key". A URL without '/' at its end means
  // the object of that key, and what is below it only if there is none. Asks the server; throws
  // `not_found` if there is nothing, and as net::S3Bucket does.
  S3Source(net::S3Access access, std::string_view url, S3SourceOptions options = {});

  SourceOrder order() const override { return SourceOrder::any; }
  std::optional<SourceEntry> next(std::vector<Problem>& problems) override;

 private:
  std::unique_ptr<SourceFile> open(const SourceEntry& entry,
                                   std::optional<ByteRange> range) override;
  unsigned open_count() const override { return options_.open_count; }

  void begin_page();
  std::optional<net::S3Object> next_object();
  void take(net::S3Object object, std::vector<Problem>& problems);
  void settle_waiting(std::string_view key, bool is_below, std::vector<Problem>& problems);
  SourceEntry entry_of(const net::S3Object& object, std::string_view path, EntryKind kind);

  net::S3Bucket bucket_;
  const S3SourceOptions options_;
  std::string prefix_;  // of the keys; empty or ends in '/', except for one object
  bool lone_ = false;   // one object, named by the last part of its key
  std::vector<net::S3Object> page_;
  std::size_t page_at_ = 0;
  // Objects that may yet turn out to have the name of a folder: the key of each begins with that of
  // the one before.
  std::vector<std::pair<net::S3Object, SourceEntry>> waiting_;
  std::deque<SourceEntry> ready_;
  std::optional<net::S3Pages> pages_;
  std::future<std::optional<net::S3Listing>> next_page_;  // last: it uses the other members
};

// The bytes of the object of this key, as long as it keeps its ETag. The bucket must outlive them.
// Throws `not_found`, and as net::S3Bucket does.
ArchiveBytes archive_bytes_of_object(const net::S3Bucket& bucket, const std::string& key);

// Why a key below the prefix cannot be a path in a version; empty if it can.
std::string_view why_key_is_no_path(std::string_view relative_key);

}  // namespace grid::source
