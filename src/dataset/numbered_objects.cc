#include "dataset/numbered_objects.h"

#include <algorithm>

#include "base/error.h"
#include "dataset/datastore_keys.h"
#include "dataset/publish.h"
#include "store/layout.h"

namespace grid::dataset {

std::vector<VersionNumber> numbers_below(const backend::Backend& backend,
                                         const std::string& prefix) {
  std::vector<VersionNumber> numbers;
  for (const std::string& name : backend.list_names(prefix))
    if (std::optional<std::uint32_t> number = store::parse_number(name)) numbers.push_back(*number);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void create_next(backend::Backend& backend, const std::string& prefix, std::string_view noun,
                 const std::function<std::string(VersionNumber)>& encode) {
  VersionNumber number = 0;
  for (const std::string& taken : backend.list_names(prefix))
    number = std::max(number, number_taken_by(taken).value_or(0));
  for (unsigned lost = 0; lost < races_max; ++lost) {
    if (number == UINT32_MAX) fail(ErrorKind::unsupported, "no number is left for {}", noun);
    ++number;
    if (backend.create(prefix + std::to_string(number), as_bytes(encode(number)))) return;
  }
  fail(ErrorKind::unavailable, "{} says that {} numbers in a row are taken for {}; try again",
       backend.name(), races_max, noun);
}

}  // namespace grid::dataset
