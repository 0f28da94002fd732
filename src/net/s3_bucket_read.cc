// The part of S3Bucket that reads objects and parts of them.
#include <algorithm>

#include "net/http_stream.h"
#include "net/md5.h"
#include "net/s3_answer.h"
#include "net/s3_bucket.h"
#include "net/s3_checksum.h"
#include "net/url.h"

namespace grid::net {

// How often bytes are read that are not those of their ETag.
static constexpr unsigned damaged_answers_max = 4;
static constexpr unsigned strange_etags_max = 3;

static bool says_that_key_is_absent(const HttpResponse& response) {
  return response.status() == 404 && read_failure(response).code != "NoSuchBucket";
}

bool S3Bucket::may_be_etag_of(const HttpHeaders& headers, std::string_view md5) const {
  const std::string said = md5_in_etag(headers);
  if (said.empty() || md5.empty()) return true;
  if (said == md5) {
    ++true_etags_;
    return true;
  }
  return true_etags_ == 0 && strange_etags_ >= strange_etags_max;
}

bool S3Bucket::may_have_strange_etags() const {
  if (true_etags_ > 0) return false;
  ++strange_etags_;
  return true;
}

std::optional<Bytes> S3Bucket::find(std::string_view key) const {
  const Call call = call_for("read", "GET", key, S3Asked::object);
  Bytes before;
  for (unsigned damaged = 0; damaged < damaged_answers_max; ++damaged) {
    HttpResponse response = exchange(call);
    if (says_that_key_is_absent(response)) return std::nullopt;
    if (response.status() != 200) fail_for(call, response);
    if (may_be_etag_of(response.head.headers, md5_hex(response.body)))
      return std::move(response.body);
    // Damaged on the way, or an ETag that is no MD5.
    if (damaged > 0 && response.body == before && may_have_strange_etags()) return before;
    before = std::move(response.body);
  }
  fail(ErrorKind::corrupt, "{}: it arrives damaged: {} times its MD5 was not that in its ETag",
       call.doing, damaged_answers_max);
}

// Why an answer does not bring the requested bytes from `offset` on, or all up to the object's end.
static std::string why_other_range(const HttpResponse& response, std::uint64_t offset,
                                   std::uint64_t size) {
  if (response.status() != 206) return {};
  const std::string_view said = response.header("Content-Range");
  const auto range = parse_content_range(said);
  if (range && range->first == offset && range->last - range->first + 1 == response.into_size &&
      (response.into_size == size || range->size == range->last + 1))
    return {};
  return fmt::format("sends {} bytes of the range {} when it is asked for {} bytes from {} on",
                     response.into_size, said.empty() ? "(none)" : said, size, offset);
}

static HttpHeaders range_headers(std::uint64_t offset, std::uint64_t size, std::string_view etag) {
  HttpHeaders headers = {{"Range", fmt::format("bytes={}-{}", offset, offset + size - 1)}};
  if (!etag.empty()) headers.add("If-Match", etag);
  return headers;
}

std::optional<std::size_t> S3Bucket::find_part(std::string_view key, std::uint64_t offset,
                                               MutableBytesView out) const {
  if (out.empty()) return head(key) ? std::optional<std::size_t>(0) : std::nullopt;
  Call call = call_for("read", "GET", key, S3Asked::part);
  call.into = out;
  return answered_part(std::move(call), offset, out.size());
}

std::optional<std::uint64_t> S3Bucket::copy_part(std::string_view key, std::uint64_t offset,
                                                 std::uint64_t size, const TakePiece& take) const {
  Call call = call_for("read", "GET", key, S3Asked::part);
  call.taker = {size, take};
  return answered_part(std::move(call), offset, size);
}

// The common part of find_part() and copy_part().
std::optional<std::uint64_t> S3Bucket::answered_part(Call call, std::uint64_t offset,
                                                     std::uint64_t size) const {
  call.headers = range_headers(offset, size, {});
  call.judge = [=](const HttpResponse& response) {
    return why_other_range(response, offset, size);
  };
  const HttpResponse response = exchange(call);
  if (response.status() == 416) return 0;
  if (says_that_key_is_absent(response)) return std::nullopt;
  if (response.status() != 206) fail_for(call, response);
  return response.into_size;
}

// Some servers quote an ETag in one place but not in another.
static std::string_view unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    return etag.substr(1, etag.size() - 2);
  return etag;
}

