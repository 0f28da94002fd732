// A version as the source of another version, which then has all of its bytes in the store.
#pragma once

#include <memory>
#include <optional>

#include "dataset/buckets.h"
#include "source/source.h"
#include "tree/manifest.h"

namespace grid::create {

// In tree order. Files in the store are not read. Files in place are read from their buckets, as
// long as their objects have not changed.
class VersionSource : public source::Source, private source::FileOpener {
 public:
  VersionSource(std::shared_ptr<const tree::Manifest> version,
                std::optional<std::int64_t> top_mtime_ns,
                std::shared_ptr<const dataset::Buckets> buckets)
      : version_(std::move(version)),
        top_mtime_ns_(top_mtime_ns),
        buckets_(std::move(buckets)),
        cursor_(version_, {0, version_->totals().entries}) {}

  source::SourceOrder order() const override { return source::SourceOrder::tree; }
  std::optional<source::SourceEntry> next(std::vector<source::Problem>& problems) override;
  std::optional<std::int64_t> top_mtime_ns() const override { return top_mtime_ns_; }

 private:
  std::unique_ptr<source::SourceFile> open(const source::SourceEntry& entry,
                                           std::optional<ByteRange> range) override;
  unsigned open_count() const override { return 16; }

  const std::shared_ptr<const tree::Manifest> version_;
  const std::optional<std::int64_t> top_mtime_ns_;
  const std::shared_ptr<const dataset::Buckets> buckets_;
  tree::EntryCursor cursor_;
};

}  // namespace grid::create
