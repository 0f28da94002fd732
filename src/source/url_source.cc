#include "source/url_source.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/error.h"
#include "net/http_stream.h"
#include "net/url.h"

namespace grid::source {

namespace {

constexpr std::size_t range_size = 4 << 20;  // bytes asked for at once

class UrlFile : public Source {
 public:
  UrlFile(net::HttpClient& client, const std::string& url)
      : name_(file_name_of_url(url)), stream_(client, url) {}

  SourceOrder order() const override { return SourceOrder::tree; }
  std::optional<SourceEntry> next(std::vector<Problem>&) override {
    if (std::exchange(given_, true)) return std::nullopt;
    SourceEntry entry{.stream = &stream_};
    entry.entry.name = name_;
    entry.state.size = entry.entry.size = stream_.size().value_or(0);
    if (auto time = net::parse_http_date(stream_.head().headers.get("Last-Modified")))
      entry.state.mtime_ns = entry.entry.mtime_ns =
          std::chrono::duration_cast<std::chrono::nanoseconds>(time->time_since_epoch()).count();
    return entry;
  }

 private:
  const std::string name_;
  net::HttpStream stream_;
  bool given_ = false;
};

// A file from an offset on, in ranges, each of the same state.
class RangeStream : public ByteStream {
 public:
  RangeStream(net::HttpClient& client, std::string url, std::string validator, std::uint64_t at,
              std::uint64_t size)
      : client_(client),
        url_(std::move(url)),
        validator_(std::move(validator)),
        at_(at),
        size_(size) {}

  std::size_t read(MutableBytesView out) override {
    if (held_.empty() && at_ < size_) ask();
    std::size_t size = std::min(out.size(), held_.size());
    std::memcpy(out.data(), held_.data(), size);
    held_ = held_.subspan(size);
    return size;
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  std::string name() const override { return net::shown(url_); }

 private:
  void ask() {
    std::uint64_t end = std::min<std::uint64_t>(size_, at_ + range_size);
    net::HttpRequest request{.url = url_, .follow_redirects = true};
    request.headers.add("Range", fmt::format("bytes={}-{}", at_, end - 1));
    if (!validator_.empty()) request.headers.add("If-Match", validator_);
    response_ = client_.send(request);
    if (response_.status() == 412 || response_.status() == 200)
      fail(ErrorKind::changed, "{}: changed while it was read", name());
    if (response_.status() != 206)
      throw net::status_error("cannot read " + name(), response_.status());
    if (response_.body.size() != end - at_)
      fail(ErrorKind::unavailable, "{}: the server gave {} bytes of a range of {}", name(),
           response_.body.size(), end - at_);
    held_ = response_.body;
    at_ = end;
  }

  net::HttpClient& client_;
  const std::string url_, validator_;
  std::uint64_t at_;
  const std::uint64_t size_;
  net::HttpResponse response_;
  BytesView held_;  // of the response, not yet given
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
  ArchiveBytes bytes;
  const net::HttpHeaders& headers = stream->head().headers;
  if (stream->size() && headers.get("Accept-Ranges") == "bytes") {
    std::string validator = net::strong_validator(headers);
    if (!validator.starts_with('"')) validator.clear();  // If-Match takes ETags alone
    bytes.open_at = [&client, url, validator, size = *stream->size()](std::uint64_t offset) {
      return std::make_unique<RangeStream>(client, url, validator, offset, size);
    };
  }
  bytes.stream = std::move(stream);
  return bytes;
}

}  // namespace grid::source
