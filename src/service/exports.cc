#include "service/exports.h"

#include "base/error.h"
#include "care/destination.h"

namespace grid::service {

std::string export_path(const OpenVersion& version, std::string_view written) {
  std::string path = path_in_version(written);
  try {
    if (!path.empty()) entry_at(version, path);
  } catch (const Error& error) {
    // Damage: what lies below the path may be there all the same.
    if (error.kind() != ErrorKind::corrupt) throw;
  }
  return path;
}

// Empty if its segment is lost: then the report of the export says so.
static std::optional<tree::EntryRef> find_entry(const ExportRequest& request) {
  try {
    return request.version.manifest->find_path(request.path);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// The time of the destination, if it is a folder. Set last: writing into a folder changes its time.
static void set_top_time(const ExportRequest& request) {
  std::optional<std::int64_t> mtime_ns = request.version.record.top_mtime_ns;
  if (!request.path.empty()) {
    const std::optional<tree::EntryRef> entry = find_entry(request);
    if (!entry || entry->kind() != tree::EntryKind::folder) return;
    mtime_ns = entry->mtime_ns();
  }
  if (!mtime_ns) return;
  care::set_folder_time(request.destination, *mtime_ns);
}

Export export_version(const dataset::OpenStore& store, const ExportRequest& request,
                      care::ExportProgress& progress) {
  const auto started = std::chrono::steady_clock::now();
  const OpenVersion& version = request.version;
  care::ExportReport report;
  try {
    report =
        care::export_tree(store, version.manifest, request.path, request.destination, progress);
  } catch (const Error& error) {
    if (progress.files_total == 0) throw;  // it is about the destination
    throw error.within(version.text());
  }
  set_top_time(request);
  return {.name = version.name,
          .version = version.record.number,
          .path = request.path,
          .destination = request.destination,
          .files = progress.files_done,
          .bytes = progress.bytes_done,
          .report = std::move(report),
          .elapsed = std::chrono::steady_clock::now() - started};
}

void write_document(JsonWriter& json, const Export& done) {
  json.begin_object().member("name", done.name).member("version", done.version);
  json.name_member("path", done.path).name_member("destination", done.destination);
  json.member("files", done.files).member("bytes", done.bytes);
  json.member("seconds", std::chrono::duration<double>(done.elapsed).count());
  json.member("failed", done.report.failed).key("failures").begin_array();
  for (const care::ExportFailure& failure : done.report.failures) {
    json.begin_object().name_member("path", failure.path);
    json.member("kind", name_of(failure.kind)).member("reason", failure.reason).end_object();
  }
  json.end_array().end_object();
}

}  // namespace grid::service
