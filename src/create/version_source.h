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
                std::shared_ptr<const dataset::Buckets> buckets)
      : version_(std::move(version)),
        buckets_(std::move(buckets)),
        cursor_(version_, {0, version_->totals().entries}) {}

  source::SourceOrder order() const override { return source::SourceOrder::tree; }
  std::optional<source::SourceEntry> next(std::vector<source::Problem>& problems) override;

 private:
  std::unique_ptr<source::SourceFile> open(const source::SourceEntry& entry,
                                           std::optional<ByteRange> range) override;
  unsigned open_count() const override { return 16; }

  const std::shared_ptr<const tree::Manifest> version_;
  const std::shared_ptr<const dataset::Buckets> buckets_;
  tree::EntryCursor cursor_;
};

}  // namespace grid::create
