// The page: its files, and the page itself for every address that it gives its views.
#include <algorithm>

#include "base/text.h"
#include "server/api.h"
#include "server/page_files.h"
#include "source/gunzip.h"

namespace grid::server {

namespace {

// The page runs its own scripts only, asks this server only, and is shown in no other page. Its
// previews use blobs of what it has read; 'wasm-unsafe-eval' lets it compile its own WebAssembly.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob:; media-src 'self'; connect-src 'self'; worker-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const PageFile* find_page_file(std::string_view path) {
  const std::span<const PageFile> files = page_files();
  const auto found = std::lower_bound(
      files.begin(), files.end(), path,
      [](const PageFile& file, std::string_view wanted) { return file.path < wanted; });
  return found != files.end() && found->path == path ? &*found : nullptr;
}

class PackedFile : public ByteStream {
 public:
  explicit PackedFile(BytesView bytes) : bytes_(bytes) {}
  std::size_t read(MutableBytesView out) override {
    const std::size_t size = std::min(out.size(), bytes_.size());
    std::copy_n(bytes_.begin(), size, out.begin());
    bytes_ = bytes_.subspan(size);
    return size;
  }
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }
  std::string name() const override { return "a file of the page"; }

 private:
  BytesView bytes_;
};

std::string unpacked(BytesView packed) {
  source::Gunzip stream(std::make_unique<PackedFile>(packed));
  std::string text;
  Bytes piece(64 << 10);
  while (const std::size_t size = stream.read(piece)) text += as_text(BytesView(piece).first(size));
  return text;
}

// Whether Accept-Encoding names gzip, and not with a weight of 0.
bool accepts_gzip(std::string_view header) {
  while (!header.empty()) {
    std::string_view weight = trimmed(take_until(header, ','));
    const std::string_view coding = trimmed(take_until(weight, ';'));
    if (coding != "gzip" && coding != "*") continue;
    weight = trimmed(weight);
    return weight.find_first_not_of("q=0. ") != weight.npos || weight.empty();
  }
  return false;
}

Response page_file_response(const PageFile& file, const Request& request) {
  Response response;
  HttpHeaders& headers = response.headers;
  headers.add("ETag", file.etag);
  // The name of an asset changes with its content.
  headers.add("Cache-Control", file.path.starts_with("/assets/")
                                   ? "public, immutable, max-age=31536000"
                                   : "no-cache");
  headers.add("Content-Security-Policy", page_policy);
  headers.add("Referrer-Policy", "no-referrer");
  headers.add("Cross-Origin-Opener-Policy", "same-origin");
  headers.add("Cross-Origin-Resource-Policy", "same-origin");
  headers.add("Vary", "Accept-Encoding");
  if (request.headers.get("If-None-Match") == file.etag) {
    response.status = 304;
    return response;
  }
  headers.add("Content-Type", file.type);
  if (!file.is_packed || accepts_gzip(request.headers.get("Accept-Encoding"))) {
    if (file.is_packed) headers.add("Content-Encoding", "gzip");
    response.body.assign(as_text(file.content));
  } else {
    response.body = unpacked(file.content);
  }
  return response;
}

Response no_page() {
  Response response;
  response.body =
      "This is a grid server, built without its page. Its HTTP API is described at "
      "/api/openapi.json; begin with /api/v1/datastores.\n";
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  return response;
}

// The page itself, which shows the view that its address names.
Response show_page(const Api&, const Call& call) {
  const PageFile* file = find_page_file("/index.html");
  return file == nullptr ? no_page() : page_file_response(*file, call.request);
}

Response show_page_file(const Api&, const Call& call) {
  const PageFile* file = find_page_file(call.request.path());
  if (file == nullptr)
    return error_response(
        ErrorKind::not_found,
        "the page has no such file: it was loaded from another grid; load it again");
  return page_file_response(*file, call.request);
}

}  // namespace

std::vector<Route> page_routes() {
  return {
      {"GET", "/", Needs::nobody, "The page", {}, show_page},
      {"GET", "/datastores/{place...}", Needs::nobody, "The page, at a datastore", {}, show_page},
      {"GET", "/compare/{place...}", Needs::nobody, "The page, at a comparison", {}, show_page},
      {"GET", "/runs/{place...}", Needs::nobody, "The page, at the runs", {}, show_page},
      {"GET", "/store", Needs::nobody, "The page, at the store", {}, show_page},
      {"GET", "/create", Needs::nobody, "The page, at a create", {}, show_page},
      {"GET", "/assets/{file}", Needs::nobody, "A file of the page", {}, show_page_file},
      {"GET", "/icon.svg", Needs::nobody, "The icon of the page", {}, show_page_file},
      {"GET", "/licences.txt", Needs::nobody, "The licences of the page", {}, show_page_file},
  };
}

}  // namespace grid::server
