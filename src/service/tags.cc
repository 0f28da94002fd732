#include "service/tags.h"

#include <algorithm>

#include "base/error.h"
#include "base/user.h"
#include "care/pack_check.h"
#include "service/verification.h"

namespace grid::service {

TagList readable_tags(const dataset::OpenStore& store, const std::string& name) {
  TagList list{.name = name, .tags = {}, .unreadable = {}};
  std::vector<dataset::UnreadableTag> unreadable;
  list.tags = dataset::list_tags(*store.backend, name, &unreadable);
  for (dataset::UnreadableTag& tag : unreadable)
    list.unreadable.push_back(care::damage_at(name, 0, "", std::move(tag.reason)));
  return list;
}

TagList list_tags(const dataset::OpenStore& store, const std::string& name) {
  store.datastores->resolve_number({.name = name});
  return readable_tags(store, name);
}

// What the tag meant, for showing; a damaged one meant nothing that is known.
static std::optional<dataset::VersionNumber> version_before(const dataset::OpenStore& store,
                                                            const std::string& name,
                                                            const std::string& tag) {
  try {
    const std::optional<dataset::Tag> found = dataset::find_tag(*store.backend, name, tag);
    return found ? std::optional(found->version) : std::nullopt;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return std::nullopt;
  }
}

MovedTag set_tag(const dataset::OpenStore& store, const dataset::Reference& reference,
                 const std::string& tag) {
  dataset::check_tag(tag);
  const dataset::VersionNumber number = store.datastores->resolve_number(reference);
  MovedTag moved{.name = reference.name,
                 .tag = tag,
                 .version = number,
                 .before = version_before(store, reference.name, tag)};
  dataset::set_tag(*store.backend, reference.name, tag, number, user_at_host());
  return moved;
}

MovedTag remove_tag(const dataset::OpenStore& store, const std::string& name,
                    const std::string& tag) {
  dataset::check_tag(tag);
  MovedTag removed{
      .name = name, .tag = tag, .version = {}, .before = version_before(store, name, tag)};
  if (!dataset::remove_tag(*store.backend, name, tag, user_at_host()))
    store.datastores->resolve_number({.name = name, .tag = tag});  // says which there are
  return removed;
}

MovedTag show_tag(const dataset::OpenStore& store, const std::string& name,
                  const std::string& tag) {
  dataset::check_tag(tag);
  const dataset::VersionNumber number =
      store.datastores->resolve_number({.name = name, .tag = tag});
  return {.name = name, .tag = tag, .version = number, .before = number};
}

std::string tags_of(const std::vector<dataset::Tag>& tags, dataset::VersionNumber number) {
  std::string text;
  for (const dataset::Tag& tag : tags)
    if (tag.version == number) text += (text.empty() ? "" : ", ") + tag.name;
  return text;
}

void refuse_if_tagged(const dataset::OpenStore& store, const std::string& name,
                      const std::vector<dataset::VersionNumber>& numbers, std::string_view ending) {
  std::vector<dataset::UnreadableTag> unreadable;
  const std::vector<dataset::Tag> tags = dataset::list_tags(*store.backend, name, &unreadable);
  if (!unreadable.empty())
    fail(ErrorKind::corrupt,
         "{}; the tag may be of a version that is to be deleted, so {}: set it again, or say "
         "--force",
         unreadable[0].reason, ending);
  for (const dataset::Tag& tag : tags)
    if (std::find(numbers.begin(), numbers.end(), tag.version) != numbers.end())
      fail(ErrorKind::unavailable,
           "{} has the tag {}; {}: remove the tag (grid datastore tag {} --delete {}), or say "
           "--force",
           dataset::spell(name, tag.version), tag.name, ending, name, tag.name);
}

void write_tags_member(JsonWriter& json, const std::vector<dataset::Tag>& tags) {
  json.key("tags").begin_array();
  for (const dataset::Tag& tag : tags) {
    json.begin_object().member("tag", tag.name).member("version", tag.version);
    json.member("set", tag.set).member("set_by", tag.set_by).end_object();
  }
  json.end_array();
}

void write_document(JsonWriter& json, const TagList& list) {
  json.begin_object().member("name", list.name);
  write_tags_member(json, list.tags);
  write_damages(json, "unreadable", list.unreadable);
  json.end_object();
}

void write_document(JsonWriter& json, const MovedTag& tag) {
  json.begin_object().member("name", tag.name).member("tag", tag.tag);
  for (const auto& [member, number] :
       {std::pair{"version", tag.version}, std::pair{"before", tag.before}}) {
    json.key(member);
    if (number)
      json.value(*number);
    else
      json.null();
  }
  json.end_object();
}

}  // namespace grid::service
