#include "service/exports.h"

#include "base/error.h"

namespace grid::service {

std::string export_path(const OpenVersion& version, std::string_view written) {
  std::string path = path_in_version(written);
  if (!path.empty()) entry_at(version, path);
  return path;
}

Export export_version(const dataset::OpenStore& store, const ExportRequest& request,
                      care::ExportProgress& progress) {
  const auto started = std::chrono::steady_clock::now();
  const OpenVersion& version = request.version;
  try {
    care::export_tree(store, version.manifest, request.path, request.destination, progress);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::changed) throw error.within(version.text());
    throw;
  }
  return {.name = version.name,
          .version = version.record.number,
          .path = request.path,
          .destination = request.destination,
          .files = progress.files_done,
          .bytes = progress.bytes_done,
          .elapsed = std::chrono::steady_clock::now() - started};
}

void write_document(JsonWriter& json, const Export& done) {
  json.begin_object().member("name", done.name).member("version", done.version);
  json.name_member("path", done.path).name_member("destination", done.destination);
  json.member("files", done.files).member("bytes", done.bytes);
  json.member("seconds", std::chrono::duration<double>(done.elapsed).count()).end_object();
}

}  // namespace grid::service
