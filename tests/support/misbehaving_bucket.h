// A bucket called "bucket" on a loopback server that keeps what is put into it, and answers the
// requests that a test picks as networks, proxies and servers at fault do.
#pragma once

#include <atomic>
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "net/md5.h"
#include "net/s3_bucket.h"
#include "net/url.h"
#include "tests/support/loopback_server.h"

namespace grid::testing {

// What the server would answer.
struct BucketAnswer {
  int status = 200;
  std::vector<std::string> headers{};
  std::string body{};
  bool has_body = true;  // false for HEAD: `body` only has the size

  // `size`: what Content-Length says.
  std::string head(std::size_t size) const {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\n";
    for (const std::string& header : headers) text += header + "\r\n";
    return text + "Content-Length: " + std::to_string(size) + "\r\n\r\n";
  }
  std::string text() const { return head(body.size()) + (has_body ? body : ""); }
};

// Thread-safe.
class MisbehavingBucket {
 public:
  using Request = LoopbackServer::Request;
  using Connection = LoopbackServer::Connection;
  using Pick = std::function<bool(const Request&)>;
  using Misbehaviour = std::function<void(const BucketAnswer& right, Connection&)>;

  std::atomic<unsigned> requests = 0;

  // The first `times` requests that `pick` takes meet the misbehaviour. It comes in place of the
  // right answer; what was asked for is done all the same, unless it `loses` it.
  void misbehave(Pick pick, Misbehaviour how, unsigned times, bool loses = false) {
    std::lock_guard lock(mutex_);
    pick_ = std::move(pick), how_ = std::move(how), times_ = times, loses_ = loses;
  }
  void behave() { misbehave(nullptr, nullptr, 0); }

  std::string origin() const { return server_.origin(); }
  net::AwsSettings settings() const {
    return {.endpoint_url = server_.origin(), .anonymous = true};
  }
  // Patience that a test has.
  static net::RetryPolicy retries() {
    return {.delay_first = std::chrono::milliseconds(1),
            .delay_max = std::chrono::milliseconds(10),
            .deadline = std::chrono::milliseconds(150)};
  }
  std::map<std::string, std::string> objects() const {
    std::lock_guard lock(mutex_);
    std::map<std::string, std::string> all;
    for (const auto& [key, object] : objects_) all[key] = object.body;
    return all;
  }

 private:
  struct Object {
    std::string body, writer;
    std::string etag() const { return "\"" + net::md5_hex(as_bytes(body)) + "\""; }
  };

  static std::string parameter(const std::string& target, const std::string& name) {
    const std::size_t at = target.find(name + "=");
    if (at == target.npos) return "";
    const std::size_t begin = at + name.size() + 1;
    return net::percent_decode(target.substr(begin, target.find('&', begin) - begin));
  }

  BucketAnswer list(const std::string& target) const {
    const std::string prefix = parameter(target, "prefix");
    const std::string delimiter = parameter(target, "delimiter");
    std::string body = "<ListBucketResult><EncodingType>url</EncodingType>", last;
    for (const auto& [key, object] : objects_) {
      if (!key.starts_with(prefix)) continue;
      const std::size_t end = delimiter.empty() ? key.npos : key.find(delimiter, prefix.size());
      if (end != key.npos) {
        if (key.substr(0, end + 1) == last) continue;
        last = key.substr(0, end + 1);
        body += "<CommonPrefixes><Prefix>" + last + "</Prefix></CommonPrefixes>";
      } else {
        body += "<Contents><Key>" + key + "</Key><ETag>" + object.etag() + "</ETag><Size>" +
                std::to_string(object.body.size()) + "</Size></Contents>";
      }
    }
    return {.body = body + "<IsTruncated>false</IsTruncated></ListBucketResult>"};
  }

  BucketAnswer put(const Request& request, const std::string& key) {
    if (objects_.contains(key)) return {.status = 412};
    const Object& stored = objects_[key] = {request.body, request.header("x-amz-meta-grid-writer")};
    return {.headers = {"ETag: " + stored.etag()}};
  }

  BucketAnswer get(const Request& request, const std::string& key) const {
    const auto at = objects_.find(key);
    if (at == objects_.end())
      return {.status = 404,
              .body = request.method == "HEAD" ? "" : "<Error><Code>NoSuchKey</Code></Error>"};
    BucketAnswer answer{
        .headers = {"ETag: " + at->second.etag(), "x-amz-meta-grid-writer: " + at->second.writer},
        .body = at->second.body,
        .has_body = request.method != "HEAD"};
    std::size_t first = 0, last = 0;
    if (std::sscanf(request.header("range").c_str(), "bytes=%zu-%zu", &first, &last) < 2)
      return answer;
    const std::size_t size = answer.body.size();
    if (first >= size) return {.status = 416};
    answer.status = 206;
    answer.body = answer.body.substr(first, last - first + 1);
    answer.headers.push_back("Content-Range: bytes " + std::to_string(first) + "-" +
                             std::to_string(first + answer.body.size() - 1) + "/" +
                             std::to_string(size));
    return answer;
  }

  BucketAnswer right_answer(const Request& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    const std::string key = net::percent_decode(path.substr(std::string("/bucket/").size()));
    if (request.target.find("list-type=2") != std::string::npos) return list(request.target);
    if (request.method == "PUT") return put(request, key);
    if (request.method == "DELETE") {
      objects_.erase(key);
      return {.status = 204};
    }
    return get(request, key);
  }

