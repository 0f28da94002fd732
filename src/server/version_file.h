// A file of a version as what an answer is made of.
#pragma once

#include "server/api.h"
#include "server/served_file.h"

namespace grid::server {

// The file at a path as of service::path_in_version(). Throws `not_found`, `invalid_argument`.
tree::EntryRef file_in(const service::OpenVersion& version, const std::string& path);

// `entry` is a file of the version. Path, etag and what never changes are the caller's to set.
ServedFile served_file(const Api& api, const service::OpenVersion& version,
                       const tree::EntryRef& entry);

}  // namespace grid::server
