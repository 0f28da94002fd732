// Tags of a datastore: names for its versions that can be moved, as in cats@best. They are no part
// of a version, and of no digest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"
#include "dataset/records.h"

namespace grid::dataset {

struct Tag {
  std::string name;
  VersionNumber version = 0;  // which may have been deleted since
  std::string set{};          // when, RFC 3339, UTC
  std::string set_by{};       // user@host
};

struct UnreadableTag {
  std::string name;
  std::string reason;
};

// Empty if there is no such tag, or it was removed. Throws `corrupt` if its newest object is
// damaged: one before it may mean another version.
std::optional<Tag> find_tag(const backend::Backend& backend, std::string_view datastore,
                            std::string_view tag);

// By name. Those that cannot be read are left out and added to `unreadable`; if that is null,
// throws instead. A server that cannot be reached is an error in either case.
std::vector<Tag> list_tags(const backend::Backend& backend, std::string_view datastore,
                           std::vector<UnreadableTag>* unreadable = nullptr);

// Makes a tag, or moves it; of two who do it at once, either wins. Does nothing if it points there
// already. The version is not looked at. Throws `invalid_argument` for what cannot be a tag.
void set_tag(backend::Backend& backend, std::string_view datastore, std::string_view tag,
             VersionNumber version, std::string_view set_by);

// Returns false if there is no such tag. Removes a damaged one too.
bool remove_tag(backend::Backend& backend, std::string_view datastore, std::string_view tag,
                std::string_view removed_by);

}  // namespace grid::dataset
