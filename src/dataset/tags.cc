#include "dataset/tags.h"

#include <algorithm>

#include "backend/outage.h"
#include "base/error.h"
#include "base/user.h"
#include "dataset/numbered_objects.h"
#include "store/layout.h"

namespace grid::dataset {

std::optional<Tag> find_tag(const backend::Backend& backend, std::string_view datastore,
                            std::string_view tag) {
  const std::vector<VersionNumber> numbers =
      numbers_below(backend, store::tag_prefix(datastore, tag));
  if (numbers.empty()) return std::nullopt;
  const std::string key = store::tag_key(datastore, tag, numbers.back());
  const std::optional<Bytes> object = backend.find(key);
  if (!object) fail(ErrorKind::corrupt, "{}@{}: {} is lost", datastore, tag, key);
  const TagRecord record = decode_tag(*object, datastore, tag, numbers.back());
  if (!record.version) return std::nullopt;
  return Tag{.name = std::string(tag),
             .version = *record.version,
             .set = record.set,
             .set_by = record.set_by};
}

std::vector<Tag> list_tags(const backend::Backend& backend, std::string_view datastore,
                           std::vector<UnreadableTag>* unreadable) {
  std::vector<std::string> names = backend.list_names(store::tags_prefix(datastore));
  std::sort(names.begin(), names.end());
  std::vector<Tag> tags;
  for (std::string& name : names) {
    if (!name.ends_with('/')) continue;
    name.pop_back();
    if (!is_tag(name)) continue;
    try {
      if (std::optional<Tag> tag = find_tag(backend, datastore, name))
        tags.push_back(std::move(*tag));
    } catch (const Error& error) {  // the others can be shown
      if (unreadable == nullptr || is_outage(backend, error)) throw;
      unreadable->push_back({name, error.what()});
    }
  }
  return tags;
}

static void add_record(backend::Backend& backend, std::string_view datastore, std::string_view tag,
                       const TagRecord& record) {
  create_next(backend, store::tag_prefix(datastore, tag),
              fmt::format("the tag {}@{}", datastore, tag),
              [&](VersionNumber number) { return encode_tag(datastore, tag, number, record); });
}

// A damaged one is as good as another that is to be replaced.
static std::optional<Tag> find_sound_tag(const backend::Backend& backend,
                                         std::string_view datastore, std::string_view tag) {
  try {
    return find_tag(backend, datastore, tag);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return Tag{.name = std::string(tag)};
  }
}

void set_tag(backend::Backend& backend, std::string_view datastore, std::string_view tag,
             VersionNumber version, std::string_view set_by) {
  check_datastore_name(datastore);
  check_tag(tag);
  const std::optional<Tag> before = find_sound_tag(backend, datastore, tag);
  if (before && before->version == version) return;
  add_record(backend, datastore, tag,
             {.version = version, .set = utc_now(), .set_by = std::string(set_by)});
}

bool remove_tag(backend::Backend& backend, std::string_view datastore, std::string_view tag,
                std::string_view removed_by) {
  check_datastore_name(datastore);
  check_tag(tag);
  if (!find_sound_tag(backend, datastore, tag)) return false;
  add_record(backend, datastore, tag, {.set = utc_now(), .set_by = std::string(removed_by)});
  return true;
}

}  // namespace grid::dataset
