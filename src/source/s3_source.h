// The objects of a bucket below a prefix, or one object, as a source.
//
// Which keys are file names, and what becomes of the others, is in docs/s3.md, "Keys and names".
#pragma once

#include <deque>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "net/s3_bucket.h"
#include "source/archive_reader.h"
#include "source/source.h"

namespace grid::source {

struct S3SourceOptions {
  bool in_place = false;     // the files are the objects: none is read
  unsigned open_count = 16;  // objects that a worker asks for ahead
};

// In any order. Each object is read only as long as its ETag is that of the listing; in place
// nothing but the listing is asked for.
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

  void begin_page(std::string continue_at);
  std::optional<net::S3Object> next_object();
  void take(net::S3Object object, std::vector<Problem>& problems);
  void settle_waiting(std::string_view key, bool is_below, std::vector<Problem>& problems);
  SourceEntry entry_of(const net::S3Object& object, std::string_view path, EntryKind kind);

  net::S3Bucket bucket_;
  const S3SourceOptions options_;
  std::string prefix_;  // of the keys; empty or ends in '/', but for one object
  bool lone_ = false;   // one object, called as its key ends
  std::vector<net::S3Object> page_;
  std::size_t page_at_ = 0;
  std::string last_key_;
  // Objects that may yet turn out to be called like a folder: the key of each begins with that of
  // the one before.
  std::vector<std::pair<net::S3Object, SourceEntry>> waiting_;
  std::deque<SourceEntry> ready_;
  std::future<net::S3Listing> next_page_;  // last: it uses the rest
};

// Of the object that has this key, as long as its ETag is what it is now. The bucket outlives it.
// Throws `not_found`, and as net::S3Bucket does.
ArchiveBytes archive_bytes_of_object(const net::S3Bucket& bucket, const std::string& key);

// Why a key below the prefix is no path in a version; empty if it is one.
std::string_view why_key_is_no_path(std::string_view relative_key);

}  // namespace grid::source
