// Versions sent by clients: digests first, whole files piece by piece, or an archive in one
// request.
#include "base/text.h"
#include "server/api.h"
#include "server/body_file.h"
#include "service/uploads.h"

namespace grid::server {

namespace {

constexpr std::uint64_t archive_size_max = std::uint64_t{1} << 42;  // bytes
constexpr std::uint64_t upload_part_size_max = 256 << 20;  // bytes of a file, in one request

service::Uploader uploader_of(const Call& call) {
  return {.token_id = call.caller.token_id, .is_limited = !call.caller.datastores.empty()};
}

template <class Result>
Response upload_document(const Result& result) {
  return json_response([&](service::JsonWriter& json) { service::write_document(json, result); });
}

// A time as clients write it in a query: seconds since 1970, with a fraction if they like.
std::int64_t mtime_of(const Call& call) {
  const std::optional<std::string> text = call.request.query("mtime_ns");
  if (!text) return 0;
  const auto value = parse_number<std::int64_t>(*text);
  if (!value)
    fail(ErrorKind::invalid_argument, "mtime_ns is \"{}\"; it is a number of nanoseconds",
         to_utf8(*text));
  return *value;
}

create::CreateNote note_of(const Call& call) {
  return {.name = call.part("name"),
          .message = call.request.query("message").value_or(""),
          .program = "grid serve",
          .created_by = call.caller.token_id.empty() ? "" : "token " + call.caller.token_id};
}

Response open_upload(const Api& api, const Call& call) {
  Response response = upload_document(api.uploads().open(call.part("name"), uploader_of(call)));
  response.status = 201;
  return response;
}

Response show_upload(const Api& api, const Call& call) {
  return upload_document(
      api.uploads().state(call.part("name"), call.part("upload"), uploader_of(call)));
}

Response remove_upload(const Api& api, const Call& call) {
  api.uploads().remove(call.part("name"), call.part("upload"), uploader_of(call));
  Response response;
  response.status = 204;
  return response;
}

Response name_missing(const Api& api, const Call& call) {
  const RequestBody body(call.request);
  const BytesView bytes = body.bytes();
  if (bytes.size() % sizeof(Digest) != 0 ||
      bytes.size() / sizeof(Digest) > service::upload_digests_max)
    fail(ErrorKind::invalid_argument, "the body is digests of 32 bytes each, {} at most",
         service::upload_digests_max);
  std::vector<Digest> digests(bytes.size() / sizeof(Digest));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(digests.data()));
  Response response;
  response.headers.add("Content-Type", "application/octet-stream");
  response.headers.add("Cache-Control", "no-store");
  response.body = api.uploads().missing(*api.store(), call.part("name"), call.part("upload"),
                                        uploader_of(call), digests);
  return response;
}

Response add_chunks(const Api& api, const Call& call) {
  const RequestBody body(call.request);
  try {
    return upload_document(api.uploads().add_chunks(
        *api.store(), call.part("name"), call.part("upload"), uploader_of(call), body.bytes()));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    return error_response(422, error.kind(), error.what());  // the client's bytes, not the store's
  }
}

Response add_files(const Api& api, const Call& call) {
  const RequestBody body(call.request);
  return upload_document(api.uploads().add_files(call.part("name"), call.part("upload"),
                                                 uploader_of(call), as_text(body.bytes())));
}

Response add_part(const Api& api, const Call& call) {
  const RequestBody body(call.request);
  const std::uint64_t size = body.bytes().size();
  const std::uint64_t offset = call.number("offset", 0, 0, UINT64_MAX / 2);
  const service::Uploads::FilePart part{
      .path = call.part("path"),
      .offset = offset,
      .size = call.number("size", offset + size, 0, UINT64_MAX / 2),
      .mtime_ns = mtime_of(call),
      .executable = call.request.query("executable").value_or("false") == "true"};
  const auto added = api.uploads().add_part(call.part("name"), call.part("upload"),
                                            uploader_of(call), part, body.bytes());
  return json_response([&](service::JsonWriter& json) {
    json.begin_object()
        .name_member("path", added.path)
        .member("received", added.received)
        .member("complete", added.received == part.size)
        .end_object();
  });
}

Response commit(const Api& api, const Call& call) {
  try {
    Response response = upload_document(api.uploads().commit(
        *api.store(), call.part("name"), call.part("upload"), uploader_of(call), note_of(call)));
    response.status = 201;
    return response;
  } catch (const service::MissingChunks& missing) {
    Response response = json_response([&](service::JsonWriter& json) {
      json.begin_object().key("error").begin_object();
      json.member("kind", name_of(missing.kind())).member("message", missing.what()).end_object();
      json.key("missing").begin_array();
      for (const Digest& digest : missing.digests()) json.value(digest.hex());
      json.end_array().end_object();
    });
    response.status = status_of(missing.kind());
    return response;
  }
}

// A tar or zip file in one request becomes a version.
Response create_from_archive(const Api& api, const Call& call) {
  const std::shared_ptr<dataset::OpenStore> store = api.store();
  BodyFile memory(api.settings().state_folder / "uploads");
  const BodyFile* file = call.request.body_file.get();
  if (file == nullptr) {
    memory.append(as_bytes(call.request.body));
    file = &memory;
  }
  service::CreateRequest request;
  request.options.input.sources = {{.where = "upload"}};
  request.options.input.open_source = [path = file->path().string()] {
    return source::open_sources({{.where = path, .extract = true}}, {});
  };
  request.options.note = note_of(call);
  Response response =
      upload_document(service::DatastoreCreate(api.settings(), *store, std::move(request)).run());
  response.status = 201;
  return response;
}

}  // namespace

