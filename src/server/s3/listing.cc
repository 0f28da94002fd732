#include "server/s3/listing.h"

#include "base/utc.h"

namespace grid::server::s3 {

namespace {

using tree::EntryRef;

std::string etag_of_digest(const Digest& digest) {
  return fmt::format("\"{}-1\"", digest.hex().substr(0, 32));
}

// The keys of a bucket in order.
class BucketWalk {
 public:
  explicit BucketWalk(const Bucket& bucket) : bucket_(bucket) {}

  // Goes to the first key that, as bytes, does not come before `key`.
  void seek(std::string_view key);
  // If the walk is before all keys of a version: "3/", with which they begin. The version is not
  // opened, so that listing the versions opens none.
  std::optional<std::string> version_ahead() const;
  // Empty at the end.
  std::optional<ListedObject> next();

 private:
  const Bucket& bucket_;
  std::size_t at_ = 0;  // in bucket_.versions
  std::optional<service::OpenVersion> version_{};
  std::optional<KeyWalk> walk_{};  // in the version at at_; empty: not yet begun
  std::string begin_{};            // where walk_ is to begin
};

void BucketWalk::seek(std::string_view key) {
  walk_.reset();
  begin_.clear();
  for (at_ = 0; at_ < bucket_.versions.size(); ++at_) {
    const std::string prefix = bucket_.versions[at_] + "/";
    if (key.starts_with(prefix)) {
      begin_ = std::string(key.substr(prefix.size()));
      return;
    }
    if (prefix > key) return;
  }
}

std::optional<std::string> BucketWalk::version_ahead() const {
  if (walk_ || !begin_.empty() || at_ == bucket_.versions.size()) return std::nullopt;
  return bucket_.versions[at_] + "/";
}

std::optional<ListedObject> BucketWalk::next() {
  for (; at_ < bucket_.versions.size(); ++at_, walk_.reset(), begin_.clear()) {
    const std::string& name = bucket_.versions[at_];
    if (!walk_) {
      version_ = bucket_.open(name);
      if (!version_) continue;  // deleted meanwhile
      walk_.emplace(version_->manifest);
      if (!begin_.empty()) walk_->seek(begin_);
    }
    if (std::optional<WalkedKey> found = walk_->next())
      return ListedObject{.key = name + "/" + found->key,
                          .size = found->is_folder() ? 0 : found->entry.size(),
                          .mtime_ns = found->entry.mtime_ns(),
                          .etag = etag_of(found->entry)};
  }
  return std::nullopt;
}

// The common prefix that stands for a key; empty if the key stands for itself.
std::string rolled_up(std::string_view key, const ListRequest& request) {
  if (request.delimiter.empty() || !key.starts_with(request.prefix)) return {};
  const std::size_t at = key.find(request.delimiter, request.prefix.size());
  return std::string(key.substr(0, at == key.npos ? 0 : at + request.delimiter.size()));
}

// The first text that comes after all that begin with `prefix`; empty if there is none.
std::string behind(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace

std::string etag_of_nothing() { return etag_of_digest(digest_of({})); }

std::string etag_of(const EntryRef& entry) {
  return entry.kind() == tree::EntryKind::file ? etag_of_digest(entry.content().digest)
                                               : etag_of_nothing();
}

ListPage list_bucket(const Bucket& bucket, const ListRequest& request) {
  ListPage page;
  if (request.count_max == 0) return page;
  BucketWalk walk(bucket);
  // What begins with a common prefix is passed over as a whole, however much that is.
  bool at_end = false;
  const auto pass = [&](const std::string& prefix) {
    const std::string next = behind(prefix);
    at_end = next.empty();
    if (!at_end) walk.seek(next);
  };
  if (request.after < request.prefix) {
    walk.seek(request.prefix);
  } else if (const std::string prefix = rolled_up(request.after, request); !prefix.empty()) {
    pass(prefix);
  } else {
    walk.seek(request.after + '\0');
  }
  while (!at_end) {
    std::optional<ListedObject> object;
    std::string prefix;
    if (const auto ahead = walk.version_ahead()) prefix = rolled_up(*ahead, request);
    if (prefix.empty()) {
      object = walk.next();
      if (!object || !object->key.starts_with(request.prefix)) break;
      prefix = rolled_up(object->key, request);
    }
    if (page.objects.size() + page.prefixes.size() == request.count_max) {
      page.truncated = true;
      break;
    }
    page.last = prefix.empty() ? object->key : prefix;
    if (prefix.empty()) {
      page.objects.push_back(*std::move(object));
    } else {
      page.prefixes.push_back(prefix);
      pass(prefix);
    }
  }
  return page;
}

}  // namespace grid::server::s3
