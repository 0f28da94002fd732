// Decides whether an answer is one that an S3 server gives, before anything is concluded from it.
//
// Captive portals, proxies and servers that are no S3 servers answer 200 to everything, or 404 with
// a page. Such an answer says nothing about an object, neither that it exists, nor that it does
// not, nor that it was stored.
#pragma once

#include <optional>
#include <string>

#include "net/http.h"

namespace grid::net {

enum class S3Asked {
  object,   // the whole of an object that a store keeps: never XML or HTML
  part,     // a range of any object
  head,     // GET without a body
  listing,  // a page of a listing
  text,     // some other XML
  storing,  // to store an object or a part of one
  nothing,  // to remove one
};

// What shows that this is no S3 server's answer, to follow "the server … "; empty if nothing does.
// Refusals and answers without a text are believed.
std::string why_not_s3(S3Asked asked, const HttpResponse& response);

bool is_web_page(const HttpResponse& response);

// The MD5 that an ETag is, as 32 hexadecimal digits in lower case. Empty if it is none: for objects
// that were stored in parts or are encrypted with keys of their own, and where there is no ETag.
// Some servers have ETags that only look like it.
std::string md5_in_etag(std::string_view etag);
std::string md5_in_etag(const HttpHeaders& headers);  // of a whole object or part

}  // namespace grid::net
