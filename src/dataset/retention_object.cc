#include "dataset/retention_object.h"

#include "base/error.h"
#include "base/user.h"
#include "dataset/numbered_objects.h"
#include "store/layout.h"

namespace grid::dataset {

std::optional<RetentionRecord> find_retention(const backend::Backend& backend,
                                              std::string_view datastore) {
  const std::vector<VersionNumber> numbers =
      numbers_below(backend, store::retentions_prefix(datastore));
  if (numbers.empty()) return std::nullopt;
  const std::string key = store::retention_key(datastore, numbers.back());
  const std::optional<Bytes> object = backend.find(key);
  if (!object) fail(ErrorKind::corrupt, "{}: {} is lost", datastore, key);
  RetentionRecord record = decode_retention(*object, datastore, numbers.back());
  if (!record.rules.keep_something()) return std::nullopt;
  return record;
}

// Whether these rules are set already; a damaged object is to be replaced.
static bool is_set(const backend::Backend& backend, std::string_view datastore,
                   const RetentionRules& rules) {
  try {
    const std::optional<RetentionRecord> before = find_retention(backend, datastore);
    return before ? before->rules == rules : !rules.keep_something();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return false;
  }
}

void set_retention(backend::Backend& backend, std::string_view datastore,
                   const RetentionRules& rules, std::string_view set_by) {
  check_datastore_name(datastore);
  if (is_set(backend, datastore, rules)) return;
  const RetentionRecord record{.rules = rules, .set = utc_now(), .set_by = std::string(set_by)};
  create_next(backend, store::retentions_prefix(datastore),
              fmt::format("the retention of {}", datastore),
              [&](VersionNumber number) { return encode_retention(datastore, number, record); });
}

}  // namespace grid::dataset
