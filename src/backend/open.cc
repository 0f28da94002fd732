#include "backend/open.h"

#include <filesystem>

#include "backend/local.h"
#include "backend/s3.h"
#include "base/error.h"

namespace grid::backend {

static std::unique_ptr<Backend> open_s3(std::string_view location,
                                        const net::ServerOptions& servers) {
  net::S3Url url = net::parse_s3_url(location);
  while (url.key.ends_with('/')) url.key.pop_back();
  if (!url.key.empty()) {
    try {
      check_key(url.key);
    } catch (const Error&) {  // it does not know that this is a prefix, which the user has chosen
      fail(ErrorKind::invalid_argument,
           "{}: the prefix of a store is made of names of a-z A-Z 0-9 . _ - with a / between them",
           location);
    }
    url.key += '/';
  }
  return std::make_unique<S3Backend>(
      net::S3Access::open(servers.http, servers.aws, servers.retries), url.bucket, url.key);
}

std::optional<std::filesystem::path> local_folder(std::string_view location) {
  if (location.starts_with("s3://")) return std::nullopt;
  if (location.starts_with("file://")) location.remove_prefix(7);
  if (std::size_t scheme = location.find("://"); scheme != std::string_view::npos)
    fail(ErrorKind::invalid_argument,
         "store {}: a store is a folder of this machine or s3://BUCKET/PREFIX; {}:// is neither",
         location, location.substr(0, scheme));
  if (location.empty()) fail(ErrorKind::invalid_argument, "the store's location is empty");
  return std::filesystem::absolute(location);
}

std::unique_ptr<Backend> open(std::string_view location, const net::ServerOptions& servers) {
  if (std::optional<std::filesystem::path> folder = local_folder(location))
    return std::make_unique<LocalBackend>(std::move(*folder));
  return open_s3(location, servers);
}

}  // namespace grid::backend
