#include "source/s3_source.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "source/object_file.h"

namespace grid::source {

namespace {

// The ETag takes the place of a file's inode.
FileState state_of(const net::S3Object& object) {
  return {.size = object.size,
          .mtime_ns = object.mtime_ns,
          .ctime_ns = object.mtime_ns,
          .inode = digest_of(as_bytes(object.etag)).prefix()};
}

// Of all keys that begin with `key`, the key itself is listed first.
std::optional<net::S3Object> find_object(const net::S3Bucket& bucket, const std::string& key) {
  net::S3Listing first = bucket.list({.prefix = key, .count_max = 1});
  if (first.objects.empty() || first.objects[0].key != key) return std::nullopt;
  return std::move(first.objects[0]);
}

}  // namespace

std::string_view why_key_is_no_path(std::string_view key) {
  for (;;) {
    const std::size_t slash = key.find('/');
    const std::string_view name = key.substr(0, slash);
    if (name.empty()) return "its key has an empty name between slashes";
    if (name == "." || name == "..") return "its key has the name . or .. in it";
    if (name.find('\0') != name.npos) return "its key has a zero byte in it";
    if (slash == key.npos) return {};
    key.remove_prefix(slash + 1);
  }
}

S3Source::S3Source(net::S3Access access, std::string_view url, S3SourceOptions options)
    : bucket_(std::move(access), net::parse_s3_url(url).bucket), options_(std::move(options)) {
  prefix_ = net::parse_s3_url(url).key;
  if (!prefix_.empty() && !prefix_.ends_with('/')) {
    std::optional<net::S3Object> object = find_object(bucket_, prefix_);
    lone_ = object.has_value();
    if (object)
      page_ = {std::move(*object)};
    else
      prefix_ += '/';
  }
  if (lone_) return;
  pages_.emplace(bucket_, net::S3ListRequest{.prefix = prefix_});
  while (page_.empty()) {
    std::optional<net::S3Listing> page = pages_->next();
    if (!page) fail(ErrorKind::not_found, "there is nothing at {}", url);
    page_ = std::move(page->objects);
  }
  begin_page();
}

// Requests the next page while this one is used; later, where no thread can be started.
void S3Source::begin_page() {
  next_page_ =
      std::async(std::launch::async | std::launch::deferred, [this] { return pages_->next(); });
}

std::optional<net::S3Object> S3Source::next_object() {
  while (page_at_ == page_.size()) {
    if (!next_page_.valid()) return std::nullopt;
    std::optional<net::S3Listing> page = next_page_.get();
    if (!page) return std::nullopt;
    page_ = std::move(page->objects);
    page_at_ = 0;
    begin_page();
  }
  return std::move(page_[page_at_++]);
}

SourceEntry S3Source::entry_of(const net::S3Object& object, std::string_view path, EntryKind kind) {
  const auto [folder, name] = split_path(path);
  const bool is_file = kind == EntryKind::file;
  SourceEntry entry{.entry = {.folder = std::string(folder),
                              .name = std::string(name),
                              .kind = kind,
                              .size = is_file ? object.size : 0,
                              .mtime_ns = object.mtime_ns},
                    .state = state_of(object)};
  // An ETag becomes a header of the requests for the object.
  if (is_file && !object.etag.empty() && !is_valid_etag(object.etag))
    fail(ErrorKind::unsupported, "{}: the server's listing has an ETag that no header can hold",
         bucket_.url_of(object.key));
  if (is_file && options_.in_place) {
    if (object.etag.empty())
      fail(ErrorKind::unsupported,
           "{}: the server's listing has no ETags, without which a changed object cannot be told",
           bucket_.url_of(object.key));
    entry.entry.object = {.bucket = bucket_.name(), .key = object.key, .etag = object.etag};
    entry.entry.content = content_in_place(entry.entry.object, object.size);
    entry.content_known = true;
  } else if (is_file) {
    entry.opener = this;
    entry.origin = object.etag + "\n" + object.key;
  }
  return entry;
}

// Keys come in the order of their bytes: between "a" and "a/b" there may be any number that begin
// with "a-". So an object waits until the keys show whether its name is also that of a folder.
void S3Source::settle_waiting(std::string_view key, bool is_below, std::vector<Problem>& problems) {
  while (!waiting_.empty()) {
    auto& [object, entry] = waiting_.back();
    const std::string folder = object.key + "/";
    if (key.starts_with(folder)) {
      if (!is_below) return;
      problems.push_back({entry.entry.path(), "is an object, and a folder of other objects", true});
    } else if (key < folder) {
      return;
    } else {
      ready_.push_back(std::move(entry));
    }
    waiting_.pop_back();
  }
}

void S3Source::take(net::S3Object object, std::vector<Problem>& problems) {
  std::string_view path = std::string_view(object.key).substr(prefix_.size());
  const bool marks_folder = path.empty() || path.ends_with('/');
  if (marks_folder && object.size > 0)
    problems.push_back({std::string(path), "its key ends in /, and it is not empty", true});
  if (path.empty()) return;  // marks the prefix itself
  if (marks_folder) path.remove_suffix(1);
  const std::string_view why = why_key_is_no_path(path);
  settle_waiting(object.key, why.empty(), problems);
  if (!why.empty()) {
    problems.push_back({std::string(path), std::string(why), true});
    return;
  }
  SourceEntry entry = entry_of(object, path, marks_folder ? EntryKind::folder : EntryKind::file);
  if (marks_folder)
    ready_.push_back(std::move(entry));
  else
    waiting_.emplace_back(std::move(object), std::move(entry));
}

std::optional<SourceEntry> S3Source::next(std::vector<Problem>& problems) {
  if (lone_) {
    if (page_at_ == page_.size()) return std::nullopt;
    const net::S3Object& object = page_[page_at_++];
    const std::string_view name = split_path(object.key).second;
    if (const std::string_view why = why_key_is_no_path(name); !why.empty())
      fail(ErrorKind::unsupported, "{}: {}", bucket_.url_of(object.key), why);
    return entry_of(object, name, EntryKind::file);
  }
  while (ready_.empty()) {
    std::optional<net::S3Object> object = next_object();
    if (object) {
      take(std::move(*object), problems);
      continue;
    }
    if (waiting_.empty()) return std::nullopt;
    for (auto& waiting : waiting_) ready_.push_back(std::move(waiting.second));
    waiting_.clear();
  }
  SourceEntry entry = std::move(ready_.front());
  ready_.pop_front();
  return entry;
}

std::unique_ptr<SourceFile> S3Source::open(const SourceEntry& entry,
                                           std::optional<ByteRange> range) {
  const std::size_t end = entry.origin.find('\n');
  return open_object(bucket_, entry.origin.substr(end + 1),
                     {.size = entry.state.size, .etag = entry.origin.substr(0, end)}, entry.state,
                     range.value_or(ByteRange{0, entry.state.size}));
}

ArchiveBytes archive_bytes_of_object(const net::S3Bucket& bucket, const std::string& key) {
  const std::optional<net::S3Object> object = find_object(bucket, key);
  if (!object) fail(ErrorKind::not_found, "there is no object {} to extract", bucket.url_of(key));
  auto open_at = [&bucket, object = *object](std::uint64_t offset) {
    return open_object(bucket, object.key, {.size = object.size, .etag = object.etag},
                       state_of(object), {std::min(offset, object.size), object.size});
  };
  return {.stream = open_at(0),
          .open_at = open_at,
          .state = state_of(*object),
          .jump_size_min = remote_jump_size_min};
}

}  // namespace grid::source
