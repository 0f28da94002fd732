#include "base/text.h"
#include "net/url.h"
#include "server/api.h"
#include "server/byte_ranges.h"
#include "server/content_type.h"

namespace grid::server {

namespace {

using tree::EntryRef;

constexpr std::size_t file_piece_size = 1 << 20;  // bytes

// A file of a version, open for reading.
struct ServedFile {
  std::shared_ptr<dataset::OpenStore> store;
  service::OpenVersion version;
  EntryRef entry;
  std::string path;

  BytesView read(std::uint64_t offset, std::size_t size, Bytes& scratch) const {
    return store->files->read_file_part(*version.manifest, entry, offset, size, scratch);
  }
  // Files are the same if their contents are. It must not look like an MD5 digest.
  std::string etag() const {
    const tree::Content content = entry.content();
    return fmt::format("\"{}-{}\"", content.digest.hex(), content.depth);
  }
};

// Several ranges of a file, with texts around them.
class FileSource : public BodySource {
 public:
  struct Part {
    std::string before;
    Span span;
  };
  FileSource(ServedFile file, std::vector<Part> parts, std::string end)
      : file_(std::move(file)), parts_(std::move(parts)), end_(std::move(end)) {}

  std::uint64_t size() const {
    std::uint64_t size = end_.size();
    for (const Part& part : parts_) size += part.before.size() + part.span.size;
    return size;
  }

  BytesView next() override {
    if (at_ == parts_.size()) {
      if (ended_) return {};
      ended_ = true;
      return as_bytes(end_);
    }
    Part& part = parts_[at_];
    if (!part.before.empty()) {
      text_ = std::exchange(part.before, {});
      return as_bytes(text_);
    }
    if (part.span.size == 0) {
      ++at_;
      return next();
    }
    const std::size_t wanted = std::min<std::uint64_t>(part.span.size, file_piece_size);
    const BytesView piece = file_.read(part.span.offset, wanted, scratch_);
    if (piece.empty()) fail(ErrorKind::corrupt, "{} ends early", file_.path);
    part.span.offset += piece.size();
    part.span.size -= piece.size();
    return piece;
  }

