#include "backend/open.h"

#include <filesystem>

#include "backend/grid_server.h"
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

bool is_grid_server(std::string_view location) {
  return location.starts_with("http://") || location.starts_with("https://");
}

std::optional<std::filesystem::path> local_folder(std::string_view location) {
  if (location.starts_with("s3://") || is_grid_server(location)) return std::nullopt;
  if (location.starts_with("file://")) location.remove_prefix(7);
  if (std::size_t scheme = location.find("://"); scheme != std::string_view::npos)
    fail(ErrorKind::invalid_argument,
         "store {}: a store is a folder of this machine, s3://BUCKET/PREFIX, or http(s)://HOST of "
         "a grid "
         "serve; {}:// is none of these",
         location, location.substr(0, scheme));
  if (location.empty()) fail(ErrorKind::invalid_argument, "the store's location is empty");
  return std::filesystem::absolute(location);
}

std::unique_ptr<Backend> open(std::string_view location, const net::ServerOptions& servers,
                              LocalBackend::Folder folder) {
  if (std::optional<std::filesystem::path> path = local_folder(location))
    return std::make_unique<LocalBackend>(std::move(*path), folder);
  if (is_grid_server(location)) return std::make_unique<GridServerBackend>(location, servers);
  return open_s3(location, servers);
}

}  // namespace grid::backend
