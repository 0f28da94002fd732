// What people write about versions and datastores: messages and descriptions.
#pragma once

#include <string>
#include <string_view>

namespace grid::dataset {

inline constexpr std::size_t note_text_size_max = 64 << 10;  // bytes

// The text, if it is UTF-8 of at most note_text_size_max bytes without NUL; else throws
// `invalid_argument`. `what` names it in the error. Control characters are kept: what shows a text
// escapes them.
std::string checked_note_text(std::string_view text, std::string_view what);

}  // namespace grid::dataset
