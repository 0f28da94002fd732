// Opens the backend that --store names.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "backend/backend.h"
#include "backend/local.h"
#include "net/server_options.h"

namespace grid::backend {

// `location` is a path, a file:// URL, s3://BUCKET[/PREFIX], or the URL of a grid server. Throws
// `invalid_argument` for any other scheme, naming it. Creates nothing and sends no request.
// `folder` is about local ones.
std::unique_ptr<Backend> open(std::string_view location, const net::ServerOptions& servers = {},
                              LocalBackend::Folder folder = LocalBackend::Folder::found_by_path);

// The folder of this machine that such a `location` names; nullopt for one on a server. Throws as
// open() does.
std::optional<std::filesystem::path> local_folder(std::string_view location);

// Whether it is the URL of a grid server.
bool is_grid_server(std::string_view location);

}  // namespace grid::backend
