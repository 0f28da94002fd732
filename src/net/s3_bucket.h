// One bucket of an S3 server: requests are signed, retried and sent to the right region.
//
// Answers are judged by their status first: some servers send errors without a text. A request may
// have been carried out although its answer was lost; each method states what follows from that.
// docs/s3.md lists the permissions that they need.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/aws_credentials.h"
#include "net/aws_settings.h"
#include "net/http.h"
#include "net/s3_belief.h"

namespace grid::net {

// "s3://bucket/key/or/prefix/".
struct S3Url {
  std::string bucket;
  std::string key;  // without the '/' after the bucket; may be empty
};
// Throws `invalid_argument`.
S3Url parse_s3_url(std::string_view url);
bool is_bucket_name(std::string_view name);

struct S3Object {
  std::string key;
  std::uint64_t size = 0;     // bytes
  std::string etag;           // with quotes
  std::int64_t mtime_ns = 0;  // LastModified, nanoseconds since 1970

  bool operator==(const S3Object&) const = default;
};

// One state of an object: what distinguishes it from anything else stored under its key, now or
// later.
struct S3ObjectState {
  std::uint64_t size = 0;    // bytes
  std::string etag;          // as in a listing
  std::string version_id{};  // in a bucket with versioning, if known

  bool operator==(const S3ObjectState&) const = default;
};

struct S3Listing {
  std::vector<S3Object> objects;      // in the order of their keys' bytes
  std::vector<std::string> prefixes;  // common prefixes that end in the delimiter
  std::string next;                   // for S3ListRequest::continue_at; empty: complete
};

struct S3ListRequest {
  std::string prefix{};
  std::string delimiter{};
  std::string continue_at{};
  std::string start_after{};  // a key: list only the keys after it
  unsigned count_max = 1000;
};

// The metadata of S3Bucket::create() that names the call which stored an object.
inline constexpr const char* s3_writer_header = "x-amz-meta-grid-writer";

// How a process reaches all its buckets. Thread-safe, as its parts are.
struct S3Access {
  std::shared_ptr<HttpClient> http;
  std::shared_ptr<AwsCredentialSource> credentials;
  S3Endpoint endpoint;
  RetryPolicy retries{};

  // Reads the files named by the settings. Throws as AwsProfiles and s3_endpoint() do.
  static S3Access open(const HttpOptions& http, const AwsSettings& settings,
                       const RetryPolicy& retries = {});
};

// Whether the answer with this head brings bytes of an object in this state.
bool is_part_of(const HttpHead& head, const S3ObjectState& state);

// Thread-safe. Every method throws `permission_denied`, `unavailable`, `not_found` (the bucket) or
// `unsupported` (what the server cannot do); messages name bucket and key.
class S3Bucket {
 public:
  S3Bucket(S3Access access, std::string name);

  const std::string& name() const { return name_; }
  std::string url_of(std::string_view key) const;  // for messages: "s3://bucket/key"

  // Reads the whole object; nullopt if there is none.
  std::optional<Bytes> find(std::string_view key) const;

  // Fills `out` from `offset` on; returns the number of bytes, which is less than its size only at
  // the object's end; nullopt if there is no object.
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const;

  // The same for `size` bytes, passed to `take` piece by piece (see HttpRequest::taker). Returns
  // their number.
  std::optional<std::uint64_t> copy_part(std::string_view key, std::uint64_t offset,
                                         std::uint64_t size, const TakePiece& take) const;

  // Fills `out` with bytes from `offset` on of an object in the state `state`; they must not reach
  // past its end. Throws `changed` if the object is another one now or is gone. If-Match has the
  // server check this; the ETag and the size in the answer are compared too. A whole object is
  // compared with its ETag, as by check_md5().
  void read_part(std::string_view key, const S3ObjectState& state, std::uint64_t offset,
                 MutableBytesView out) const;

  // For the reader of a whole object in this state, whose bytes had this MD5: compares it with the
  // ETag where that is one. If they differ, reads the object again, to tell damage on the way from
  // an ETag of another kind. Throws `corrupt` for damage.
  void check_md5(std::string_view key, const S3ObjectState& state, std::string_view md5) const;

  // Sends the same request once and does not wait; check the answer's head with is_part_of().
  std::unique_ptr<HttpExchange> start_part(std::string_view key, const S3ObjectState& state,
                                           std::uint64_t offset, std::uint64_t size) const;

  struct Head {
    std::uint64_t size = 0;
    std::string etag;
    std::string md5;     // see md5_in_etag()
    std::string writer;  // see create()
  };
  std::optional<Head> head(std::string_view key) const;

  // One page of a listing; S3Pages reads all of them. Throws `unsupported` for a page that cannot
  // be right.
  S3Listing list(const S3ListRequest& request) const;
  // Throws that error: `why` reads like "it has the key a twice".
  [[noreturn]] void refuse_listing(std::string_view prefix, std::string_view why) const;

