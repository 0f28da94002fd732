#include "server/api.h"
#include "server/served_file.h"

namespace grid::server {

namespace {

Response respond(ServedFile file, std::string etag, const Call& call) {
  file.path = call.part("path");
  file.etag = std::move(etag);
  file.never_changes = call.part("version") != "latest";
  return file_response(std::move(file), call);
}

// Lets the next request for the same find its answer in memory.
void keep(const Api& api, const Call& call, dataset::VersionNumber number,
          const tree::EntryRef& entry, const Response& response) {
  if (call.request.method != "GET" || response.status != 200 || !api.is_near() ||
      !api.kept_files().wants_file())
    return;
  const tree::Content content = entry.content();
  api.kept_files().add(call.request.target,
                       {call.part("name"), number, entry.size(), content,
                        std::make_shared<const std::string>(header_lines(response.headers))});
}

Response read_file(const Api& api, const Call& call) {
  const std::shared_ptr<dataset::OpenStore> store = api.store();
  const service::OpenVersion version = api.open_version(call.part("name"), call.part("version"));
  const std::string& path = call.part("path");
  const tree::EntryRef entry =
      service::without_hard_link(*version.manifest, service::entry_at(version, path));
  if (entry.kind() != tree::EntryKind::file)
    fail(ErrorKind::invalid_argument, "{}: {} is not a file but a {}", version.text(), path,
         tree::name_of(entry.kind()));
  const tree::Content content = entry.content();
  // Files are the same if their contents are. It must not look like an MD5 digest.
  std::string etag = fmt::format("\"{}-{}\"", content.digest.hex(), content.depth);
  if (entry.is_in_place()) {
    const auto read = [store, manifest = version.manifest, entry](
                          std::uint64_t offset, std::size_t size, Bytes& scratch) {
      return store->files->read_file_part(*manifest, entry, offset, size, scratch);
    };
    return respond({.size = entry.size(), .read = read}, std::move(etag), call);
  }
  Response response =
      respond(api.kept_files().serve(store, content, entry.size()), std::move(etag), call);
  if (call.part("version") != "latest") keep(api, call, version.record.number, entry, response);
  return response;
}

Response count_chunks(const Api& api, const Call& call) {
  const service::FileChunks chunks = service::count_chunks(
      *api.store(), api.open_version(call.part("name"), call.part("version")), call.part("path"));
  return json_response([&](service::JsonWriter& json) { service::write_document(json, chunks); });
}

}  // namespace

std::vector<Route> file_routes() {
  return {{.method = "GET",
           .pattern = file_pattern,
           .needs = Needs::reader,
           .summary = "Read a file, or ranges of it",
           .parameters = {{"download", "string", "present: as an attachment, whatever its type"}},
           .answer = read_file},
          {.method = "GET",
           .pattern = "/api/v1/datastores/{name}/versions/{version}/chunks/{path...}",
           .needs = Needs::reader,
           .summary = "Count the chunks of a file",
           .parameters = {},
           .answer = count_chunks}};
}

}  // namespace grid::server
