// Many files in one answer: a folder as an archive, and batches of small files.
#include "base/hex.h"
#include "base/text.h"
#include "care/archive_stream.h"
#include "net/url.h"
#include "server/api.h"
#include "server/body_file.h"
#include "service/file_batch.h"

namespace grid::server {

namespace {

constexpr std::uint64_t path_list_size_max = 16 << 20;   // bytes of a body
constexpr std::uint64_t batch_file_size_max = 64 << 10;  // bytes, unless the client says otherwise

// An archive. Its first piece is made before the status is sent.
class ArchiveSource : public BodySource {
 public:
  ArchiveSource(Slots::Slot slot, std::unique_ptr<care::ArchiveStream> stream)
      : slot_(std::move(slot)), stream_(std::move(stream)), first_(stream_->next()) {}

  BytesView next(std::size_t) override {
    return first_ ? *std::exchange(first_, {}) : stream_->next();
  }

 private:
  const Slots::Slot slot_;
  const std::unique_ptr<care::ArchiveStream> stream_;
  std::optional<BytesView> first_;
};

// Waits for its turn before it reads anything: a page asks for many batches together.
class BatchSource : public BodySource {
 public:
  BatchSource(Slots& slots, std::unique_ptr<service::FileBatch> batch)
      : slots_(slots), batch_(std::move(batch)) {}

  std::chrono::milliseconds pause() override {
    constexpr std::chrono::milliseconds between_looks{5};
    if (!slot_)
      if (auto slot = slots_.take()) slot_.emplace(std::move(*slot));
    return slot_ ? std::chrono::milliseconds(0) : between_looks;
  }
  BytesView next(std::size_t) override { return batch_->next(); }

 private:
  Slots& slots_;
  std::optional<Slots::Slot> slot_;
  const std::unique_ptr<service::FileBatch> batch_;
};

care::ArchiveFormat archive_format(const Call& call) {
  const std::string format = call.request.query("format").value_or("zip");
  if (format == "zip") return care::ArchiveFormat::zip;
  if (format == "tar") return care::ArchiveFormat::tar;
  fail(ErrorKind::invalid_argument, "format is \"{}\"; it is zip or tar", to_utf8(format));
}

// Paths below the folder of the call, as they are in the version. A form has text only: a name that
// is not UTF-8 comes as the hexadecimal digits of its bytes.
std::vector<std::string> selected_paths(const Call& call) {
  const RequestBody body(call.request);
  const std::string_view form = as_text(body.bytes());
  std::vector<std::string> paths = form_values(form, "path");
  for (const std::string& hex : form_values(form, "path_hex")) {
    Bytes bytes(hex.size() / 2);
    if (!from_hex(hex, bytes))
      fail(ErrorKind::invalid_argument, "path_hex is not the hexadecimal digits of bytes");
    paths.emplace_back(as_text(bytes));
  }
  for (std::string& path : paths) {
    path = service::path_in_version(path);
    if (path.empty()) fail(ErrorKind::invalid_argument, "a path of the selection is empty");
    if (!call.part("path").empty()) path = call.part("path") + "/" + path;
  }
  if (paths.empty())
    fail(ErrorKind::invalid_argument, "the body selects nothing: it is path=a.jpg&path=folder");
  return paths;
}

care::Selection selection_of(const Call& call, const service::OpenVersion& version) {
  const std::string& folder = call.part("path");
  if (!folder.empty() && service::entry_at(version, folder).kind() != tree::EntryKind::folder)
    fail(ErrorKind::invalid_argument, "{}: {} is not a folder", version.text(), folder);
  if (call.request.method != "POST") return care::Selection::all_of(version.manifest, folder);
  try {
    return care::Selection::some_of(version.manifest, selected_paths(call));
  } catch (const Error& error) {
    throw error.within(version.text());
  }
}

Response read_archive(const Api& api, const Call& call) {
  const care::ArchiveFormat format = archive_format(call);
  const service::OpenVersion version = api.open_version(call.part("name"), call.part("version"));
  care::Selection selection = selection_of(call, version);
  const std::string& path = call.part("path");
  const std::string top = path.empty() ? fmt::format("{}-{}", version.name, version.record.number)
                                       : std::string(split_path(path).second);
  const bool is_zip = format == care::ArchiveFormat::zip;
  Response response;
  response.headers.add("Content-Type", is_zip ? "application/zip" : "application/x-tar");
  response.headers.add(
      "Content-Disposition",
      fmt::format("attachment; filename*=UTF-8''{}.{}",
                  net::percent_encode(top, net::Slash::encode), is_zip ? "zip" : "tar"));
  response.headers.add("Cache-Control", "private, no-store");
  if (call.request.method == "HEAD") return response;
  std::optional<Slots::Slot> slot = api.archive_slots().take();
  if (!slot) {
    response = error_response(503, ErrorKind::unavailable,
                              "the server is making as many archives as it can: try again soon");
    response.headers.add("Retry-After", "5");
    return response;
  }
  response.source = std::make_unique<ArchiveSource>(
      std::move(*slot),
      std::make_unique<care::ArchiveStream>(api.store(), std::move(selection), path, top, format));
  return response;
}

Response read_batch(const Api& api, const Call& call) {
  const RequestBody text(call.request);
  const auto read = [](const JsonObject& body) {
    return service::FileBatchRequest{
        .paths = body.find_texts("paths").value_or(std::vector<std::string>{}),
        .size_max = body.find_number("size_max").value_or(batch_file_size_max)};
  };
  service::FileBatchRequest request =
      read_body(as_text(text.bytes()), read, {.size_max = path_list_size_max});
  if (request.paths.empty()) fail(ErrorKind::invalid_argument, "the body has no paths");
  Response response;
  response.headers.add("Content-Type", "application/octet-stream");
  response.headers.add("Cache-Control", "no-store");
  response.source = std::make_unique<BatchSource>(
      api.batch_slots(), std::make_unique<service::FileBatch>(
                             api.store(), api.open_version(call.part("name"), call.part("version")),
                             std::move(request)));
  return response;
}

}  // namespace

std::vector<Route> copy_routes() {
  return {{"GET",
           "/api/v1/datastores/{name}/versions/{version}/archive/{path...}",
           Needs::reader,
           "Read a folder, or without a path the whole version, as one archive",
           {{"format", "string", "zip, or tar; zip if it is missing"}},
           read_archive},
          {"POST",
           "/api/v1/datastores/{name}/versions/{version}/archive/{path...}",
           Needs::reader,
           "Read some entries of a folder as one archive: the body is path=a.jpg&path=folder",
           {{"format", "string", "zip, or tar; zip if it is missing"}},
           read_archive,
           path_list_size_max},
          {"POST",
           "/api/v1/datastores/{name}/versions/{version}/batch",
           Needs::reader,
           "Read many small files in one answer: the body is {\"paths\": [...], \"size_max\"}",
           {},
           read_batch,
           path_list_size_max}};
}

}  // namespace grid::server