  void answer(const Request& request, Connection& connection) {
    ++requests;
    BucketAnswer right;
    Misbehaviour how;
    {
      std::lock_guard lock(mutex_);
      const bool picked = times_ > 0 && pick_(request);
      if (picked) --times_, how = how_;
      if (!picked || !loses_) right = right_answer(request);
    }
    if (how) return how(right, connection);
    connection.send(right.text());
  }

  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;  // by key; guarded by mutex_
  Pick pick_;                              // guarded by mutex_
  Misbehaviour how_;                       // guarded by mutex_
  unsigned times_ = 0;                     // guarded by mutex_
  bool loses_ = false;                     // guarded by mutex_
  LoopbackServer server_{
      [this](const auto& request, auto& connection) { answer(request, connection); }};
};

// The misbehaviours, for tests that try each with each kind of request. Add one by one line.
struct NamedMisbehaviour {
  const char* name;
  MisbehavingBucket::Misbehaviour answer;
  enum class Effect {
    none,     // any request can be tried again
    refuses,  // one is enough to fail
    hides,    // what is there is not seen, and no client can tell
    changes,  // the same, unless a digest shows it
  } effect = Effect::none;
};

inline const std::vector<NamedMisbehaviour>& misbehaviours() {
  using A = const BucketAnswer&;
  using C = LoopbackServer::Connection&;
  static const std::string page = "<!DOCTYPE html><html><body>Sign in</body></html>";
  static const auto half = [](A right) { return right.body.substr(0, right.body.size() / 2); };
  static const auto changed = [](A right, const std::function<void(std::string&)>& change) {
    BucketAnswer answer = right;
    if (answer.has_body && !answer.body.empty()) change(answer.body);
    return answer.text();
  };
  using enum NamedMisbehaviour::Effect;
  // clang-format off
  static const std::vector<NamedMisbehaviour> all = {
      {"page", [](A, C c) { c.answer(200, page, {"Content-Type: text/html"}); }},
      {"page without type", [](A, C c) { c.answer(200, page); }},
      {"page with ETag", [](A, C c) { c.answer(200, page, {"ETag: \"5f-61\""}); }},
      {"page 404", [](A, C c) { c.answer(404, page, {"Content-Type: text/html"}); }},
      {"page 403", [](A, C c) { c.answer(403, page, {"Content-Type: text/html"}); }},
      {"page 502", [](A, C c) { c.answer(502, page, {"Content-Type: text/html"}); }},
      {"plain 404", [](A, C c) { c.answer(404, "404 page not found\n"); }},
      {"portal", [](A, C c) { c.answer(302, "", {"Location: http://portal.invalid/login"}); }},
      {"login wanted", [](A, C c) { c.answer(511, page); }},
      {"nothing", [](A, C c) { c.answer(200); }},
      {"OK", [](A, C c) { c.answer(200, "OK"); }},
      {"204", [](A, C c) { c.answer(204); }},
      {"error as 200", [](A, C c) { c.answer(200, "<Error><Code>InternalError</Code></Error>"); }},
      {"slow down", [](A, C c) { c.answer(503, "<Error><Code>SlowDown</Code></Error>"); }},
      {"too many", [](A, C c) { c.answer(429, "", {"Retry-After: 0"}); }},
      {"much later", [](A, C c) { c.answer(503, "", {"Retry-After: 3600"}); }, refuses},
      {"internal", [](A, C c) { c.answer(500, "<Error><Code>InternalError</Code></Error>"); }},
      {"denied", [](A, C c) { c.answer(403, "<Error><Code>AccessDenied</Code></Error>"); }, refuses},
      {"no bucket", [](A, C c) { c.answer(404, "<Error><Code>NoSuchBucket</Code></Error>"); }, refuses},
      {"no key", [](A, C c) { c.answer(404, "<Error><Code>NoSuchKey</Code></Error>"); }, hides},
      {"reset", [](A, C c) { c.close(); }},
      {"half a head", [](A, C c) { c.send("HTTP/1.1 200 OK\r\nContent-Le"); c.close(); }},
      {"no HTTP", [](A, C c) { c.send("SSH-2.0-OpenSSH_9.2\r\n"); c.close(); }},
      {"cut", [](A right, C c) { c.send(right.head(right.body.size() + 9) + right.body); c.close(); }},
      {"half without length", [](A right, C c) { c.send("HTTP/1.0 200 OK\r\n\r\n" + half(right)); c.close(); }},
      {"half", [](A right, C c) { c.send(changed(right, [](auto& b) { b.resize(b.size() / 2); })); }},
      {"a byte more", [](A right, C c) { c.send(changed(right, [](auto& b) { b += 'x'; })); }},
      {"one bit", [](A right, C c) { c.send(changed(right, [](auto& b) { b[b.size() / 2] ^= 1; })); }, changes},
      {"zeros", [](A right, C c) { c.send(changed(right, [](auto& b) { b.assign(b.size(), '\0'); })); }},
      {"gzip", [](A right, C c) { c.answer(200, "\x1f\x8b\x08" + half(right), {"Content-Encoding: gzip"}); }},
      {"no headers", [](A right, C c) { c.answer(right.status, right.has_body ? right.body : ""); }},
      {"byte order mark", [](A right, C c) { c.send(changed(right, [](auto& b) { b = "\xef\xbb\xbf" + b; })); }},
  };
  // clang-format on
  return all;
}

}  // namespace grid::testing
