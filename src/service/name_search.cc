#include "service/name_search.h"

#include <algorithm>

#include "base/text.h"
#include "source/ignore_patterns.h"

namespace grid::service {

using tree::EntryRef;

namespace {

constexpr std::size_t query_size_max = 4096;          // bytes
constexpr std::uint64_t entries_between_looks = 512;  // at the clock

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return lower;
}

class NameTest {
 public:
  NameTest(const std::string& query, const std::string& folder)
      : query_(lower_case(query)),
        folder_size_(folder.empty() ? 0 : folder.size() + 1),
        is_pattern_(query.find_first_of("*?[") != query.npos),
        of_paths_(query.find('/') != query.npos),
        segments_(source::split_pattern(query_)) {}

  bool matches(const EntryRef& entry) const {
    if (!of_paths_) {
      const std::string name = lower_case(entry.name());
      return is_pattern_ ? source::matches_name(query_, name) : name.find(query_) != name.npos;
    }
    const std::string path = lower_case(entry.path());
    const std::string_view below = std::string_view(path).substr(folder_size_);
    return is_pattern_ ? source::matches_path(segments_, below) : below.find(query_) != below.npos;
  }

 private:
  const std::string query_;
  const std::size_t folder_size_;
  const bool is_pattern_, of_paths_;
  const std::vector<std::string> segments_;
};

// How many entries the parts before this one looked at.
std::uint64_t start_of(const NameSearchRequest& request, const OpenVersion& version,
                       std::uint64_t total) {
  if (!request.token) return 0;
  std::string_view rest = *request.token;
  const auto number = parse_number<dataset::VersionNumber>(take_until(rest, '-'));
  const auto start = parse_number<std::uint64_t>(rest);
  if (!number || !start || *start > total)
    fail(ErrorKind::invalid_argument, "the token \"{}\" is none of this search",
         to_utf8(*request.token));
  if (*number != version.record.number)
    fail(ErrorKind::changed, "the search began in version {}, and {} is another: begin again",
         *number, version.text());
  return *start;
}

}  // namespace

NameSearch search_names(OpenVersion version, const NameSearchRequest& request) {
  if (request.query.empty() || request.query.size() > query_size_max)
    fail(ErrorKind::invalid_argument, "a search needs from 1 to {} bytes of a name to look for",
         query_size_max);
  const auto end = std::chrono::steady_clock::now() + request.time_max;
  const EntryListing listing = list_entries(std::move(version), request.path, true);
  if (!listing.is_folder)
    fail(ErrorKind::invalid_argument, "{}: {} is not a folder", listing.version.text(),
         request.path);
  NameSearch search{.query = request.query,
                    .path = request.path,
                    .total = listing.range.count,
                    .version = listing.version};
  const std::uint64_t start = start_of(request, search.version, search.total);
  const NameTest test(request.query, request.path);
  search.looked_at = start;
  tree::EntryCursor cursor(search.version.manifest,
                           {listing.range.first + start, listing.range.count - start});
  while (search.looked_at < search.total) {
    const std::uint64_t looked_at = search.looked_at - start;
    if (search.entries.size() >= request.matches_max || looked_at >= request.entries_max) break;
    if (looked_at > 0 && looked_at % entries_between_looks == 0 &&
        std::chrono::steady_clock::now() >= end)
      break;
    const std::optional<EntryRef> entry = cursor.next();
    ++search.looked_at;
    if (test.matches(*entry)) search.entries.push_back(*entry);
  }
  if (search.looked_at < search.total)
    search.token = fmt::format("{}-{}", search.version.record.number, search.looked_at);
  return search;
}

void write_document(JsonWriter& json, const NameSearch& search) {
  const OpenVersion& version = search.version;
  json.begin_object().member("name", version.name).member("version", version.record.number);
  json.name_member("path", search.path).member("query", search.query);
  json.member("looked_at", search.looked_at).member("total", search.total);
  json.key("token");
  if (search.token)
    json.value(*search.token);
  else
    json.null();
  json.key("entries").begin_array();
  for (const EntryRef& entry : search.entries) write_entry(json, *version.manifest, entry);
  json.end_array().end_object();
}

}  // namespace grid::service
