// Turns the datastore references in a script's command line into the paths at which the run sees
// those versions. What a reference is: see argument_references.h. The caller says which versions
// exist.
//
// A datastore without a version means the version that the run pins: the one named by
// --datastore_name or --datastore_version, else the newest.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/datastore.h"
#include "run/argument_references.h"

namespace grid::run {

inline constexpr std::string_view default_mount_folder = "/datastores";

struct ReferenceRequest {
  std::vector<std::string> command;          // the script and its arguments
  std::vector<std::string> datastore_names;  // "cats" or "cats:2": attached and pinned
  std::string datastore_version;             // "2" or "latest", of the only datastore; or empty
  std::string mount_folder = std::string(default_mount_folder);
  bool literal = false;  // the command has no references: it is passed as it is
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

// Versions that are only mentioned, as in a quoted command, are attached where they exist. Throws
// `invalid_argument` for options that contradict each other or name no datastore, and what
// find_references() and, for a reference that can mean nothing else, `resolve` throw.
ResolvedReferences resolve_references(const ReferenceRequest& request,
                                      const VersionResolver& resolve);

}  // namespace grid::run
