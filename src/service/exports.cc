#include "service/exports.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "care/archive_stream.h"
#include "care/destination.h"
#include "store/codec.h"

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
  if (mtime_ns) care::set_folder_time(request.destination, *mtime_ns);
}

static bool is_absent_or_empty(const std::filesystem::path& folder) {
  std::error_code error;
  return !std::filesystem::exists(folder, error) || std::filesystem::is_empty(folder, error);
}

Export export_version(const dataset::OpenStore& store, const ExportRequest& request,
                      care::ExportProgress& progress) {
  const auto started = std::chrono::steady_clock::now();
  const OpenVersion& version = request.version;
  care::ExportReport report;
  // A folder in which something else was before keeps its time.
  const bool is_new = is_absent_or_empty(request.destination);
  try {
    report = care::export_tree(store, version.manifest, request.path, request.destination, progress,
                               request.existing);
  } catch (const Error& error) {
    if (progress.files_total == 0) throw;  // it is about the destination
    throw error.within(version.text());
  }
  if (is_new) set_top_time(request);
  return {.name = version.name,
          .version = version.record.number,
          .path = request.path,
          .destination = request.destination,
          .files = progress.files_done,
          .bytes = progress.bytes_done,
          .report = std::move(report),
          .elapsed = std::chrono::steady_clock::now() - started};
}

std::optional<ArchiveKind> find_archive_kind(std::string_view file_name) {
  if (file_name.ends_with(".tar.zst") || file_name.ends_with(".tzst")) return ArchiveKind::tar_zst;
  if (file_name.ends_with(".tar")) return ArchiveKind::tar;
  if (file_name.ends_with(".zip")) return ArchiveKind::zip;
  return std::nullopt;
}

Export export_archive(const std::shared_ptr<const dataset::OpenStore>& store,
                      const ExportRequest& request, ArchiveKind kind,
                      care::ExportProgress& progress, const std::function<void(BytesView)>& write) {
  const auto started = std::chrono::steady_clock::now();
  const OpenVersion& version = request.version;
  tree::TreeTotals totals;
  tree::EntryCursor counted(version.manifest, version.manifest->subtree(request.path));
  if (request.path.empty())
    totals = version.record.totals;
  else
    while (const std::optional<tree::EntryRef> entry = counted.next())
      totals.add(entry->kind(), entry->kind() == tree::EntryKind::file ? entry->size() : 0, false);
  progress.bytes_total = totals.bytes;
  progress.files_total = totals.files;
  care::ArchiveStream archive(
      store, care::Selection::all_of(version.manifest, request.path), request.path, "",
      kind == ArchiveKind::zip ? care::ArchiveFormat::zip : care::ArchiveFormat::tar);
  std::optional<store::StreamCompressor> compressor;
  if (kind == ArchiveKind::tar_zst) compressor.emplace();
  try {
    for (BytesView piece; !(piece = archive.next()).empty();) {
      write(compressor ? compressor->add(piece) : piece);
      progress.bytes_done =
          std::min<std::uint64_t>(totals.bytes, progress.bytes_done + piece.size());
    }
  } catch (const Error& error) {
    throw error.within(version.text());
  }
  if (compressor) write(compressor->finish());
  progress.files_done = totals.files;
  return {.name = version.name,
          .version = version.record.number,
          .path = request.path,
          .destination = request.destination,
          .files = totals.files,
          .bytes = totals.bytes,
          .report = {},
          .elapsed = std::chrono::steady_clock::now() - started};
}

Export export_archive_file(const std::shared_ptr<const dataset::OpenStore>& store,
                           const ExportRequest& request, ArchiveKind kind,
                           care::ExportProgress& progress) {
  namespace fs = std::filesystem;
  const fs::path to = request.destination;
  const bool replaces = request.existing == care::Existing::replace;
  const auto refuse_if_taken = [&] {
    if (!replaces && fs::exists(fs::symlink_status(to)))
      fail(ErrorKind::already_exists, "{} exists already (--force replaces it)", to.string());
  };
  refuse_if_taken();
  fs::path part = to;
  part += ".part-" + random_hex(8);
  const FileDescriptor fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!fd) throw system_error(errno, fmt::format("cannot create {}", part.string()));
  try {
    Export done = export_archive(store, request, kind, progress, [&](BytesView piece) {
      write_all(fd.get(), piece, part.string());
    });
    refuse_if_taken();
    fs::rename(part, to);
    return done;
  } catch (...) {  // passed on
    ::unlink(part.c_str());
    throw;
  }
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