bool is_part_of(const HttpHead& head, const S3ObjectState& state) {
  const auto range = parse_content_range(head.headers.get("Content-Range"));
  return head.status == 206 && range && range->size == state.size &&
         unquoted(head.headers.get("ETag")) == unquoted(state.etag);
}

bool S3Bucket::is_in_state(std::string_view key, const S3ObjectState& state) const {
  const std::optional<Head> there = head(key);
  return there && there->size == state.size && unquoted(there->etag) == unquoted(state.etag);
}

S3Bucket::Call S3Bucket::call_for_part(std::string_view key, const S3ObjectState& state,
                                       std::uint64_t offset, std::uint64_t size) const {
  Call call = call_for("read", "GET", key, S3Asked::part);
  if (!state.version_id.empty())
    call.query = "versionId=" + percent_encode(state.version_id, Slash::encode);
  call.headers = range_headers(offset, size, misjudges_if_match_ ? "" : state.etag);
  if (size == state.size) call.headers.add(checksum_mode_header, "ENABLED");
  return call;
}

HttpHeaders S3Bucket::read_part_once(std::string_view key, const S3ObjectState& state,
                                     std::uint64_t offset, MutableBytesView out) const {
  Call call = call_for_part(key, state, offset, out.size());
  call.into = out;
  call.judge = [offset, size = out.size()](const HttpResponse& answer) {
    return why_other_range(answer, offset, size);
  };
  HttpResponse response = exchange(call);
  // Ceph, for some requests, says that an ETag does not match although it reports the same ETag
  // itself. This bucket then sends no If-Match any more.
  if (response.status() == 412 && is_in_state(key, state)) {
    misjudges_if_match_ = true;
    call.headers = range_headers(offset, out.size(), {});
    response = exchange(call);
  }
  if (says_that_key_is_absent(response)) fail(ErrorKind::changed, "{} is gone", url_of(key));
  const int status = response.status();
  if (status == 412 || status == 416 || (status == 206 && !is_part_of(response.head, state)))
    fail(ErrorKind::changed, "{} is no longer the object of {} bytes with the ETag {}", url_of(key),
         state.size, state.etag);
  if (status != 206) fail_for(call, response);
  return response.head.headers;
}

void S3Bucket::read_part(std::string_view key, const S3ObjectState& state, std::uint64_t offset,
                         MutableBytesView out) const {
  if (out.empty()) return;
  std::string before;
  for (unsigned damaged = 0; damaged < damaged_answers_max; ++damaged) {
    const HttpHeaders headers = read_part_once(key, state, offset, out);
    if (out.size() != state.size) return;
    if (const std::unique_ptr<S3Checksum> checksum = S3Checksum::find(headers)) {
      checksum->update(out);
      if (!checksum->why_wrong().empty()) continue;
    }
    if (md5_in_etag(headers).empty()) return;
    const std::string md5 = md5_hex(out);
    if (may_be_etag_of(headers, md5)) return;
    if (md5 == before && may_have_strange_etags()) return;
    before = md5;
  }
  fail(ErrorKind::corrupt,
       "cannot read {}: it arrives damaged: {} times its checksum or its MD5 was not that of the "
       "server",
       url_of(key), damaged_answers_max);
}

void S3Bucket::check_md5(std::string_view key, const S3ObjectState& state,
                         std::string_view md5) const {
  if (may_be_etag_of({{"ETag", state.etag}}, md5)) return;
  const std::optional<Head> there = head(key);
  if (there && there->md5.empty()) return;  // encrypted with a key of its own
  static constexpr std::uint64_t piece_size = 8 << 20;
  Md5 again;
  Bytes piece;
  for (std::uint64_t at = 0; at < state.size; at += piece_size) {
    piece.resize(static_cast<std::size_t>(std::min(piece_size, state.size - at)));
    read_part(key, state, at, piece);
    again.update(piece);
  }
  if (again.finish_hex() == md5 && may_have_strange_etags()) return;
  fail(ErrorKind::corrupt,
       "cannot read {}: it arrived damaged: its MD5 is {}, not that in its ETag {}; try again, and "
       "over https",
       url_of(key), md5, state.etag);
}

std::unique_ptr<HttpExchange> S3Bucket::start_part(std::string_view key, const S3ObjectState& state,
                                                   std::uint64_t offset, std::uint64_t size) const {
  return access_.http->start(prepare(call_for_part(key, state, offset, size), belief()));
}

}  // namespace grid::net
