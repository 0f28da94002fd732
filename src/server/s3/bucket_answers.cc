#include "base/hex.h"
#include "base/text.h"
#include "base/utc.h"
#include "dataset/overview.h"
#include "net/url.h"
#include "server/s3/answers.h"
#include "server/s3/listing.h"
#include "server/s3/xml.h"

namespace grid::server::s3 {

namespace {

constexpr std::uint32_t page_max = 1000;

// Where a list goes on: opaque to clients. `latest` stays the version that it was when the list
// began.
struct Continuation {
  dataset::VersionNumber latest = 0;  // 0: the list is not of `latest`
  std::string after;

  std::string text() const {
    const std::string plain = fmt::format("{}:{}", latest, after);
    return to_hex(as_bytes(plain));
  }
  static std::optional<Continuation> parse(std::string_view text) {
    Bytes bytes(text.size() / 2);
    if (text.empty() || text.size() % 2 != 0 || !from_hex(text, bytes)) return std::nullopt;
    std::string_view after = as_text(bytes);
    const auto latest = parse_number<dataset::VersionNumber>(take_until(after, ':'));
    if (!latest) return std::nullopt;
    return Continuation{*latest, std::string(after)};
  }
};

std::variant<std::uint32_t, S3Error> count_of(const S3Request& request, std::string_view name) {
  if (request.get(name).empty()) return page_max;
  const auto count = parse_number<std::int32_t>(request.get(name));
  if (!count || *count < 0)
    return invalid_argument(fmt::format("{} is no number from 0 to 2147483647", name));
  return std::min(static_cast<std::uint32_t>(*count), page_max);
}

// As a form has them: a space is '+'.
std::string encoded_key(std::string_view key) {
  std::string text = net::percent_encode(key, net::Slash::keep);
  for (std::size_t at = text.find("%20"); at != text.npos; at = text.find("%20", at + 1))
    text.replace(at, 3, "+");
  return text;
}

// What was asked for, and what XML is to be made of it.
struct KeyList {
  const S3Request& request;
  ListRequest wanted{};
  Continuation from{};     // of this list's token, and then of the next one's
  bool is_second = false;  // ListObjectsV2
  bool encodes = false;

