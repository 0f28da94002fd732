// Finds the datastore references in a script's command line and turns them into the paths at
// which the run sees those versions. Pure functions: the caller says which versions exist.
//
//   grid:cats:3  grid:cats:latest  grid:cats     at the start of an argument, or right after its
//   /datastores/cats/3/a.jpg  /datastores/cats   first '='; each with or without a path below
//
// A datastore without a version means the version that the run pins: the one named by
// --datastore_name or --datastore_version, else the newest.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/datastore.h"

namespace grid::run {

inline constexpr std::string_view default_mount_folder = "/datastores";

// A reference in one argument: the text from `offset` on.
struct ArgumentReference {
  std::size_t offset = 0;
  dataset::Reference reference;
  std::string path;  // after the version, with its leading '/'; or empty

  bool operator==(const ArgumentReference& other) const {
    return offset == other.offset && reference.name == other.reference.name &&
           reference.version == other.reference.version &&
           reference.named_latest == other.reference.named_latest && path == other.path;
  }
};

// Empty if the argument refers to no datastore. Throws `invalid_argument` for a malformed
// reference. Paths below `mount_folder` and paths below /datastores are both references.
std::optional<ArgumentReference> find_reference(std::string_view argument,
                                                std::string_view mount_folder);

struct ReferenceRequest {
  std::vector<std::string> command;          // the script and its arguments
  std::vector<std::string> datastore_names;  // "cats" or "cats:2": attached and pinned
  std::string datastore_version;             // "2" or "latest", of the only datastore; or empty
  std::string mount_folder = std::string(default_mount_folder);
};

// A version that the run was told to attach.
struct AttachedVersion {
  std::string name;  // of the datastore
  dataset::VersionRecord record;
  bool newest = false;  // asked for as the newest, at least once

  bool operator==(const AttachedVersion&) const = default;
};

struct ResolvedReferences {
  std::vector<std::string> command;                    // with paths in place of references
  std::vector<AttachedVersion> versions;               // by name, then version; each once
  std::map<std::string, dataset::VersionNumber> pins;  // what /datastores/NAME stands for
  bool pins_were_named = false;                        // by an option, at least one
};

// As dataset::Datastores::resolve(): throws `not_found` with the nearest names or versions.
using VersionResolver = std::function<dataset::Version(const dataset::Reference&)>;

// Throws `invalid_argument` for options that contradict each other or name no datastore, and what
// find_reference() and `resolve` throw.
ResolvedReferences resolve_references(const ReferenceRequest& request,
                                      const VersionResolver& resolve);

}  // namespace grid::run