std::vector<Route> upload_routes() {
  return {
      {"PUT",
       "/api/v1/datastores/{name}/archive",
       Needs::writer,
       "Make a version of a tar or zip file: the body",
       {{"message", "string", "what the version is"}},
       create_from_archive,
       archive_size_max},
      {"POST",
       "/api/v1/datastores/{name}/uploads",
       Needs::writer,
       "Begin an upload",
       {},
       open_upload},
      {"GET",
       "/api/v1/datastores/{name}/uploads/{upload}",
       Needs::writer,
       "Say what of an upload has arrived",
       {},
       show_upload},
      {"DELETE",
       "/api/v1/datastores/{name}/uploads/{upload}",
       Needs::writer,
       "Give an upload up",
       {},
       remove_upload},
      {"POST",
       "/api/v1/datastores/{name}/uploads/{upload}/missing",
       Needs::writer,
       "Say which chunks must be sent: digests in, a byte for each out",
       {},
       name_missing,
       service::upload_digests_max * sizeof(Digest)},
      {"POST",
       "/api/v1/datastores/{name}/uploads/{upload}/chunks",
       Needs::writer,
       "Send chunks: for each its digest, its size as u32, and its bytes",
       {},
       add_chunks,
       service::upload_chunks_size_max},
      {"POST",
       "/api/v1/datastores/{name}/uploads/{upload}/files",
       Needs::writer,
       "List files with their chunks: a JSON document",
       {},
       add_files,
       service::upload_files_size_max},
      {"PUT",
       "/api/v1/datastores/{name}/uploads/{upload}/files/{path...}",
       Needs::writer,
       "Send a part of a whole file, for the server to cut",
       {{"offset", "integer", "of the part: how many bytes are there already"},
        {"size", "integer", "of the whole file; this part is the last if it is missing"},
        {"mtime_ns", "integer", "of the file, in nanoseconds since 1970"},
        {"executable", "string", "true or false"}},
       add_part,
       upload_part_size_max},
      {"POST",
       "/api/v1/datastores/{name}/uploads/{upload}/commit",
       Needs::writer,
       "Make the version of the files that were listed",
       {{"message", "string", "what the version is"}},
       commit},
  };
}

}  // namespace grid::server
