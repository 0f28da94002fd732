// Writes versions, or parts of them, as plain files.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "care/exporter.h"
#include "service/entries.h"
#include "service/json.h"

namespace grid::service {

struct ExportRequest {
  OpenVersion version;
  std::string path;         // canonical: see export_path(); empty: the whole version
  std::string destination;  // a path
  care::Existing existing = care::Existing::refuse;
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

enum class ArchiveKind { tar, tar_zst, zip };
// By the end of the name of the archive: .tar, .tar.zst or .zip.
std::optional<ArchiveKind> find_archive_kind(std::string_view file_name);

// Hands everything below the request's path to `write`, piece by piece, as one archive; its
// destination is for the result alone. Throws for a file that cannot be read: the archive then has
// no end.
Export export_archive(const std::shared_ptr<const dataset::OpenStore>& store,
                      const ExportRequest& request, ArchiveKind kind,
                      care::ExportProgress& progress, const std::function<void(BytesView)>& write);
// The same into a file, which appears whole or not at all. Throws `already_exists` unless existing
// files are replaced.
Export export_archive_file(const std::shared_ptr<const dataset::OpenStore>& store,
                           const ExportRequest& request, ArchiveKind kind,
                           care::ExportProgress& progress);

void write_document(JsonWriter& json, const Export& done);

}  // namespace grid::service
