#include "dataset/note_text.h"

#include "base/error.h"
#include "base/text.h"

namespace grid::dataset {

std::string checked_note_text(std::string_view text, std::string_view what) {
  if (text.size() > note_text_size_max)
    fail(ErrorKind::invalid_argument, "{}: the text has {} bytes; at most {} are kept", what,
         text.size(), note_text_size_max);
  if (!is_utf8(text) || text.find('\0') != text.npos)
    fail(ErrorKind::invalid_argument, "{}: the text is not UTF-8; write it in that encoding", what);
  return std::string(text);
}

}  // namespace grid::dataset
