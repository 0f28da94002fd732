#include "server/s3/s3_error.h"

#include "server/message.h"
#include "server/s3/xml.h"

namespace grid::server::s3 {

S3Error no_such_bucket(std::string_view bucket) {
  return {404, "NoSuchBucket", "there is no such datastore", {{"BucketName", std::string(bucket)}}};
}

S3Error no_such_key(std::string_view key) {
  return {404,
          "NoSuchKey",
          "there is no such file: keys are VERSION/PATH, where VERSION is a number or latest",
          {{"Key", std::string(key)}}};
}

S3Error invalid_argument(std::string message) {
  return {400, "InvalidArgument", std::move(message)};
}

S3Error not_implemented(std::string_view what) {
  return {501, "NotImplemented", fmt::format("this server does not know {}", what)};
}

S3Error error_of(const Error& error) {
  const int status = status_of(error.kind());
  std::string_view code = "InternalError";
  switch (status) {
    case 400:
      code = "InvalidArgument";
      break;
    case 404:
      code = "NoSuchKey";
      break;
    case 409:
      code = "OperationAborted";
      break;
    case 501:
      code = "NotImplemented";
      break;
    case 503:
      code = "ServiceUnavailable";
      break;
    default:
      break;
  }
  // 403 would say that the client may not read, where it is the server that may not.
  return {status == 403 ? 500 : status, code, std::string(error.what())};
}

std::string error_document(const S3Error& error, std::string_view resource,
                           std::string_view request_id) {
  Xml xml;
  xml.open("Error").element("Code", error.code).element("Message", fit_for_xml(error.message));
  for (const auto& [name, text] : error.more) xml.element(name, fit_for_xml(text));
  xml.element("Resource", fit_for_xml(resource)).element("RequestId", request_id);
  return xml.close("Error").take();
}

}  // namespace grid::server::s3
