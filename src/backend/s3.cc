#include "backend/s3.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"
#include "net/s3_pages.h"

namespace grid::backend {

// The keys that prove_creates() writes for a moment begin like this. A store has no such keys, so
// one that was left behind is ignored.
static constexpr std::string_view probe_prefix = "probe-";

// Ten million objects are more than any store holds.
static constexpr net::S3PagesOptions pages_options{.pages_max = 10'000, .says_waits = true};

S3Backend::S3Backend(net::S3Access access, std::string bucket, std::string prefix,
                     const S3BackendOptions& options)
    : access_(std::move(access)),
      bucket_(access_, std::move(bucket)),
      prefix_(std::move(prefix)),
      options_(options) {}

std::string S3Backend::full_key(std::string_view key) const {
  check_key(key);
  return prefix_ + std::string(key);
}

std::string S3Backend::name() const {
  std::string url = bucket_.url_of(prefix_);
  url.pop_back();  // a prefix ends in '/', and so does the URL of a bucket
  return url;
}

std::string S3Backend::location() const {
  return fmt::format("bucket {}/{} of {}", bucket_.name(), prefix_, access_.endpoint.location());
}

std::shared_ptr<Backend> S3Backend::hasty() const {
  net::S3Access access = access_;
  access.retries.deadline_unreachable =
      std::min<std::chrono::milliseconds>(access.retries.deadline, std::chrono::seconds(3));
  return std::make_shared<S3Backend>(std::move(access), bucket_.name(), prefix_, options_);
}

bool S3Backend::create(std::string_view key, BytesView data) {
  if (data.size() > options_.single_put_size_max)
    return bucket_.create_in_parts(full_key(key), data, options_.part_size);
  return bucket_.create(full_key(key), data);
}

std::optional<Bytes> S3Backend::find(std::string_view key) const {
  return bucket_.find(full_key(key));
}

std::optional<std::size_t> S3Backend::find_part(std::string_view key, std::uint64_t offset,
                                                MutableBytesView out) const {
  return bucket_.find_part(full_key(key), offset, out);
}

std::optional<std::uint64_t> S3Backend::copy_part(std::string_view key, std::uint64_t offset,
                                                  std::uint64_t size, const TakePiece& take) const {
  return bucket_.copy_part(full_key(key), offset, size, take);
}

std::vector<ObjectEntry> S3Backend::list(std::string_view prefix) const {
  return objects({.prefix = prefix_ + std::string(prefix), .delimiter = "/"});
}

std::vector<ObjectEntry> S3Backend::list_below(std::string_view prefix) const {
  return objects({.prefix = prefix_ + std::string(prefix)});
}

std::vector<ObjectEntry> S3Backend::objects(const net::S3ListRequest& request) const {
  std::vector<ObjectEntry> found;
  net::S3Pages pages(bucket_, request, pages_options);
  while (const std::optional<net::S3Listing> page = pages.next()) {
    for (const net::S3Object& object : page->objects) {
      std::string key = object.key.substr(prefix_.size());
      // An empty object that stands for a folder, as some tools make, or a probe.
      if (key.empty() || key.ends_with('/') || key.starts_with(probe_prefix)) continue;
      found.push_back({std::move(key), object.size});
    }
  }
  return found;
}

std::vector<std::string> S3Backend::list_names(std::string_view prefix) const {
  std::vector<std::string> names;
  const net::S3ListRequest request{.prefix = prefix_ + std::string(prefix), .delimiter = "/"};
  auto add = [&](std::string_view key) {
    key.remove_prefix(request.prefix.size());
    if (!key.empty() && !(prefix.empty() && key.starts_with(probe_prefix))) names.emplace_back(key);
  };
  net::S3Pages pages(bucket_, request, pages_options);
  while (const std::optional<net::S3Listing> page = pages.next()) {
    for (const net::S3Object& object : page->objects) add(object.key);
    for (const std::string& folder : page->prefixes) add(folder);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool S3Backend::remove(std::string_view key) { return bucket_.remove(full_key(key)); }
void S3Backend::discard(std::string_view key) { bucket_.discard(full_key(key)); }

void S3Backend::prove_creates() {
  const std::string key = prefix_ + std::string(probe_prefix) + random_hex(32);
  bucket_.head(key);  // an endpoint that is no S3 server is named as that
  bool first = false, second = false;
  try {
    first = bucket_.create(key, as_bytes("1"));
    second = bucket_.create(key, as_bytes("2"));
  } catch (const Error& error) {
    // Some servers at least report it.
    if (error.kind() != ErrorKind::unsupported) throw;
    second = true;
  }
  if (first) bucket_.remove(key);
  if (first && !second) return;
  fail(ErrorKind::unsupported,
       "{} cannot hold a store: its server does not honour If-None-Match, so two that publish at "
       "once could overwrite each other; AWS S3, Ceph (16 and later) and MinIO do",
       name());
}

}  // namespace grid::backend
