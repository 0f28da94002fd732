#include "net/s3_answer.h"

#include <algorithm>
#include <pugixml.hpp>

#include "base/text.h"
#include "base/timestamp.h"
#include "base/utc.h"
#include "net/url.h"

namespace grid::net {

S3Failure read_failure(const HttpResponse& response) {
  S3Failure failure;
  pugi::xml_document document;
  if (document.load_buffer(response.body.data(), response.body.size())) {
    const pugi::xml_node error = document.child("Error");
    failure = {error.child_value("Code"), error.child_value("Message"),
               error.child_value("Region")};
  }
  if (failure.region.empty()) failure.region = response.header("x-amz-bucket-region");
  return failure;
}

std::string read_element(BytesView body, const char* name) {
  pugi::xml_document document;
  document.load_buffer(body.data(), body.size());
  return document.document_element().child_value(name);
}

// With encoding-type=url, keys are encoded as in a form: '+' is a space.
static std::string decoded(const char* text, bool encoded) {
  std::string out = text;
  if (!encoded) return out;
  std::replace(out.begin(), out.end(), '+', ' ');
  return percent_decode(out);
}

// Some servers do not count common prefixes.
static void check_count(const pugi::xml_node& root, const S3Listing& listing,
                        std::string_view doing) {
  const std::string_view text = root.child_value("KeyCount");
  if (text.empty()) return;
  const auto count = parse_number<std::uint64_t>(text);
  if (count != listing.objects.size() && count != listing.objects.size() + listing.prefixes.size())
    fail(ErrorKind::unsupported, "{}: the listing has {} keys, and a KeyCount of {}", doing,
         listing.objects.size() + listing.prefixes.size(), text);
}

S3Listing read_listing(BytesView body, std::string_view doing) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(body.data(), body.size());
  const pugi::xml_node root = document.child("ListBucketResult");
  if (!parsed || !root)
    fail(ErrorKind::unsupported, "{}: the answer is not a listing: {}", doing,
         parsed ? "it contains something else" : parsed.description());
  const bool encoded = std::string_view(root.child_value("EncodingType")) == "url";
  S3Listing listing;
  for (const pugi::xml_node node : root.children("Contents")) {
    S3Object object{.key = decoded(node.child_value("Key"), encoded),
                    .etag = node.child_value("ETag")};
    const auto size = parse_number<std::uint64_t>(node.child_value("Size"));
    const auto modified = parse_rfc3339(node.child_value("LastModified"));
    if (!size || object.key.empty())
      fail(ErrorKind::unsupported, "{}: the listing has an object without a key or a size", doing);
    object.size = *size;
    if (modified) object.mtime_ns = timestamp_of(*modified);
    listing.objects.push_back(std::move(object));
  }
  for (const pugi::xml_node node : root.children("CommonPrefixes"))
    listing.prefixes.push_back(decoded(node.child_value("Prefix"), encoded));
  check_count(root, listing, doing);
  const std::string_view truncated = root.child_value("IsTruncated");
  if (truncated != "true" && truncated != "false")
    fail(ErrorKind::unsupported,
         "{}: the listing does not say whether it goes on: IsTruncated is \"{}\"", doing,
         truncated);
  if (truncated == "true") {
    listing.next = root.child_value("NextContinuationToken");
    if (listing.next.empty())
      fail(ErrorKind::unsupported, "{}: the listing is truncated and has no continuation token",
           doing);
  }
  return listing;
}

}  // namespace grid::net
