#include "server/api.h"
#include "server/version_file.h"
#include "store/layout.h"

namespace grid::server {

namespace {

// Neither "latest" nor a tag, which may mean another version tomorrow.
bool names_number(std::string_view version) { return store::parse_number(version).has_value(); }

Response respond(ServedFile file, std::string etag, const Call& call) {
  file.path = call.part("path");
  file.etag = std::move(etag);
  file.never_changes = names_number(call.part("version"));
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
  const service::OpenVersion version = api.open_version(call.part("name"), call.part("version"));
  const tree::EntryRef entry = file_in(version, call.part("path"));
  const tree::Content content = entry.content();
  // Files are the same if their contents are. It must not look like an MD5 digest.
  std::string etag = fmt::format("\"{}-{}\"", content.digest.hex(), content.depth);
  Response response = respond(served_file(api, version, entry), std::move(etag), call);
  if (names_number(call.part("version")) && !entry.is_in_place())
    keep(api, call, version.record.number, entry, response);
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
