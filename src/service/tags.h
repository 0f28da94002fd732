// Tags: names for versions of a datastore that can be moved, as in cats@best.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "care/verify.h"
#include "dataset/open_store.h"
#include "dataset/tags.h"
#include "service/json.h"

namespace grid::service {

struct TagList {
  std::string name;  // of the datastore
  std::vector<dataset::Tag> tags;
  std::vector<care::Damage> unreadable;  // tags that are left out
};
// Throws `not_found` if the datastore has no ready version.
TagList list_tags(const dataset::OpenStore& store, const std::string& name);
// The same without looking for a ready version.
TagList readable_tags(const dataset::OpenStore& store, const std::string& name);

// A tag and where it points now.
struct MovedTag {
  std::string name;  // of the datastore
  std::string tag;
  std::optional<dataset::VersionNumber> version;  // empty: the tag was removed
  std::optional<dataset::VersionNumber> before;   // empty: it was new, or could not be read
};
// Lets a tag point at the version that `reference` means, which must be ready.
MovedTag set_tag(const dataset::OpenStore& store, const dataset::Reference& reference,
                 const std::string& tag);
// Throws `not_found` if there is no such tag.
MovedTag remove_tag(const dataset::OpenStore& store, const std::string& name,
                    const std::string& tag);
MovedTag show_tag(const dataset::OpenStore& store, const std::string& name, const std::string& tag);

// The tags of one version, divided by commas; empty: it has none.
std::string tags_of(const std::vector<dataset::Tag>& tags, dataset::VersionNumber number);

// Throws `unavailable` if one of the versions has a tag, and `corrupt` if a tag cannot be read,
// which may be one of theirs. `ending` closes the sentence: "nothing was deleted".
void refuse_if_tagged(const dataset::OpenStore& store, const std::string& name,
                      const std::vector<dataset::VersionNumber>& numbers, std::string_view ending);

void write_tags_member(JsonWriter& json, const std::vector<dataset::Tag>& tags);
void write_document(JsonWriter& json, const TagList& list);
void write_document(JsonWriter& json, const MovedTag& tag);

}  // namespace grid::service
