#include "dataset/in_place_reader.h"

#include <algorithm>

#include "base/error.h"
#include "cache/copied_object.h"

namespace grid::dataset {

// The folder of the node's cache in which these blocks are, beside those of stores.
static constexpr const char* cache_name = "in-place";

static void read_object(const Buckets& buckets, const tree::ObjectRef& object,
                        std::uint64_t file_size, std::uint64_t offset, MutableBytesView out) {
  buckets.get(object.bucket)
      .read_part(object.key,
                 {.size = file_size, .etag = object.etag, .version_id = object.version_id}, offset,
                 out);
}

// An object of a bucket with its blocks in the cache.
class InPlaceReader::CopiedFile : public cache::CopiedObject {
 public:
  CopiedFile(const Buckets& buckets, const Copies& copies, const tree::ObjectRef& object,
             std::uint64_t size)
      : buckets_(buckets),
        blocks_(*copies.blocks),
        object_(object),
        size_(size),
        digest_(digest_of(
            as_bytes(copies.server + "\n" + source::content_in_place(object, size).digest.hex()))),
        name_(digest_.hex()) {}

  const std::string& name() const override { return name_; }
  std::optional<std::size_t> fetch(std::uint64_t offset, MutableBytesView out) const override {
    read_object(buckets_, object_, size_, offset, out);
    return out.size();
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  void learn_size(std::uint64_t) override {}  // known from the version
  std::uint64_t block_end_max() const override { return UINT64_MAX / cache::block_size; }
  bool present(std::uint64_t block) const override { return blocks_.present(name_of(block)); }
  bool read_block(std::uint64_t block, std::uint64_t offset, MutableBytesView out) override {
    const std::uint64_t begin = block * cache::block_size;
    const std::uint64_t block_size = std::min(cache::block_size, size_ - begin);
    return blocks_.read_block(name_of(block), block_size, offset, out);
  }
  void put(std::uint64_t block, BytesView bytes) override {
    try {
      blocks_.put(name_of(block), bytes);
    } catch (const Error& error) {  // this layer knows the noun
      throw error.within(buckets_.get(object_.bucket).url_of(object_.key));
    }
  }
  bool put_may_refuse() const override { return true; }
  std::shared_ptr<void> lock(std::uint64_t first, std::uint64_t) override {
    return blocks_.lock(name_of(first));
  }

 private:
  Digest name_of(std::uint64_t block) const {
    Bytes name(digest_.bytes.begin(), digest_.bytes.end());
    append(name, block);
    return digest_of(name);
  }

  const Buckets& buckets_;
  cache::KeyedBlocks& blocks_;
  const tree::ObjectRef object_;
  const std::uint64_t size_;
  const Digest digest_;
  const std::string name_;
};

const InPlaceReader::Copies& InPlaceReader::copies() const {
  std::call_once(opened_, [&] {
    std::shared_ptr<cache::DiskCache> cache = open_cache_();
    if (!cache) return;
    // An object of the same name on another server is another one, even with the same ETag.
    copies_.server = buckets_->server();
    copies_.blocks = std::make_unique<cache::KeyedBlocks>(cache, cache_name);
    copies_.fetcher = std::make_unique<cache::BlockFetcher>(
        cache, cache::BlockFetcher::Options{.costs = costs_ ? &costs_->cache : nullptr,
                                            .follows_readers = read_ahead_.blocks});
  });
  return copies_;
}

BytesView InPlaceReader::read_object_part(const tree::ObjectRef& object, std::uint64_t file_size,
                                          std::uint64_t offset, std::size_t size,
                                          Bytes& scratch) const {
  if (offset >= file_size || size == 0) return {};
  scratch.resize(std::min<std::uint64_t>(size, file_size - offset));
  const Copies& copies = this->copies();
  store::StoreCostCounters* const costs = costs_ ? &costs_->store : nullptr;
  const CostTimer timer(costs, &store::StoreCostCounters::wait_ns);
  count_cost(costs, &store::StoreCostCounters::read_bytes, scratch.size());
  try {
    if (copies.fetcher)
      copies.fetcher->read_through_copy(
          std::make_shared<CopiedFile>(*buckets_, copies, object, file_size), offset, scratch);
    else
      read_object(*buckets_, object, file_size, offset, scratch);
  } catch (const Error& error) {
    // A missing object or bucket is drift, not a missing file.
    if (error.kind() != ErrorKind::changed && error.kind() != ErrorKind::not_found) throw;
    fail(ErrorKind::changed, "{}; the version is in place and has no copy", error.what());
  }
  return scratch;
}

}  // namespace grid::dataset
