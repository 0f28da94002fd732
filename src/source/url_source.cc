#include "source/url_source.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"
#include "base/timestamp.h"
#include "net/http_stream.h"
#include "net/url.h"
#include "source/archive_input.h"
#include "source/gunzip.h"
#include "source/path_limits.h"

namespace grid::source {

namespace {

constexpr unsigned parts_ahead = 2;  // requested by each worker

// The bytes of the file itself are wanted. A server that compresses unasked for ignores it.
const net::HttpHeaders asked_headers = {{"Accept-Encoding", "identity"}};

std::unique_ptr<net::HttpStream> open_stream(net::HttpClient& client, const std::string& url) {
  return std::make_unique<net::HttpStream>(client, url,
                                           net::HttpStreamOptions{.headers = asked_headers});
}

bool ends_with_one_of(std::string_view name, std::initializer_list<std::string_view> suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

// The compression of the answer, if it is of the transfer only. Some servers call the compression
// that a file has by itself the transfer's.
std::string_view encoding_of(const net::HttpStream& stream, std::string_view name) {
  std::string_view encoding = stream.head().headers.get("Content-Encoding");
  if (encoding.starts_with("x-")) encoding.remove_prefix(2);
  if (encoding == "identity" ||
      (encoding == "gzip" && ends_with_one_of(name, {".gz", ".tgz", ".svgz"})) ||
      (encoding == "bzip2" && ends_with_one_of(name, {".bz2", ".tbz2", ".tbz"})) ||
      (encoding == "xz" && ends_with_one_of(name, {".xz", ".txz"})) ||
      (encoding == "zstd" && ends_with_one_of(name, {".zst", ".tzst"})) ||
      (encoding == "compress" && name.ends_with(".Z")) ||
      (encoding == "br" && name.ends_with(".br")))
    return {};
  return encoding;
}

bool is_web_page(const net::HttpStream& stream) {
  return stream.head().headers.get("Content-Type").starts_with("text/html");
}

// What a server says of a file that it gives in parts.
struct Parts {
  std::string validator;  // may be empty
  std::uint64_t size = 0;
};

// `stream` is the whole file. A server may promise parts and still send the whole, so this requests
// the first byte: if that fails, for any reason, the stream will do.
std::optional<Parts> find_parts(net::HttpClient& client, const std::string& url,
                                const net::HttpStream& stream) {
  const net::HttpHeaders& headers = stream.head().headers;
  if (stream.size().value_or(0) == 0 || headers.get("Accept-Ranges") != "bytes")
    return std::nullopt;
  Parts parts{net::strong_validator(headers), *stream.size()};
  try {
    net::HttpStream(client, url,
                    {.headers = asked_headers, .end = 1, .validator = parts.validator});
  } catch (const Error&) {
    return std::nullopt;
  }
  return parts;
}

// The validator takes the place of a file's inode.
FileState state_of(const Parts& parts, std::int64_t mtime_ns) {
  return {.size = parts.size,
          .mtime_ns = mtime_ns,
          .ctime_ns = mtime_ns,
          .inode = digest_of(as_bytes(parts.validator)).prefix()};
}

std::int64_t mtime_of(const net::HttpStream& stream) {
  const auto time = net::parse_http_date(stream.head().headers.get("Last-Modified"));
  return time ? timestamp_of(*time) : 0;
}

// A part of a file that has a validator.
class UrlPart : public SourceFile {
 public:
  UrlPart(net::HttpClient& client, const std::string& url, const std::string& validator,
          const FileState& state, ByteRange range)
      : state_(state),
        stream_(client, url,
                {.headers = asked_headers,
                 .begin = range.begin,
                 .end = range.end,
                 .validator = validator}) {}

  std::size_t read(MutableBytesView out) override { return stream_.read(out); }
  std::optional<std::uint64_t> size() const override { return stream_.size(); }
  std::string name() const override { return stream_.name(); }
  FileState state() const override { return state_; }
  bool executable() const override { return false; }
  bool settled() override { return true; }  // the validator identifies what was read

 private:
  const FileState state_;
  net::HttpStream stream_;
};

// If the server gives parts and a validator, workers fetch the parts side by side; otherwise the
// file comes in one stream.
class UrlFile : public Source, private FileOpener {
 public:
  UrlFile(net::HttpClient& client, const std::string& url)
      : client_(client),
        url_(url),
        name_(file_name_of_url(url)),
        stream_(open_stream(client, url)) {}

  SourceOrder order() const override { return SourceOrder::tree; }

  std::optional<SourceEntry> next(std::vector<Problem>& problems) override {
    if (std::exchange(given_, true)) return std::nullopt;
    if (is_web_page(*stream_) && name_.find('.') != name_.npos &&
        !ends_with_one_of(name_, {".html", ".htm", ".xhtml", ".php", ".asp", ".aspx", ".jsp"}))
      problems.push_back({.path = name_,
                          .reason = "the server sent a web page; does it want a login or a cookie?",
                          .kept = true});
    SourceEntry entry;
    entry.entry.name = name_;
    entry.state.mtime_ns = entry.entry.mtime_ns = mtime_of(*stream_);
    if (const std::string_view encoding = encoding_of(*stream_, name_); !encoding.empty()) {
      unpack(encoding);
      entry.stream = unpacked_.get();
      return entry;
    }
    entry.state.size = entry.entry.size = stream_->size().value_or(0);
    const std::optional<Parts> parts = find_parts(client_, url_, *stream_);
    if (parts && !parts->validator.empty()) {
      validator_ = parts->validator;
      entry.state = state_of(*parts, entry.entry.mtime_ns);
      entry.opener = this;
      stream_.reset();
    } else {
      entry.stream = stream_.get();
    }
    return entry;
  }

 private:
  void unpack(std::string_view encoding) {
    if (encoding != "gzip")
      fail(ErrorKind::unsupported,
           "cannot read {}: the server sends it with the Content-Encoding {}, which was not asked "
           "for; download it with another program first",
           net::shown(url_), encoding);
    unpacked_ = std::make_unique<Gunzip>(std::move(stream_));
  }

  std::unique_ptr<SourceFile> open(const SourceEntry& entry,
                                   std::optional<ByteRange> range) override {
    return std::make_unique<UrlPart>(client_, url_, validator_, entry.state,
                                     range.value_or(ByteRange{0, entry.state.size}));
  }
  unsigned open_count() const override { return parts_ahead; }

  net::HttpClient& client_;
  const std::string url_, name_;
  std::unique_ptr<net::HttpStream> stream_;
  std::unique_ptr<Gunzip> unpacked_;  // instead, if the server has compressed it
  std::string validator_;
  bool given_ = false;
};

}  // namespace

std::string file_name_of_url(const std::string& url) {
  std::string path = net::parse_url(url).path;
  while (path.ends_with('/')) path.pop_back();
  std::string name = net::percent_decode(path.substr(path.rfind('/') + 1));
  return is_valid_name(name) ? name : "";
}

void check_file_name(const std::string& url) {
  const std::string name = file_name_of_url(url);
  if (name.empty()) {
    const std::string path = net::parse_url(url).path;
    const bool is_root = path.find_first_not_of('/') == path.npos;
    fail(ErrorKind::invalid_argument, "{} names no file: {}", net::shown(url),
         is_root ? "its path is empty"
                 : "the last part of its path stands for . or .., or has a / or a zero byte in it");
  }
  if (const std::string why = why_path_is_too_long(name); !why.empty())
    fail(ErrorKind::invalid_argument, "{} {}; download it under a shorter name first",
         net::shown(url), why);
}

std::unique_ptr<Source> open_url_file(net::HttpClient& client, const std::string& url) {
  check_file_name(url);
  return std::make_unique<UrlFile>(client, url);
}

// Refuses what a server sends that wants a login or a cookie, rather than call it a damaged
// archive. Some servers call every file a page, so the first byte decides.
static std::unique_ptr<ByteStream> refuse_web_page(std::unique_ptr<net::HttpStream> stream) {
  if (!is_web_page(*stream)) return stream;
  auto peeked = std::make_unique<PeekedStream>(std::move(stream));
  if (!peeked->first().empty() && peeked->first()[0] == std::byte{'<'})
    fail(ErrorKind::unsupported,
         "{} is a web page and not an archive; does the server want a login or a cookie? Use the "
         "URL of the file itself",
         peeked->name());
  return peeked;
}

ArchiveBytes archive_bytes_of_url(net::HttpClient& client, const std::string& url) {
  std::unique_ptr<net::HttpStream> stream = open_stream(client, url);
  ArchiveBytes bytes{.jump_size_min = remote_jump_size_min};
  if (const std::optional<Parts> parts = find_parts(client, url, *stream)) {
    bytes.open_at = [&client, url, validator = parts->validator](std::uint64_t offset) {
      return std::make_unique<net::HttpStream>(
          client, url,
          net::HttpStreamOptions{
              .headers = asked_headers, .begin = offset, .validator = validator});
    };
    if (!parts->validator.empty()) bytes.state = state_of(*parts, mtime_of(*stream));
  }
  bytes.stream = refuse_web_page(std::move(stream));
  return bytes;
}

}  // namespace grid::source
