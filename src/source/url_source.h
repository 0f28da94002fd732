// A file on an HTTP server as a source: as it is, or as the archive that it holds.
#pragma once

#include <memory>
#include <string>

#include "net/http.h"
#include "source/archive_reader.h"
#include "source/source.h"

namespace grid::source {

// One file, called as the URL's path ends, changed when the server says. The client outlives it.
std::unique_ptr<Source> open_url_file(net::HttpClient& client, const std::string& url);

// From anywhere where the server gives ranges. The client outlives it.
ArchiveBytes archive_bytes_of_url(net::HttpClient& client, const std::string& url);

// The last component of a URL's path, decoded: "cats.zip" of "https://host/a/cats.zip?x=1"; empty
// if there is none.
std::string file_name_of_url(const std::string& url);

}  // namespace grid::source
