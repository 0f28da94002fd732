// Unicode text as UTF-8, and bytes that claim to be some. Stateless and thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace grid {

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 0;  // bytes; 0: these bytes are no UTF-8
};

// Decodes the first code point of a text that is not empty. Overlong forms, surrogates and values
// beyond U+10FFFF are no UTF-8 (RFC 3629).
CodePoint first_code_point(std::string_view text);

bool is_utf8(std::string_view text);
// Bytes that are no UTF-8 become U+FFFD, one for each.
std::string to_utf8(std::string_view bytes);

}  // namespace grid
