// The part of S3Bucket that stores and removes.
//
// Problem. "Stored" is a promise that others build on: an index names the bytes of a pack, a record
// makes a version. But the answer may be lost, or come from something that has stored nothing.
//
// Idea. Each object carries a random writer. Whatever was answered, the object itself tells whether
// this call has stored it: the writer is ours, or, where metadata is lost on the way, the bytes
// are. Content-MD5 makes the server refuse bytes that were damaged on the way to it, and the ETag
// shows that it has done so.
#include <algorithm>
#include <future>

#include "base/random.h"
#include "base/thread_pool.h"
#include "net/md5.h"
#include "net/s3_answer.h"
#include "net/s3_bucket.h"
#include "net/s3_signer.h"
#include "net/url.h"

namespace grid::net {

// Where the system does not allow MD5, newer servers check SHA-256.
static HttpHeader checksum_header(std::string_view md5, BytesView data) {
  if (!md5.empty()) return {"Content-MD5", base64_of_hex(md5)};
  return {"x-amz-checksum-sha256", base64_of_hex(sha256_hex(data))};
}

// Whether the object at `key` has these bytes, which are read back; nullopt if there is no object.
std::optional<bool> S3Bucket::holds(std::string_view key, BytesView data) const {
  static constexpr std::size_t piece_size = 16 << 20;
  Bytes piece;
  for (std::size_t at = 0;; at += piece_size) {
    const BytesView wanted = data.subspan(at, std::min(piece_size, data.size() - at));
    const bool last = at + wanted.size() == data.size();
    piece.resize(wanted.size() + 1);  // one more, to see whether it goes on
    const std::optional<std::size_t> got = find_part(key, at, piece);
    if (!got) return std::nullopt;
    if (*got != wanted.size() + (last ? 0 : 1) ||
        !std::equal(wanted.begin(), wanted.end(), piece.begin()))
      return false;
    if (last) return true;
  }
}

// Whether the object at `key` was stored by `writer`; nullopt if there is no object.
std::optional<bool> S3Bucket::find_writer(std::string_view key, std::string_view writer,
                                          BytesView data) const {
  std::optional<Head> there;
  try {
    there = head(key);
    if (!there) return std::nullopt;
  } catch (const Error& error) {  // some may read, and may not look
    if (error.kind() != ErrorKind::permission_denied) throw;
  }
  if (there && !there->writer.empty()) return there->writer == writer;
  return holds(key, data);  // the metadata were lost
}

// After the server has said that `key` is taken, or something odd: by another writer, or by an
// earlier try whose answer was lost. libcurl resends a request by itself when a kept connection
// turns out to be closed, so even the first try may be a second one.
bool S3Bucket::was_written_by(std::string_view key, std::string_view writer, BytesView data) const {
  RetryLoop retries(access_.retries, access_.http->retry_budget());
  static constexpr unsigned looks_max = 6;
  for (unsigned looks = 1;; ++looks) {
    if (const std::optional<bool> ours = find_writer(key, writer, data)) return *ours;
    // A stale answer, of a server that has just said that the key is taken.
    if (looks == looks_max || !retries.wait())
      fail(ErrorKind::unsupported,
           "cannot write {}: the server {} says that the key is taken, and that it is not there",
           url_of(key), server());
  }
}

// For an answer whose ETag is not that of the bytes: some servers have ETags of another kind.
void S3Bucket::check_stored(const Call& call, BytesView data) const {
  if (!holds(call.key, data).value_or(false))
    fail(ErrorKind::corrupt,
         "{}: the server {} has stored other bytes than were sent: they were damaged on the way",
         call.doing, server());
  static_cast<void>(may_have_strange_etags());
}

bool S3Bucket::create(std::string_view key, BytesView data) {
  const std::string writer = random_hex(32);
  Call call = call_for("write", "PUT", key, S3Asked::storing);
  call.headers = {{"Content-Type", "application/octet-stream"},
                  {"If-None-Match", "*"},
                  {s3_writer_header, writer}};
  const std::string md5 = md5_hex(data);
  const HttpHeader checksum = checksum_header(md5, data);
  call.headers.add(checksum.name, checksum.value);
  call.body = data;
  const Answer answer = ask(call);
  const int status = answer.response.status();
  if (!answer.odd.empty()) {
    const std::optional<bool> ours = find_writer(key, writer, data);
    if (!ours) fail_as_odd(call, answer.odd);
    return *ours;
  }
  if (status == 412) return was_written_by(key, writer, data);
  if (status / 100 != 2) fail_for(call, answer.response, answer.no_more);
  if (!may_be_etag_of(answer.response.head.headers, md5)) check_stored(call, data);
  return true;
}

std::string S3Bucket::begin_parts(std::string_view key, std::string_view writer) {
  Call call = call_for("write", "POST", key, S3Asked::text);
  call.query = "uploads=";
  call.headers = {{"Content-Type", "application/octet-stream"},
                  {s3_writer_header, std::string(writer)}};
  const HttpResponse response = exchange(call);
  const std::string upload = read_element(response.body, "UploadId");
  if (response.status() != 200) fail_for(call, response);
  if (upload.empty()) fail_as_odd(call, "begins no upload in parts: it sends no UploadId");
  return upload;
}

std::vector<S3Bucket::Part> S3Bucket::put_parts(std::string_view key, std::string_view upload,
                                                BytesView data, std::size_t part_size) {
  static constexpr unsigned parts_in_flight = 4;
  ThreadPool pool(parts_in_flight);
  std::vector<std::future<Part>> sent;
  for (std::size_t offset = 0; offset < data.size(); offset += part_size) {
    Call call = call_for("write", "PUT", key, S3Asked::storing);
    call.query = fmt::format("partNumber={}&uploadId={}", sent.size() + 1,
                             percent_encode(upload, Slash::encode));
    call.body = data.subspan(offset, std::min(part_size, data.size() - offset));
    sent.push_back(pool.submit([this, call = std::move(call)]() mutable {
      const std::string md5 = md5_hex(call.body);
      const HttpHeader checksum = checksum_header(md5, call.body);
      call.headers.add(checksum.name, checksum.value);
      const HttpResponse response = exchange(call);
      if (response.status() != 200) fail_for(call, response);
      return Part{.etag = std::string(response.header("ETag")),
                  .is_sure = may_be_etag_of(response.head.headers, md5)};
    }));
  }
  std::vector<Part> parts;
  for (std::future<Part>& part : sent) parts.push_back(part.get());
  return parts;
}

bool S3Bucket::complete_parts(std::string_view key, std::string_view upload,
                              std::string_view writer, BytesView data,
                              const std::vector<Part>& parts) {
  std::string list = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < parts.size(); ++i)
    list += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1,
                        parts[i].etag);
  list += "</CompleteMultipartUpload>";
  Call call = call_for("write", "POST", key, S3Asked::text);
  call.query = "uploadId=" + percent_encode(upload, Slash::encode);
  call.headers = {{"Content-Type", "application/xml"}, {"If-None-Match", "*"}};
  call.body = as_bytes(list);
  const Answer answer = ask(call);
  // The status comes before the work is done: only the body tells the outcome. After any other, an
  // earlier try whose answer was lost may have done it.
  const bool done = answer.odd.empty() && answer.response.status() == 200 &&
                    !read_element(answer.response.body, "ETag").empty();
  if (!done) {
    const std::optional<bool> ours = find_writer(key, writer, data);
    if (ours) return *ours;
    if (!answer.odd.empty()) fail_as_odd(call, answer.odd);
    fail_for(call, answer.response, answer.no_more);
  }
  const bool is_sure =
      std::all_of(parts.begin(), parts.end(), [](const Part& part) { return part.is_sure; });
  if (!is_sure) check_stored(call, data);
  return true;
}

bool S3Bucket::create_in_parts(std::string_view key, BytesView data, std::size_t part_size) {
  if (head(key)) return false;
  const std::string writer = random_hex(32);
  const std::string upload = begin_parts(key, writer);
  try {
    return complete_parts(key, upload, writer, data, put_parts(key, upload, data, part_size));
  } catch (const Error&) {
    // Abort the upload: parts that were sent cost money until it is aborted.
    Call call = call_for("write", "DELETE", key, S3Asked::nothing);
    call.query = "uploadId=" + percent_encode(upload, Slash::encode);
    try {
      exchange(call);
    } catch (const Error&) {  // report the first failure
    }
    throw;
  }
}

bool S3Bucket::remove(std::string_view key) {
  // DELETE gives the same answer whether or not the object existed.
  if (!head(key)) return false;
  discard(key);
  return true;
}

void S3Bucket::discard(std::string_view key) {
  const Call call = call_for("remove", "DELETE", key, S3Asked::nothing);
  const HttpResponse response = exchange(call);
  if (response.status() / 100 != 2 && response.status() != 404) fail_for(call, response);
}

}  // namespace grid::net
