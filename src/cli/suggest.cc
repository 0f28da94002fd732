#include "cli/suggest.h"

#include "dataset/reference.h"

namespace grid::cli {

std::string did_you_mean(std::string_view word, const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : dataset::nearest_names(word, names))
    out += (out.empty() ? "; did you mean " : " or ") + name;
  return out.empty() ? out : out + "?";
}

}  // namespace grid::cli
