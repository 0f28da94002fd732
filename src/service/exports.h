// Writes versions, or parts of them, as plain files.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "care/exporter.h"
#include "service/entries.h"
#include "service/json.h"

namespace grid::service {

struct ExportRequest {
  OpenVersion version;
  std::string path;         // canonical: see export_path(); empty: the whole version
  std::string destination;  // a path
};

// The canonical form of a path in a version, for an export. Throws `not_found` if the version does
// not have it.
std::string export_path(const OpenVersion& version, std::string_view written);

struct Export {
  std::string name;  // of the datastore
  dataset::VersionNumber version = 0;
  std::string path, destination;
  std::uint64_t files = 0, bytes = 0;  // written
  care::ExportReport report;           // of what was not
  std::chrono::nanoseconds elapsed{};
};

// Throws as care::export_tree() does.
Export export_version(const dataset::OpenStore& store, const ExportRequest& request,
                      care::ExportProgress& progress);

void write_document(JsonWriter& json, const Export& done);

}  // namespace grid::service
