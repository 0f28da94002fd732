#include "net/s3_pages.h"

#include <algorithm>

namespace grid::net {

// A page may be short or empty where many objects were deleted. These are limits for what no server
// does.
static constexpr std::uint64_t empty_pages_max = 100;     // in a row
static constexpr std::uint64_t pages_of_any_size = 1000;  // afterwards, pages must bring names
static constexpr std::uint64_t names_per_page_min = 10;

static std::string why_keys_are_wrong(const S3ListRequest& request, const S3Listing& page) {
  std::string_view before = request.start_after;
  for (const S3Object& object : page.objects) {
    const std::string_view key = object.key;
    if (!key.starts_with(request.prefix)) return fmt::format("it has the key {}", key);
    if (key == before) return fmt::format("it has the key {} twice", key);
    if (key < before) return fmt::format("it has the key {} after {}", key, before);
    if (!request.delimiter.empty() &&
        key.find(request.delimiter, request.prefix.size()) < key.size() - request.delimiter.size())
      return fmt::format("it has the key {}, as if no delimiter was sent", key);
    before = key;
  }
  return {};
}

static std::string why_prefixes_are_wrong(const S3ListRequest& request, const S3Listing& page) {
  std::string_view before;
  for (const std::string& prefix : page.prefixes) {
    if (!prefix.starts_with(request.prefix) || prefix.size() <= request.prefix.size() ||
        request.delimiter.empty() || !prefix.ends_with(request.delimiter))
      return fmt::format("it has the common prefix \"{}\"", prefix);
    if (prefix == before) return fmt::format("it has the common prefix {} twice", prefix);
    if (prefix < before) return fmt::format("it has the prefix {} after {}", prefix, before);
    before = prefix;
  }
  return {};
}

std::string why_page_is_wrong(const S3ListRequest& request, const S3Listing& page) {
  if (std::string why = why_keys_are_wrong(request, page); !why.empty()) return why;
  if (std::string why = why_prefixes_are_wrong(request, page); !why.empty()) return why;
  if (!page.next.empty() && page.next == request.continue_at)
    return "it continues with the continuation token that was sent";
  return {};
}

S3Pages::S3Pages(const S3Bucket& bucket, S3ListRequest request, const S3PagesOptions& options)
    : bucket_(bucket), request_(std::move(request)), options_(options) {
  if (options_.says_waits)
    waiting_.emplace(bucket_.watch(), fmt::format("list {}", bucket_.url_of(request_.prefix)));
}

bool S3Pages::brings_new(const S3Listing& page) const {
  return !page.objects.empty() || (!page.prefixes.empty() && page.prefixes.back() != last_prefix_);
}

std::string S3Pages::why_not_next(const S3Listing& page) const {
  if (!page.objects.empty() && page.objects[0].key <= last_object_)
    return fmt::format("it goes back to the key {}, after {}", page.objects[0].key, last_object_);
  // Some servers give the prefix at which a page ends again at the beginning of the next.
  if (!page.prefixes.empty() && page.prefixes[0] < last_prefix_)
    return fmt::format("it goes back to the prefix {}, after {}", page.prefixes[0], last_prefix_);
  if (!brings_new(page) && !page.next.empty() && empty_pages_ >= empty_pages_max)
    return fmt::format("{} pages in a row have brought nothing new", empty_pages_ + 1);
  if (pages_ >= options_.pages_max || pages_ > pages_of_any_size + names_ / names_per_page_min)
    return fmt::format("it has come to {} pages with {} names and does not end", pages_, names_);
  return {};
}

void S3Pages::note(const S3Listing& page) {
  empty_pages_ = brings_new(page) ? 0 : empty_pages_ + 1;
  if (!page.objects.empty()) last_object_ = page.objects.back().key;
  if (!page.prefixes.empty()) last_prefix_ = page.prefixes.back();
  ++pages_;
  names_ += page.objects.size() + page.prefixes.size();
  if (waiting_ && pages_ > 1)
    waiting_->goes_on(fmt::format("{} pages with {} names so far", pages_, names_));
}

std::optional<S3Listing> S3Pages::next() {
  if (ended_) return std::nullopt;
  S3Listing page = bucket_.list(request_);
  if (const std::string why = why_not_next(page); !why.empty())
    bucket_.refuse_listing(request_.prefix, why);
  note(page);
  request_.continue_at = page.next;
  ended_ = page.next.empty();
  return page;
}

}  // namespace grid::net
