#include "server/served_file.h"

#include "base/text.h"
#include "net/url.h"
#include "server/content_type.h"

namespace grid::server {

std::uint64_t FileSource::size() const {
  std::uint64_t size = end_.size();
  for (const Part& part : parts_) size += part.before.size() + part.span.size;
  return size;
}

// Takes the next piece from memory, if it is there.
bool FileSource::look_ahead() {
  if (ahead_ || !file_.find_kept) return ahead_.has_value();
  if (auto kept = file_.find_kept(parts_[at_].span.offset)) ahead_ = FilePiece(*kept, kept);
  return ahead_.has_value();
}

bool FileSource::is_quick() {
  if (at_ == parts_.size() || !parts_[at_].before.empty()) return true;
  return look_ahead() || (file_.is_in_memory && file_.is_in_memory(parts_[at_].span.offset));
}

BytesView FileSource::next(std::size_t size_max) {
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
  if (!look_ahead()) {
    const std::size_t wanted = std::min<std::uint64_t>(
        {part.span.size, file_piece_size, std::max<std::size_t>(size_max, 1)});
    if (scratch_.capacity() > 2 * wanted) scratch_ = Bytes();
    ahead_ = file_.read(part.span.offset, wanted, scratch_);
  }
  given_ = std::move(*ahead_);
  ahead_.reset();
  BytesView piece = given_.bytes;
  if (piece.empty()) fail(ErrorKind::corrupt, "{} ends early", file_.path);
  piece = piece.first(std::min<std::uint64_t>(piece.size(), part.span.size));
  part.span.offset += piece.size();
  part.span.size -= piece.size();
  if (part.span.size == 0) ++at_;
  return piece;
}

bool names_etag(std::string_view header, std::string_view etag) {
  const std::string_view bare = etag.substr(1, etag.size() - 2);
  while (!header.empty()) {
    std::string_view tag = trimmed(take_until(header, ','));
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag || tag == bare) return true;
  }
  return false;
}

namespace {

std::string disposition(std::string_view path, bool is_inline) {
  const std::string_view name = split_path(path).second;
  return fmt::format("{}; filename*=UTF-8''{}", is_inline ? "inline" : "attachment",
                     net::percent_encode(name, net::Slash::encode));
}

void add_file_headers(const ServedFile& file, const Call& call, Response& response,
                      ContentType type) {
  HttpHeaders& headers = response.headers;
  const bool download = call.request.query("download").has_value();
  headers.add("ETag", file.etag);
  headers.add("Accept-Ranges", "bytes");
  headers.add("Cache-Control",
              file.never_changes ? "private, immutable, max-age=31536000" : "private, no-cache");
  headers.add("Content-Type", type.name);
  headers.add("Content-Disposition", disposition(file.path, type.is_safe_inline && !download));
  // What a dataset holds must never act as a page of this server.
  headers.add("Content-Security-Policy", "sandbox; default-src 'none'");
  headers.add("Cross-Origin-Resource-Policy", "same-origin");
}

Response ranges_response(ServedFile file, const std::vector<Span>& spans, Response response) {
  const std::uint64_t whole = file.size;
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
    const std::string boundary = "grid-" + digest_of(as_bytes(file.etag)).short_hex();
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

}  // namespace

Response file_response(ServedFile file, const Call& call) {
  const HttpHeaders& asked = call.request.headers;
  const std::uint64_t size = file.size;
  const std::string etag = file.etag;
  Response response;
  Bytes scratch;
  FilePiece first;
  if (file.find_kept) first.kept = file.find_kept(0);
  if (first.kept) {
    first.bytes = *first.kept;
  } else {
    // It is read before the status is sent: what is damaged or out of reach says so.
    const std::size_t first_size =
        call.request.method == "HEAD" || asked.contains("Range") ? 512 : file_piece_size;
    first = file.read(0, first_size, scratch);
  }
  add_file_headers(file, call, response, content_type_of(file.path, first.bytes));
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
  if (size == first.bytes.size()) {
    if (first.kept && first.kept->size() == size)
      response.shared_body = std::move(first.kept);
    else
      response.body.assign(as_text(first.bytes));
    response.size.reset();
    return response;
  }
  response.source =
      std::make_unique<FileSource>(std::move(file), std::move(first), std::move(scratch));
  return response;
}

}  // namespace grid::server
