// A backend behind another machine's `grid serve`: a store that is reached with a token of that
// server, and no key of a bucket. docs/http-api.md, "Objects", describes the requests.
//
// Whatever lies between may answer in the server's place, or spoil what it says. So only answers
// are believed that have the server's own header, and small objects only with their digest.
#pragma once

#include <string>

#include "backend/backend.h"
#include "net/http.h"
#include "net/retry.h"
#include "net/server_options.h"

namespace grid::backend {

// The URL of a grid server without '/' at its end. Throws `invalid_argument` for one with a user or
// a query.
std::string checked_server_url(std::string_view text);

class GridServerBackend : public Backend, private Carrier {
 public:
  // Sends no request yet. `url` is http(s)://HOST[:PORT][/PATH]; the token is taken from `servers`.
  // Throws as checked_server_url() does.
  GridServerBackend(std::string_view url, const net::ServerOptions& servers);

  bool create(std::string_view key, BytesView data) override;
  std::optional<Bytes> find(std::string_view key) const override;
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override;
  std::vector<ObjectEntry> list(std::string_view prefix) const override;
  std::vector<ObjectEntry> list_below(std::string_view prefix) const override;
  std::vector<std::string> list_names(std::string_view prefix) const override;
  // Throws `unsupported`: a server lets nobody remove objects.
  bool remove(std::string_view key) override;
  bool remote() const override { return true; }
  void prove_creates() override;
  std::string name() const override { return url_; }
  std::string location() const override { return "grid server " + url_; }
  const Carrier& carrier() const override { return *this; }

 private:
  struct Answer {
    net::HttpResponse response;
    std::string says;  // the server's word for the outcome; empty: an error
  };

  GridServerBackend(const GridServerBackend& other, const net::RetryPolicy& retries);

  void expect_reads(std::string_view, std::uint64_t, std::uint64_t) const override {}
  std::uint64_t read_ahead_max() const override { return 0; }
  bool is_in_memory(std::string_view, std::uint64_t, std::uint64_t) const override { return false; }
  std::optional<std::uint64_t> copy_part(std::string_view key, std::uint64_t offset,
                                         std::uint64_t size, const TakePiece& take) const override;
  bool drop_copy(std::string_view, std::uint64_t, std::uint64_t) const override { return false; }
  std::shared_ptr<Backend> hasty() const override;

  std::string url_of(std::string_view key) const;
  net::HttpRequest put_request(std::string url, std::string_view digest, BytesView body) const;
  // How much the server has of an object that was sent to it in part; nullopt: it does not know.
  std::optional<std::uint64_t> received(std::string_view key, std::string_view digest) const;
  bool create_large(std::string_view key, BytesView data, const std::string& digest);
  // `doing` begins messages: "read packs/…".
  Answer ask(std::string_view doing, net::HttpRequest request) const;
  [[noreturn]] void refuse(std::string_view doing, const net::HttpResponse& response) const;
  std::optional<std::uint64_t> answered_part(std::string_view key, std::uint64_t offset,
                                             std::uint64_t size, net::HttpRequest request) const;
  // The text of a listing, whose digest was right.
  Bytes listing(std::string_view prefix, std::string_view kind) const;
  std::vector<ObjectEntry> objects(std::string_view prefix, std::string_view kind) const;

  std::string url_;  // without '/' at its end
  std::string token_;
  std::shared_ptr<net::HttpClient> http_;
  net::RetryPolicy retries_;
};

}  // namespace grid::backend
