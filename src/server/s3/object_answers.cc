#include "base/text.h"
#include "base/utc.h"
#include "net/url.h"
#include "server/content_type.h"
#include "server/s3/answers.h"
#include "server/s3/linked_file.h"
#include "server/s3/listing.h"
#include "server/served_file.h"

namespace grid::server::s3 {

namespace {

using tree::EntryKind;
using tree::EntryRef;

// What a key names.
struct Object {
  service::OpenVersion version;
  std::optional<EntryRef> file{};  // empty: an empty folder
  std::uint64_t size = 0;          // bytes
  std::int64_t mtime_ns = 0;
  std::string etag;
  bool is_latest = false;

  std::chrono::system_clock::time_point modified() const {  // to the second, as headers say it
    return std::chrono::system_clock::time_point(
        std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds(mtime_ns)));
  }
};

std::optional<Object> find_in_version(service::OpenVersion version, std::string_view path) {
  const tree::Manifest& tree = *version.manifest;
  Object object{.version = version, .etag = etag_of_nothing()};
  const bool wants_folder = path.ends_with('/');
  if (wants_folder) path.remove_suffix(1);
  const std::optional<EntryRef> entry = tree.find_path(path);
  if (!entry || (entry->kind() == EntryKind::folder) != wants_folder) return std::nullopt;
  if (wants_folder) {
    if (tree.children(path).count != 0) return std::nullopt;
    object.mtime_ns = entry->mtime_ns();
    return object;
  }
  object.file = find_linked_file(tree, *entry);
  if (!object.file) return std::nullopt;
  object.size = object.file->size();
  object.mtime_ns = object.file->mtime_ns();
  object.etag = etag_of(*object.file);
  return object;
}

std::variant<Object, S3Error> find_object(const S3Call& call) {
  const std::shared_ptr<dataset::OpenStore> store = call.api.store();
  std::string_view path = call.request.key;
  const bool names_path = path.find('/') != path.npos;
  const std::string_view version = take_until(path, '/');
  std::optional<service::OpenVersion> opened =
      call.versions.find(*store, call.request.bucket, version);
  if (!opened && store->datastores->ready_numbers(call.request.bucket).empty())
    return no_such_bucket(call.request.bucket);
  if (opened && names_path) {
    if (std::optional<Object> object = find_in_version(*std::move(opened), path)) {
      object->is_latest = version == "latest";
      return *std::move(object);
    }
  }
  return no_such_key(call.request.key);
}

// Seconds since 1970 with a fraction, as rclone and s3fs keep times.
std::string mtime_text(std::int64_t ns) {
  const auto magnitude = ns < 0 ? -static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  return fmt::format("{}{}.{:09}", ns < 0 ? "-" : "", magnitude / 1'000'000'000,
                     magnitude % 1'000'000'000);
}

void add_headers(const S3Call& call, const Object& object, HttpHeaders& headers) {
  headers.add("ETag", object.etag);
  headers.add("Last-Modified", http_date(object.modified()));
  headers.add("Accept-Ranges", "bytes");
  headers.add("x-amz-meta-mtime", mtime_text(object.mtime_ns));
  headers.add("Cache-Control",
              object.is_latest ? "private, no-cache" : "private, immutable, max-age=31536000");
  headers.add("Content-Type",
              object.file ? content_type_of(call.request.key, {}).name : "application/x-directory");
  for (const char* name : {"Content-Type", "Content-Language", "Expires", "Cache-Control",
                           "Content-Disposition", "Content-Encoding"}) {
    std::string parameter = fmt::format("response-{}", name);
    for (char& c : parameter)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (call.request.has(parameter)) headers.set(name, call.request.get(parameter));
  }
  // What a dataset holds must never act as a page of this server, whatever it is said to be.
  if (!is_safe_inline(headers.get("Content-Type")) &&
      !headers.get("Content-Disposition").starts_with("attachment"))
    headers.set("Content-Disposition", "attachment");
  headers.add("Content-Security-Policy", "sandbox; default-src 'none'");
  headers.add("Cross-Origin-Resource-Policy", "same-origin");
}

S3Error precondition_failed(std::string_view condition) {
  return {412,
          "PreconditionFailed",
          "the file is not as the request wants it",
          {{"Condition", std::string(condition)}}};
}

// A condition that is not met; 304 is an answer without a body.
std::optional<std::variant<int, S3Error>> check_conditions(const HttpHeaders& asked,
                                                           const Object& object) {
  const auto is_newer_than = [&](std::string_view header) {
    const auto date = net::parse_http_date(asked.get(header));
    return date ? std::optional<bool>(object.modified() > *date) : std::nullopt;
  };
  if (asked.contains("If-Match")) {
    if (!names_etag(asked.get("If-Match"), object.etag)) return precondition_failed("If-Match");
  } else if (is_newer_than("If-Unmodified-Since").value_or(false)) {
    return precondition_failed("If-Unmodified-Since");
  }
  if (asked.contains("If-None-Match")) {
    if (names_etag(asked.get("If-None-Match"), object.etag)) return 304;
  } else if (!is_newer_than("If-Modified-Since").value_or(true)) {
    return 304;
  }
  return std::nullopt;
}

// The one range that is asked for. Nullopt: the whole file, also where the header is malformed or
// asks for several; empty: no byte of the file.
std::optional<std::vector<Span>> range_of(const HttpHeaders& asked, const Object& object) {
  const std::string_view range = asked.get("Range"), if_range = asked.get("If-Range");
  if (range.empty() || range.find(',') != range.npos) return std::nullopt;
  if (!if_range.empty() && !names_etag(if_range, object.etag) &&
      net::parse_http_date(if_range) != object.modified())
    return std::nullopt;
  return parse_ranges(range, object.size);
}

S3Error invalid_range(std::string_view range, std::uint64_t size) {
  return {416,
          "InvalidRange",
          "no byte of the file is in the range",
          {{"RangeRequested", std::string(range)}, {"ActualObjectSize", std::to_string(size)}}};
}

ServedFile served_file(const S3Call& call, const Object& object) {
  const std::shared_ptr<dataset::OpenStore> store = call.api.store();
  ServedFile file;
  if (object.file->is_in_place())
    file.read = [store, manifest = object.version.manifest, entry = *object.file](
                    std::uint64_t offset, std::size_t size, Bytes& scratch) {
      return store->files->read_file_part(*manifest, entry, offset, size, scratch);
    };
  else
    file = call.api.kept_files().serve(store, object.file->content(), object.size);
  file.path = call.request.key;
  file.size = object.size;
  file.etag = object.etag;
  return file;
}

void add_body(const S3Call& call, const Object& object, const Span& span, Response& response) {
  response.size = span.size;
  if (call.request.http.method == "HEAD" || span.size == 0) return;
  ServedFile file = served_file(call, object);
  const bool is_whole = span.size == object.size;
  if (file.find_kept && is_whole)
    if (auto kept = file.find_kept(0); kept && kept->size() == span.size) {
      response.shared_body = std::move(kept);
      response.size.reset();
      return;
    }
  Bytes scratch;
  // Some of it is read before the status is sent: what is damaged or out of reach says so.
  const bool is_small = span.size <= file_piece_size;
  const std::size_t first_size = is_small ? static_cast<std::size_t>(span.size) : 512;
  FilePiece first = file.read(span.offset, first_size, scratch);
  if (is_small && first.bytes.size() == span.size) {
    if (first.kept && first.kept->size() == span.size)
      response.shared_body = std::move(first.kept);
    else
      response.body.assign(as_text(first.bytes));
    response.size.reset();
    return;
  }
  response.source =
      std::make_unique<FileSource>(std::move(file), std::vector<FileSource::Part>{{"", span}}, "");
}

}  // namespace

Answer answer_object(const S3Call& call) {
  const S3Request& request = call.request;
  std::variant<Object, S3Error> found = find_object(call);
  if (auto* error = std::get_if<S3Error>(&found)) return std::move(*error);
  const Object& object = std::get<Object>(found);
  if (std::optional<Answer> answer = answer_subresource(request)) return *std::move(answer);
  if (request.has("versionId") && request.get("versionId") != "null")
    return S3Error{404,
                   "NoSuchVersion",
                   "versions are the first component of keys here",
                   {{"VersionId", std::string(request.get("versionId"))}}};
  Response response;
  add_headers(call, object, response.headers);
  const HttpHeaders& asked = request.http.headers;
  if (auto condition = check_conditions(asked, object)) {
    if (auto* error = std::get_if<S3Error>(&*condition)) return std::move(*error);
    response.status = std::get<int>(*condition);
    return response;
  }
  Span span{0, object.size};
  if (request.has("partNumber")) {  // each file is one part
    if (request.get("partNumber") != "1")
      return S3Error{416, "InvalidPartNumber", "the file has one part"};
    response.headers.add("x-amz-mp-parts-count", "1");
    if (object.size > 0) response.status = 206;
  } else if (const auto spans = range_of(asked, object)) {
    if (spans->empty()) return invalid_range(asked.get("Range"), object.size);
    span = spans->front();
    response.status = 206;
  }
  if (response.status == 206)
    response.headers.add("Content-Range", fmt::format("bytes {}-{}/{}", span.offset,
                                                      span.offset + span.size - 1, object.size));
  add_body(call, object, span, response);
  return response;
}

}  // namespace grid::server::s3
