// How a browser may show a file of a dataset. Datasets hold what anybody has put there, so that
// only types that cannot act as a page of this server are shown, and the rest is downloaded.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace grid::server {

struct ContentType {
  std::string_view name;        // "image/png"
  bool is_safe_inline = false;  // an image, sound, film or plain text
};

// By the first bytes, where these tell, else by the ending of the name. Never HTML or SVG.
ContentType content_type_of(std::string_view file_name, BytesView first_bytes);

// Whether a value of Content-Type is one of the types that are shown.
bool is_safe_inline(std::string_view type);

}  // namespace grid::server
