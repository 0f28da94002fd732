// A backend in a bucket of an S3 server, below a prefix.
//
// Beyond keeping objects, a store needs one thing of the server: of several PUTs of a key with
// If-None-Match: * exactly one succeeds. AWS, Ceph and others honour it; some servers ignore it and
// overwrite. So prove_creates() tries it before a store is made.
// docs/decisions/0014-what-is-asked-of-an-s3-server.md has the reasons.
#pragma once

#include "backend/backend.h"
#include "net/s3_bucket.h"

namespace grid::backend {

struct S3BackendOptions {
  // Larger objects are sent in parts, several at a time. For these, create() does not promise that
  // exactly one caller wins: see net::S3Bucket::create_in_parts(). Nothing that a store publishes
  // is that large.
  std::size_t single_put_size_max = 64 << 20;  // bytes
  std::size_t part_size = 16 << 20;            // bytes; servers want 5 MiB or more
};

class S3Backend : public Backend, private Carrier {
 public:
  // Sends no request yet. `prefix` is empty or ends in '/'.
  S3Backend(net::S3Access access, std::string bucket, std::string prefix,
            const S3BackendOptions& options = {});

  bool create(std::string_view key, BytesView data) override;
  std::optional<Bytes> find(std::string_view key) const override;
  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override;
  std::vector<ObjectEntry> list(std::string_view prefix) const override;
  std::vector<ObjectEntry> list_below(std::string_view prefix) const override;
  std::vector<std::string> list_names(std::string_view prefix) const override;
  bool remove(std::string_view key) override;
  void discard(std::string_view key) override;
  bool remote() const override { return true; }
  void prove_creates() override;
  std::string name() const override;
  std::string location() const override;
  const Carrier& carrier() const override { return *this; }

 private:
  std::vector<ObjectEntry> objects(const net::S3ListRequest& request) const;
  // Nothing can be brought near without a cache in front.
  void expect_reads(std::string_view, std::uint64_t, std::uint64_t) const override {}
  std::uint64_t read_ahead_max() const override { return 0; }
  bool is_in_memory(std::string_view, std::uint64_t, std::uint64_t) const override { return false; }
  std::optional<std::uint64_t> copy_part(std::string_view key, std::uint64_t offset,
                                         std::uint64_t size, const TakePiece& take) const override;
  bool drop_copy(std::string_view, std::uint64_t, std::uint64_t) const override { return false; }
  std::shared_ptr<Backend> hasty() const override;

  std::string full_key(std::string_view key) const;

  const net::S3Access access_;
  net::S3Bucket bucket_;
  const std::string prefix_;
  const S3BackendOptions options_;
};

}  // namespace grid::backend
