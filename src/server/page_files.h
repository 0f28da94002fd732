// The files of the page, as the build has put them into the program: web/bundle.mjs writes the
// table, and cmake/Web.cmake compiles it in. Without -DGRID_WEB=ON there are none.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace grid::server {

struct PageFile {
  std::string_view path;  // "/assets/index-C0ffee.js"; the page itself is "/index.html"
  std::string_view type;  // for Content-Type
  std::string_view etag;  // with its quotes
  bool is_packed;         // `content` is gzip
  BytesView content;
};

// Sorted by path.
std::span<const PageFile> page_files();

}  // namespace grid::server