 private:
  const ServedFile file_;
  std::vector<Part> parts_;
  const std::string end_;
  std::size_t at_ = 0;
  bool ended_ = false;
  std::string text_;
  Bytes scratch_;
};

ServedFile open_file(const Api& api, const Call& call) {
  std::shared_ptr<dataset::OpenStore> store = api.store();
  service::OpenVersion version = api.open_version(call.part("name"), call.part("version"));
  const std::string& path = call.part("path");
  EntryRef entry = service::without_hard_link(*version.manifest, service::entry_at(version, path));
  if (entry.kind() != tree::EntryKind::file)
    fail(ErrorKind::invalid_argument, "{}: {} is not a file but a {}", version.text(), path,
         tree::name_of(entry.kind()));
  return {std::move(store), std::move(version), std::move(entry), path};
}

// Whether one of the tags of If-Match or If-None-Match is this one; some clients leave out quotes.
bool names_etag(std::string_view header, std::string_view etag) {
  const std::string_view bare = etag.substr(1, etag.size() - 2);
  while (!header.empty()) {
    std::string_view tag = trimmed(take_until(header, ','));
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag || tag == bare) return true;
  }
  return false;
}

std::string disposition(std::string_view path, bool is_inline) {
  const std::string_view name = split_path(path).second;
  return fmt::format("{}; filename*=UTF-8''{}", is_inline ? "inline" : "attachment",
                     net::percent_encode(name, net::Slash::encode));
}

void add_file_headers(const ServedFile& file, const Call& call, Response& response,
                      ContentType type) {
  HttpHeaders& headers = response.headers;
  const bool download = call.request.query("download").has_value();
  headers.add("ETag", file.etag());
  headers.add("Accept-Ranges", "bytes");
  // A numbered version never changes; "latest" is asked for again each time.
  headers.add("Cache-Control", call.part("version") == "latest"
                                   ? "private, no-cache"
                                   : "private, immutable, max-age=31536000");
  headers.add("Content-Type", type.name);
  headers.add("Content-Disposition", disposition(file.path, type.is_safe_inline && !download));
  // What a dataset holds must never act as a page of this server.
  headers.add("Content-Security-Policy", "sandbox; default-src 'none'");
  headers.add("Cross-Origin-Resource-Policy", "same-origin");
}

Response ranges_response(ServedFile file, const std::vector<Span>& spans, Response response) {
  const std::uint64_t whole = file.entry.size();
  const auto content_range = [&](const Span& span) {
    return fmt::format("bytes {}-{}/{}", span.offset, span.offset + span.size - 1, whole);
  };
  std::vector<FileSource::Part> parts;
  std::string end;
  response.status = 206;
  if (spans.size() == 1) {
    response.headers.add("Content-Range", content_range(spans[0]));
    parts.push_back({"", spans[0]});
  } else {
    const std::string boundary = "grid-" + file.entry.content().digest.short_hex();
    const std::string type(response.headers.get("Content-Type"));
    for (const Span& span : spans)
      parts.push_back({fmt::format("\r\n--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
                                   boundary, type, content_range(span)),
                       span});
    end = fmt::format("\r\n--{}--\r\n", boundary);
    response.headers.set("Content-Type", "multipart/byteranges; boundary=" + boundary);
  }
  auto source = std::make_unique<FileSource>(std::move(file), std::move(parts), std::move(end));
  response.size = source->size();
  response.source = std::move(source);
  return response;
}

Response unsatisfiable(std::uint64_t size) {
  Response response = error_response(416, ErrorKind::invalid_argument,
                                     fmt::format("the file has {} bytes only", size));
  response.headers.add("Content-Range", fmt::format("bytes */{}", size));
  return response;
}

Response read_file(const Api& api, const Call& call) {
  ServedFile file = open_file(api, call);
  const HttpHeaders& asked = call.request.headers;
  const std::uint64_t size = file.entry.size();
  const std::string etag = file.etag();
  Response response;
  Bytes scratch;
  // The first piece is read before the status is sent: what is damaged or out of reach says so.
  const std::size_t first_size =
      call.request.method == "HEAD" || asked.contains("Range") ? 512 : file_piece_size;
  const BytesView first = file.read(0, first_size, scratch);
  add_file_headers(file, call, response, content_type_of(file.path, first));
  if (asked.contains("If-Match") && !names_etag(asked.get("If-Match"), etag))
    return error_response(412, ErrorKind::changed,
                          fmt::format("{} has the ETag {}", file.path, etag));
  if (names_etag(asked.get("If-None-Match"), etag)) {
    response.status = 304;
    return response;
  }
  const std::string_view if_range = asked.get("If-Range");
  if (asked.contains("Range") && (if_range.empty() || if_range == etag)) {
    if (const auto spans = parse_ranges(asked.get("Range"), size)) {
      if (spans->empty()) return unsatisfiable(size);
      return ranges_response(std::move(file), *spans, std::move(response));
    }
  }
  response.size = size;
  if (call.request.method == "HEAD") return response;
  if (size == first.size()) {
    response.body.assign(as_text(first));
    response.size.reset();
    return response;
  }
  response.source = std::make_unique<FileSource>(
      std::move(file), std::vector<FileSource::Part>{{"", {0, size}}}, "");
  return response;
}

}  // namespace

std::vector<Route> file_routes() {
  return {{"GET",
           "/api/v1/datastores/{name}/versions/{version}/files/{path...}",
           Needs::reader,
           "Read a file, or ranges of it",
           {{"download", "string", "present: as an attachment, whatever its type"}},
           read_file}};
}

}  // namespace grid::server
