#include "source/url_source.h"

#include <chrono>

#include "base/digest.h"
#include "base/error.h"
#include "net/http_stream.h"
#include "net/url.h"

namespace grid::source {

namespace {

constexpr unsigned parts_ahead = 2;  // requested by each worker

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
    net::HttpStream(client, url, {.end = 1, .validator = parts.validator});
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
  if (!time) return 0;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time->time_since_epoch()).count();
}

// A part of a file that has a validator.
class UrlPart : public SourceFile {
 public:
  UrlPart(net::HttpClient& client, const std::string& url, const std::string& validator,
          const FileState& state, ByteRange range)
      : state_(state),
        stream_(client, url, {.begin = range.begin, .end = range.end, .validator = validator}) {}

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
        stream_(std::make_unique<net::HttpStream>(client, url)) {}

  SourceOrder order() const override { return SourceOrder::tree; }

  std::optional<SourceEntry> next(std::vector<Problem>&) override {
    if (std::exchange(given_, true)) return std::nullopt;
    SourceEntry entry;
    entry.entry.name = name_;
    entry.state.size = entry.entry.size = stream_->size().value_or(0);
    entry.state.mtime_ns = entry.entry.mtime_ns = mtime_of(*stream_);
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
  std::unique_ptr<SourceFile> open(const SourceEntry& entry,
                                   std::optional<ByteRange> range) override {
    return std::make_unique<UrlPart>(client_, url_, validator_, entry.state,
                                     range.value_or(ByteRange{0, entry.state.size}));
  }
  unsigned open_count() const override { return parts_ahead; }

  net::HttpClient& client_;
  const std::string url_, name_;
  std::unique_ptr<net::HttpStream> stream_;
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

std::unique_ptr<Source> open_url_file(net::HttpClient& client, const std::string& url) {
  if (file_name_of_url(url).empty())
    fail(ErrorKind::invalid_argument, "{} names no file: its path is empty", net::shown(url));
  return std::make_unique<UrlFile>(client, url);
}

ArchiveBytes archive_bytes_of_url(net::HttpClient& client, const std::string& url) {
  auto stream = std::make_unique<net::HttpStream>(client, url);
  ArchiveBytes bytes{.jump_size_min = remote_jump_size_min};
  if (const std::optional<Parts> parts = find_parts(client, url, *stream)) {
    bytes.open_at = [&client, url, validator = parts->validator](std::uint64_t offset) {
      return std::make_unique<net::HttpStream>(
          client, url, net::HttpStreamOptions{.begin = offset, .validator = validator});
    };
    if (!parts->validator.empty()) bytes.state = state_of(*parts, mtime_of(*stream));
  }
  bytes.stream = std::move(stream);
  return bytes;
}

}  // namespace grid::source
