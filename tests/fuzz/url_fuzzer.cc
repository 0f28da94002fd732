// Parses arbitrary text as a source that a user names, and as patterns.

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "dataset/reference.h"
#include "source/ignore_patterns.h"
#include "source/open_source.h"
#include "source/url_source.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace grid::source;
  std::string text(reinterpret_cast<const char*>(data), size);
  text.erase(std::remove(text.begin(), text.end(), '\0'), text.end());
  try {
    SourceSpec spec = parse_source(text);
    shown({spec});
    if (is_url(spec.where)) file_name_of_url(spec.where);
    assert(grid::dataset::is_datastore_name(grid::dataset::datastore_name_of_source(text)));
  } catch (const grid::Error&) {  // expected for a text that is not a source
  }
  IgnorePatterns patterns = IgnorePatterns::parse(text, "");
  patterns.judge("a/b/c.txt", false);
  patterns.judge(text.empty() ? "x" : text, true);
  return 0;
}
