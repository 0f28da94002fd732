// A bucket called "bucket" on a loopback server, for tests that read and list objects.
#pragma once

#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>

#include "net/md5.h"
#include "net/s3_bucket.h"
#include "net/s3_signer.h"
#include "net/url.h"
#include "tests/support/loopback_server.h"

namespace grid::testing {

// An object's ETag depends on its bytes, as with AWS. LastModified is the same for all.
class BucketServer {
 public:
  std::atomic<unsigned> page_size = 2;  // keys in a page of a listing
  std::atomic<bool> cuts_once = false;  // the next object's bytes break off
  std::atomic<bool> honours_if_match = true;
  std::atomic<bool> has_one_etag = false;  // wrongly, whatever the bytes
  std::atomic<bool> refuses = false;
  std::atomic<bool> keeps_checksums = false;
  std::atomic<int> flips_bits = 0;  // so many answers have a wrong bit
  std::atomic<int> lists = 0, gets = 0;

  void set(std::map<std::string, std::string> objects) {
    std::lock_guard lock(mutex_);
    objects_ = std::move(objects);
  }
  void put(const std::string& key, std::string body) {
    std::lock_guard lock(mutex_);
    objects_[key] = std::move(body);
  }
  void remove(const std::string& key) {
    std::lock_guard lock(mutex_);
    objects_.erase(key);
  }

  net::AwsSettings settings() const {
    return {.endpoint_url = server_.origin(), .anonymous = true};
  }
  static net::RetryPolicy retries() {
    return {.tries_max = 3, .delay_first = std::chrono::milliseconds(1)};
  }
  net::S3Access access() const { return net::S3Access::open({}, settings(), retries()); }

 private:
  using Connection = LoopbackServer::Connection;

  std::string etag_of(const std::string& body) const {
    if (has_one_etag) return "\"1\"";
    return "\"" + net::md5_hex(as_bytes(body)) + "\"";
  }

  std::string checksum_line(const LoopbackServer::Request& request, const std::string& body) const {
    if (!keeps_checksums || request.header("x-amz-checksum-mode") != "ENABLED") return "";
    return "x-amz-checksum-sha256: " + net::base64_of_hex(net::sha256_hex(as_bytes(body))) + "\r\n";
  }

  static std::string parameter(const std::string& target, const std::string& name) {
    const std::size_t at = target.find(name + "=");
    if (at == target.npos) return "";
    const std::size_t begin = at + name.size() + 1;
    return net::percent_decode(target.substr(begin, target.find('&', begin) - begin));
  }

  void list(const std::string& target, Connection& connection) {
    ++lists;
    const std::string prefix = parameter(target, "prefix");
    const std::string after = parameter(target, "start-after");
    std::string body = "<ListBucketResult><EncodingType>url</EncodingType>";
    unsigned count = 0;
    bool truncated = false;
    auto at = objects_.lower_bound(std::max(prefix, parameter(target, "continuation-token")));
    if (!after.empty() && after >= prefix) at = objects_.upper_bound(after);
    for (; at != objects_.end() && at->first.starts_with(prefix); ++at) {
      if (++count > page_size) {
        body += "<NextContinuationToken>" + at->first + "</NextContinuationToken>";
        truncated = true;
        break;
      }
      body += "<Contents><Key>" + net::percent_encode(at->first, net::Slash::keep) +
              "</Key><ETag>" + etag_of(at->second) + "</ETag><Size>" +
              std::to_string(at->second.size()) +
              "</Size><LastModified>2020-01-02T03:04:05Z</LastModified></Contents>";
    }
    body += std::string("<IsTruncated>") + (truncated ? "true" : "false") + "</IsTruncated>";
    connection.answer(200, body + "</ListBucketResult>");
  }

  void get(const LoopbackServer::Request& request, Connection& connection) {
    ++gets;
    const auto object = objects_.find(net::percent_decode(request.target.substr(8)));
    if (object == objects_.end())
      return connection.answer(404, "<Error><Code>NoSuchKey</Code></Error>");
    const std::string& body = object->second;
    const std::string etag = etag_of(body), wanted = request.header("if-match");
    if (honours_if_match && !wanted.empty() && wanted != etag)
      return connection.answer(412, "", {"ETag: " + etag});
    if (request.method == "HEAD")
      return connection.send("HTTP/1.1 200 X\r\nContent-Length: " + std::to_string(body.size()) +
                             "\r\nETag: " + etag + "\r\n\r\n");
    std::size_t first = 0, last = 0;
    std::sscanf(request.header("range").c_str(), "bytes=%zu-%zu", &first, &last);
    if (first >= body.size()) return connection.answer(416);
    std::string part = body.substr(first, last - first + 1);
    if (flips_bits > 0) --flips_bits, part[part.size() / 2] ^= 1;
    const std::string head = "HTTP/1.1 206 X\r\nContent-Length: " + std::to_string(part.size()) +
                             "\r\nContent-Range: bytes " + std::to_string(first) + "-" +
                             std::to_string(first + part.size() - 1) + "/" +
                             std::to_string(body.size()) + "\r\nETag: " + etag + "\r\n" +
                             checksum_line(request, body) + "\r\n";
    if (!cuts_once.exchange(false)) return connection.send(head + part);
    connection.send(head + part.substr(0, part.size() / 2));
    connection.close();
  }

  void answer(const LoopbackServer::Request& request, Connection& connection) {
    std::lock_guard lock(mutex_);
    if (refuses) return connection.answer(403);
    if (request.target.find("list-type=2") != std::string::npos)
      list(request.target, connection);
    else
      get(request, connection);
  }

  std::mutex mutex_;
  std::map<std::string, std::string> objects_;  // by key; guarded by mutex_
  LoopbackServer server_{
      [this](const auto& request, auto& connection) { answer(request, connection); }};
};

}  // namespace grid::testing
