// A listing of a bucket, page by page. This is the one place that decides which pages are believed,
// for stores and for sources alike.
//
// Problem. A listing decides what exists: a page that is left out hides versions and files, and one
// that is repeated never ends. Proxies, caches and incomplete servers give such pages.
//
// Idea. Every page must follow from the request and continue where the last one ended: keys below
// the prefix, in the order of their bytes, each once. So a listing that goes in circles is noticed
// at the first repeated key; one that brings too little in too many pages is refused as well.
#pragma once

#include <optional>
#include <string>

#include "net/s3_bucket.h"
#include "net/wait_watch.h"

namespace grid::net {

// What is wrong with a page as the answer to `request`; empty if nothing is.
std::string why_page_is_wrong(const S3ListRequest& request, const S3Listing& page);

struct S3PagesOptions {
  // More than any listing of a store or a source needs.
  std::uint64_t pages_max = 10'000'000;
  bool says_waits = false;  // tells the client's WaitWatch how far a long listing is
};

// Not thread-safe. The bucket must outlive it.
class S3Pages {
 public:
  S3Pages(const S3Bucket& bucket, S3ListRequest request, const S3PagesOptions& options = {});

  // The next page, which may be empty; nullopt after the last. Throws `unsupported`, with server,
  // bucket and fault, for a page that cannot be right, and as S3Bucket::list() does.
  std::optional<S3Listing> next();

 private:
  bool brings_new(const S3Listing& page) const;
  std::string why_not_next(const S3Listing& page) const;
  void note(const S3Listing& page);

  const S3Bucket& bucket_;
  S3ListRequest request_;
  const S3PagesOptions options_;
  std::optional<WaitWatch::Request> waiting_;
  std::string last_object_, last_prefix_;
  std::uint64_t pages_ = 0, names_ = 0, empty_pages_ = 0;  // empty_pages_: in a row
  bool ended_ = false;
};

}  // namespace grid::net
