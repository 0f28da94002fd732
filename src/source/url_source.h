// A file on an HTTP server as a source: as a file, or as an archive.
#pragma once

#include <memory>
#include <string>

#include "net/http.h"
#include "source/archive_reader.h"
#include "source/source.h"

namespace grid::source {

// One file, named by the last component of the URL's path, with the server's time of change. What
// the server has compressed for the transfer only (Content-Encoding) is unpacked. The client must
// outlive it.
std::unique_ptr<Source> open_url_file(net::HttpClient& client, const std::string& url);

// Can be read from any offset if the server gives ranges. The client must outlive it.
ArchiveBytes archive_bytes_of_url(net::HttpClient& client, const std::string& url);

// Throws `invalid_argument` unless the last component of the URL's path can be the name of a file.
void check_file_name(const std::string& url);

// The last component of a URL's path, decoded: "cats.zip" of "https://host/a/cats.zip?x=1"; empty
// if there is none.
std::string file_name_of_url(const std::string& url);

}  // namespace grid::source