  WaitWatch* watch() const { return access_.http->options().watch.get(); }  // may be null
  std::string server() const;  // for messages: its URL, or "AWS"

  // Stores an object unless the key is taken; false if it is. The server must honour If-None-Match
  // (see backend/s3.h). A random "writer" stored with the object identifies a try whose answer was
  // lost: true means that this call stored the object.
  //
  // An answer is believed if it has an ETag, and the right one where that is an MD5. After any
  // other the object is looked at. Throws `corrupt` if the server has stored other bytes.
  bool create(std::string_view key, BytesView data);
  // The same in parts, several at a time, for objects too large to be sent twice. If two callers do
  // this at once, both may get true and one object stays: use it only for keys that no other caller
  // writes.
  bool create_in_parts(std::string_view key, BytesView data, std::size_t part_size);

  // False if there is no object.
  bool remove(std::string_view key);
  // In one request; it need not exist.
  void discard(std::string_view key);

 private:
  struct Call {
    std::string doing;  // "cannot read s3://bucket/key"
    std::string method;
    std::string key;
    S3Asked asked;
    std::string query{};  // canonical: sorted, encoded, each with '='
    HttpHeaders headers{};
    BytesView body{};
    std::optional<MutableBytesView> into{};
    std::optional<HttpBodyTaker> taker{};
    // As why_not_s3(), for what this call knows besides.
    std::function<std::string(const HttpResponse&)> judge{};
  };
  struct Answer {
    HttpResponse response;
    std::string odd;      // why it cannot be the server's answer; empty if it can
    std::string no_more;  // see RetryLoop::why_no_more()
  };
  // What a request assumes; the server may correct it.
  struct Belief {
    std::optional<AwsCredentials> credentials;
    std::string region;
    std::int64_t clock_ahead = 0;
  };
  Belief belief() const;
  // Tries as long as that may help. exchange() throws for an answer that is odd to the end.
  Answer ask(const Call& call) const;
  HttpResponse exchange(const Call& call) const;
  [[noreturn]] void fail_as_odd(const Call& call, std::string_view odd) const;
  HttpRequest prepare(const Call& call, const Belief& belief) const;
  bool learn_from(const HttpResponse& response, const Belief& used) const;
  Call call_for(std::string_view verb, std::string_view method, std::string_view key,
                S3Asked asked) const;
  // Whether the ETag in an answer is that of bytes with this MD5; true if that cannot be told.
  bool may_be_etag_of(const HttpHeaders& headers, std::string_view md5) const;
  // After bytes were read twice that are not those of their ETag: whether the server's ETags may be
  // of another kind. A server has one kind.
  bool may_have_strange_etags() const;
  HttpHeaders read_part_once(std::string_view key, const S3ObjectState& state, std::uint64_t offset,
                             MutableBytesView out) const;
  std::optional<std::uint64_t> answered_part(Call call, std::uint64_t offset,
                                             std::uint64_t size) const;
  bool is_in_state(std::string_view key, const S3ObjectState& state) const;
  Call call_for_part(std::string_view key, const S3ObjectState& state, std::uint64_t offset,
                     std::uint64_t size) const;
  std::string target_of(std::string_view key) const;
  std::string region() const;
  std::optional<bool> holds(std::string_view key, BytesView data) const;
  std::optional<bool> find_writer(std::string_view key, std::string_view writer,
                                  BytesView data) const;
  bool was_written_by(std::string_view key, std::string_view writer, BytesView data) const;
  void check_stored(const Call& call, BytesView data) const;
  std::string begin_parts(std::string_view key, std::string_view writer);
  struct Part {
    std::string etag;
    bool is_sure = false;  // its ETag shows that the server has its bytes
  };
  std::vector<Part> put_parts(std::string_view key, std::string_view upload, BytesView data,
                              std::size_t part_size);
  bool complete_parts(std::string_view key, std::string_view upload, std::string_view writer,
                      BytesView data, const std::vector<Part>& parts);
  [[noreturn]] void fail_for(const Call& call, const HttpResponse& response,
                             std::string_view no_more = {}) const;

  const S3Access access_;
  const std::string name_;
  mutable std::mutex mutex_;
  mutable std::string region_;  // guarded by mutex_; corrected by the server's answers
  mutable std::atomic<std::int64_t> clock_ahead_{0};  // seconds: server's clock minus ours
  mutable std::atomic<bool> misjudges_if_match_{false};
  // Objects whose ETag was the MD5 of their bytes, and those whose ETag looked like one and was
  // none: after a few of these, and none of the others, ETags are no longer compared.
  mutable std::atomic<unsigned> true_etags_{0}, strange_etags_{0};
};

}  // namespace grid::net