  // Writes a text that may be any bytes.
  void write(Xml& xml, std::string_view name, std::string_view text) const {
    xml.element(name, encodes ? encoded_key(text) : std::string(text));
  }
};

std::variant<KeyList, S3Error> parse_key_list(const S3Request& request) {
  KeyList list{.request = request};
  if (request.has("list-type") && request.get("list-type") != "2")
    return invalid_argument("list-type is 2, or it is left out");
  list.is_second = request.has("list-type");
  if (const std::string_view encoding = request.get("encoding-type"); !encoding.empty()) {
    if (encoding != "url") return invalid_argument("encoding-type is url, or it is left out");
    list.encodes = true;
  }
  const auto count = count_of(request, "max-keys");
  if (const auto* error = std::get_if<S3Error>(&count)) return *error;
  list.wanted = {.prefix = std::string(request.get("prefix")),
                 .delimiter = std::string(request.get("delimiter")),
                 .after = std::string(request.get(list.is_second ? "start-after" : "marker")),
                 .count_max = std::get<std::uint32_t>(count)};
  if (list.is_second && request.has("continuation-token")) {
    const auto from = Continuation::parse(request.get("continuation-token"));
    if (!from)
      return invalid_argument("this continuation-token is none that a list of this server gave");
    list.from = *from;
    list.wanted.after = from->after;
  }
  return list;
}

// The bucket as far as the list needs it; with no versions if there is nothing to list.
std::variant<Bucket, S3Error> open_bucket(const S3Call& call, KeyList& list) {
  const std::shared_ptr<dataset::OpenStore> store = call.api.store();
  const std::string& name = call.request.bucket;
  Bucket bucket;
  bucket.open = [&call, store, name](const std::string& version) {
    return call.versions.find(*store, name, version);
  };
  const std::string& prefix = list.wanted.prefix;
  if (const std::size_t slash = prefix.find('/'); slash != prefix.npos) {
    // One version, without asking which others there are.
    const std::string version = prefix.substr(0, slash);
    std::optional<service::OpenVersion> found;
    if (version == "latest" && list.from.latest != 0)
      found = call.versions.find(*store, name, std::to_string(list.from.latest));
    if (!found) found = call.versions.find(*store, name, version);
    if (found) {
      if (version == "latest") list.from.latest = found->record.number;
      bucket.versions = {version};
      bucket.open = [found](const std::string&) { return found; };
      return bucket;
    }
  }
  const std::vector<dataset::VersionNumber> numbers = store->datastores->ready_numbers(name);
  if (numbers.empty()) return no_such_bucket(name);
  if (prefix.find('/') != prefix.npos) return bucket;
  for (const dataset::VersionNumber number : numbers)
    bucket.versions.push_back(std::to_string(number));
  std::sort(bucket.versions.begin(), bucket.versions.end());
  return bucket;
}

void write_owner(Xml& xml) {
  xml.open("Owner").element("ID", "grid").element("DisplayName", "grid").close("Owner");
}

void write_head(Xml& xml, const KeyList& list, const ListPage& page) {
  const ListRequest& wanted = list.wanted;
  xml.element("Name", list.request.bucket);
  list.write(xml, "Prefix", wanted.prefix);
  if (!wanted.delimiter.empty()) list.write(xml, "Delimiter", wanted.delimiter);
  xml.element("MaxKeys", std::to_string(wanted.count_max));
  if (list.encodes) xml.element("EncodingType", "url");
  xml.element("IsTruncated", page.truncated ? "true" : "false");
  if (list.is_second) {
    xml.element("KeyCount", std::to_string(page.objects.size() + page.prefixes.size()));
    if (list.request.has("continuation-token"))
      xml.element("ContinuationToken", list.request.get("continuation-token"));
    if (list.request.has("start-after"))
      list.write(xml, "StartAfter", list.request.get("start-after"));
    if (page.truncated)
      xml.element("NextContinuationToken", Continuation{list.from.latest, page.last}.text());
  } else {
    list.write(xml, "Marker", list.request.get("marker"));
    if (page.truncated && !wanted.delimiter.empty()) list.write(xml, "NextMarker", page.last);
  }
}

// A text of the list that XML cannot hold as it is; empty if there is none.
std::string find_unwritable(const KeyList& list, const ListPage& page) {
  if (list.encodes) return {};
  for (const std::string_view text :
       {std::string_view(list.wanted.prefix), std::string_view(list.wanted.delimiter),
        list.request.get("start-after"), list.request.get("marker")})
    if (!xml_can_hold(text)) return std::string(text);
  for (const ListedObject& object : page.objects)
    if (!xml_can_hold(object.key)) return object.key;
  for (const std::string& prefix : page.prefixes)
    if (!xml_can_hold(prefix)) return prefix;
  return {};
}

Answer list_keys(const S3Call& call) {
  std::variant<KeyList, S3Error> parsed = parse_key_list(call.request);
  if (auto* error = std::get_if<S3Error>(&parsed)) return std::move(*error);
  KeyList& list = std::get<KeyList>(parsed);
  std::variant<Bucket, S3Error> bucket = open_bucket(call, list);
  if (auto* error = std::get_if<S3Error>(&bucket)) return std::move(*error);
  const ListPage page = list_bucket(std::get<Bucket>(bucket), list.wanted);
  if (const std::string text = find_unwritable(list, page); !text.empty())
    return invalid_argument(
        fmt::format("XML cannot hold \"{}\", which is no UTF-8 or has control characters: list "
                    "with encoding-type=url",
                    to_utf8(text)));
  Xml xml;
  xml.open_root("ListBucketResult");
  write_head(xml, list, page);
  const bool with_owner = !list.is_second || call.request.get("fetch-owner") == "true";
  for (const ListedObject& object : page.objects) {
    xml.open("Contents");
    list.write(xml, "Key", object.key);
    xml.element("LastModified", iso_time(object.mtime_ns)).element("ETag", object.etag);
    xml.element("Size", std::to_string(object.size));
    if (with_owner) write_owner(xml);
    xml.element("StorageClass", "STANDARD").close("Contents");
  }
  for (const std::string& prefix : page.prefixes) {
    xml.open("CommonPrefixes");
    list.write(xml, "Prefix", prefix);
    xml.close("CommonPrefixes");
  }
  return xml_response(xml.close("ListBucketResult").take());
}

}  // namespace

Answer answer_bucket(const S3Call& call) {
  const std::string& name = call.request.bucket;
  const auto exists = [&] { return !call.api.store()->datastores->ready_numbers(name).empty(); };
  if (call.request.http.method == "HEAD") {
    if (!exists()) return no_such_bucket(name);
    Response response;
    response.headers.add("x-amz-bucket-region", region);
    return response;
  }
  if (std::optional<Answer> answer = answer_subresource(call.request)) {
    if (!exists()) return no_such_bucket(name);
    return *std::move(answer);
  }
  return list_keys(call);
}

Answer answer_service(const S3Call& call) {
  const S3Request& request = call.request;
  const auto count = count_of(request, "max-buckets");
  if (const auto* error = std::get_if<S3Error>(&count)) return *error;
  const std::uint32_t count_max = std::get<std::uint32_t>(count);
  const auto from = request.has("continuation-token")
                        ? Continuation::parse(request.get("continuation-token"))
                        : Continuation{};
  if (!from) return invalid_argument("this continuation-token is none that this server gave");
  Xml xml;
  xml.open_root("ListAllMyBucketsResult");
  write_owner(xml);
  xml.open("Buckets");
  const std::shared_ptr<dataset::OpenStore> store = call.api.find_store();
  std::vector<dataset::DatastoreOverview> all;
  if (store != nullptr) all = dataset::overview(*store->datastores, *store->backend);
  std::uint32_t listed = 0;
  std::string last;
  bool truncated = false;
  for (const dataset::DatastoreOverview& one : all) {
    if (one.ready == 0 || !one.newest || !call.caller.may_see(one.name) ||
        !one.name.starts_with(request.get("prefix")) || one.name <= from->after)
      continue;
    if (listed++ == count_max) {
      truncated = true;
      break;
    }
    last = one.name;
    xml.open("Bucket").element("Name", one.name);
    const std::string& created = one.newest->record.created;
    xml.element("CreationDate", created.substr(0, created.size() - 1) + ".000Z");
    xml.close("Bucket");
  }
  xml.close("Buckets");
  if (truncated) xml.element("ContinuationToken", Continuation{0, last}.text());
  return xml_response(xml.close("ListAllMyBucketsResult").take());
}

}  // namespace grid::server::s3
