// The keys of a bucket, which is a datastore: page by page, with what they have in common rolled
// up.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/s3/key_walk.h"
#include "service/entries.h"

namespace grid::server::s3 {

// What a bucket's keys are made of. The first component of a key is a version's name.
struct Bucket {
  std::vector<std::string> versions;  // their names, as bytes sorted
  std::function<std::optional<service::OpenVersion>(const std::string& version)> open;
};

struct ListRequest {
  std::string prefix{};
  std::string delimiter{};  // empty: none
  std::string after{};      // a key or common prefix: only what comes behind it; empty: all
  std::uint32_t count_max = 1000;
};

struct ListedObject {
  std::string key;
  std::uint64_t size = 0;  // bytes
  std::int64_t mtime_ns = 0;
  std::string etag;  // with its quotes
};

// Keys and common prefixes count alike.
struct ListPage {
  std::vector<ListedObject> objects;
  std::vector<std::string> prefixes;
  bool truncated = false;
  std::string last;  // the last key or common prefix of the page; empty if it has none
};

ListPage list_bucket(const Bucket& bucket, const ListRequest& request);

// Of a file, or of an empty folder's key. Files have the same if their contents are the same. Does
// not look like an MD5 digest, which some clients would compare with the bytes.
std::string etag_of(const tree::EntryRef& entry);
std::string etag_of_nothing();  // of no bytes

}  // namespace grid::server::s3
