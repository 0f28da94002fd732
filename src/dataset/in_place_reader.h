// Reads files in place: objects of buckets, each in the one state in which a version knows it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "base/bytes.h"
#include "base/read_ahead.h"
#include "cache/block_fetcher.h"
#include "cache/keyed_blocks.h"
#include "dataset/buckets.h"
#include "dataset/read_costs.h"
#include "tree/entries.h"

namespace grid::dataset {

// Thread-safe. Opens and requests nothing before the first read.
class InPlaceReader {
 public:
  using OpenCache = std::function<std::shared_ptr<cache::DiskCache>()>;

  // `open_cache` gives the node's cache, or null; it is called once. What is read is kept in that
  // cache under the server and the object ref, and is checked by its digest from then on. `costs`
  // must outlive the reader; null disables counting.
  InPlaceReader(std::shared_ptr<const Buckets> buckets, OpenCache open_cache,
                ReadCostCounters* costs = nullptr, ReadAhead read_ahead = {})
      : buckets_(std::move(buckets)),
        open_cache_(std::move(open_cache)),
        costs_(costs),
        read_ahead_(read_ahead) {}

  // The bytes [offset, offset + size) of a file of `file_size` bytes, as
  // FileReader::read_file_part(). Throws `changed` if the object is in another state now, or gone,
  // `corrupt` if the server gives other bytes than before under the same ETag, and as net::S3Bucket
  // does.
  BytesView read_object_part(const tree::ObjectRef& object, std::uint64_t file_size,
                             std::uint64_t offset, std::size_t size, Bytes& scratch) const;

 private:
  class CopiedFile;
  struct Copies {
    std::string server;
    std::unique_ptr<cache::KeyedBlocks> blocks;
    std::unique_ptr<cache::BlockFetcher> fetcher;  // last: its threads use the blocks
  };
  const Copies& copies() const;

  const std::shared_ptr<const Buckets> buckets_;
  const OpenCache open_cache_;
  ReadCostCounters* const costs_;
  const ReadAhead read_ahead_;  // of the policies, `blocks` acts here
  mutable std::once_flag opened_;
  mutable Copies copies_;  // set once, by copies(); null without a cache
};

}  // namespace grid::dataset
