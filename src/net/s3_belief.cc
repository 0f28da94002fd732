#include "net/s3_belief.h"

#include "base/hex.h"
#include "base/text.h"
#include "net/s3_answer.h"
#include "net/url.h"

namespace grid::net {

// The beginning of the body, without white space and byte order mark, in lower case.
static std::string beginning_of(const HttpResponse& response) {
  std::string_view text = as_text(response.body);
  text = text.substr(0, 256);
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return lower_case(trimmed(text));
}

bool is_web_page(const HttpResponse& response) {
  const std::string begin = beginning_of(response);
  return lower_case(response.header("Content-Type")).starts_with("text/html") ||
         begin.starts_with("<!doctype html") || begin.starts_with("<html");
}

static constexpr const char* web_page =
    "answers with a web page, not as S3: is a captive portal or a proxy in between, or is the "
    "endpoint not that of an S3 server?";

static std::string why_no_object(const HttpResponse& response) {
  const std::string_view encoding = response.header("Content-Encoding");
  if (!encoding.empty() && encoding != "identity" && encoding != "aws-chunked")
    return fmt::format("sends the object with the Content-Encoding {}, which was not asked for",
                       encoding);
  if (beginning_of(response).starts_with("<")) return "sends XML instead of the object";
  return response.header("ETag").empty() ? "sends the object without an ETag" : "";
}

static std::string why_no_success(S3Asked asked, const HttpResponse& response) {
  const bool tagged = !response.header("ETag").empty();
  switch (asked) {
    case S3Asked::object:
      return is_web_page(response) ? web_page : why_no_object(response);
    case S3Asked::part:
      if (response.status() == 206) return {};  // its Content-Range is checked
      return is_web_page(response) && !tagged ? web_page
                                              : "sends the whole object instead of the range";
    case S3Asked::head:  // the object may be a web page
      if (!tagged && is_web_page(response)) return web_page;
      return tagged ? "" : "describes the object without an ETag";
    case S3Asked::storing:
      if (is_web_page(response)) return web_page;
      return tagged ? "" : "does not confirm that it has stored the object: it sends no ETag";
    case S3Asked::listing:
      if (is_web_page(response)) return web_page;
      return as_text(response.body).find("</ListBucketResult>") == std::string_view::npos
                 ? "sends something else than a listing"
                 : "";
    case S3Asked::text:
    case S3Asked::nothing:
      return is_web_page(response) ? web_page : "";
  }
  return {};
}

std::string why_not_s3(S3Asked asked, const HttpResponse& response) {
  const int status = response.status();
  if (status >= 200 && status < 300) return why_no_success(asked, response);
  // Another region is S3's reason to redirect.
  if (status / 100 == 3 && read_failure(response).code.empty() &&
      !response.head.headers.contains("x-amz-bucket-region"))
    return fmt::format(
        "answers {}, to go to {}, which is not followed: is a captive portal or a proxy in "
        "between, or is this not the right endpoint?",
        status,
        response.header("Location").empty() ? "another server"
                                            : shown(response.header("Location")));
  if (status == 511) return "answers 511: the network wants a login";
  if (status / 100 == 4 && !response.body.empty() && is_web_page(response)) return web_page;
  if (status != 404) return {};
  if (is_web_page(response)) return web_page;
  if (!response.body.empty() && read_failure(response).code.empty())
    return "answers 404, but not as S3: is the endpoint that of an S3 server?";
  return {};
}

std::string md5_in_etag(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  std::string digits = lower_case(etag);
  return is_hex(digits, 32) ? digits : std::string();
}

std::string md5_in_etag(const HttpHeaders& headers) {
  const std::string_view encryption = headers.get("x-amz-server-side-encryption");
  if (encryption.starts_with("aws:kms") ||
      headers.contains("x-amz-server-side-encryption-customer-algorithm"))
    return {};
  return md5_in_etag(headers.get("ETag"));
}

}  // namespace grid::net
