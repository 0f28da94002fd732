#include "cache/caching_backend.h"

#include "base/error.h"

namespace grid::cache {

// A remote object with its copy in a file of its own.
class CachingBackend::PartlyCopied : public CopiedObject {
 public:
  PartlyCopied(const backend::Backend& remote, DiskCache& cache, std::string key,
               std::shared_ptr<CachedObject> copy)
      : remote_(remote), cache_(cache), key_(std::move(key)), copy_(std::move(copy)) {}

  const std::string& name() const override { return key_; }
  std::optional<std::size_t> fetch(std::uint64_t offset, MutableBytesView out) const override {
    return remote_.find_part(key_, offset, out);
  }
  std::optional<std::uint64_t> fetch_into_copy(std::uint64_t first, std::uint64_t size) override {
    const std::unique_ptr<DiskCache::Filling> filling = cache_.begin_filling(*copy_, first, size);
    if (!filling) return std::nullopt;
    const std::optional<std::uint64_t> got = remote_.carrier().copy_part(
        key_, first * block_size, size,
        [&](std::uint64_t at, BytesView piece) { filling->write(at, piece); });
    if (!got) return std::nullopt;
    cache_.note_fetched(*got);
    if (*got > 0 && *got < size) learn_size(first * block_size + *got);
    return filling->publish(*got) ? got : std::nullopt;
  }
  std::optional<std::uint64_t> size() const override { return copy_->size(); }
  void learn_size(std::uint64_t size) override { copy_->learn_size(size); }
  std::uint64_t block_end_max() const override { return CachedObject::block_count_max; }
  bool present(std::uint64_t block) const override { return copy_->present(block); }
  bool read_block(std::uint64_t block, std::uint64_t offset, MutableBytesView out) override {
    return copy_->read_block(block, offset, out);
  }
  void put(std::uint64_t block, BytesView bytes) override { cache_.put(*copy_, block, bytes); }
  std::shared_ptr<void> lock(std::uint64_t first, std::uint64_t count) override {
    return copy_->lock(first, count);
  }

 private:
  const backend::Backend& remote_;
  DiskCache& cache_;
  const std::string key_;
  const std::shared_ptr<CachedObject> copy_;
};

CachingBackend::CachingBackend(std::shared_ptr<backend::Backend> remote,
                               std::shared_ptr<DiskCache> cache, CachingOptions options)
    : remote_(std::move(remote)),
      cache_(std::move(cache)),
      options_(std::move(options)),
      answers_(std::make_unique<KeptAnswers>(
          remote_, cache_->folder() / options_.store_key / "kept", options_.answers)),
      fetcher_(cache_, {.costs = options_.costs,
                        .fetches_max = options_.fetches_max,
                        .follows_readers = options_.follows_readers}) {}

CachingBackend::~CachingBackend() = default;

bool CachingBackend::create(std::string_view key, BytesView data) {
  const Caching caching = options_.caching_of(key);
  if (caching == Caching::parts) {
    const bool created = remote_->create(key, data);
    if (created) keep_small(key, data);
    return created;
  }
  if (caching == Caching::none) return remote_->create(key, data);
  answers_->forget_absence(key);
  const bool created = remote_->create(key, data);
  // Someone may have asked meanwhile.
  answers_->forget_absence(key);
  if (created) answers_->keep(key, data);
  return created;
}

// A pack of one block, as a create of small files makes: the next create reads the tree in it.
void CachingBackend::keep_small(std::string_view key, BytesView data) const {
  if (data.empty() || data.size() > block_size) return;
  const std::shared_ptr<CachedObject> copy = object_of(key);
  const std::unique_ptr<DiskCache::Filling> filling =
      copy ? cache_->begin_filling(*copy, 0, data.size()) : nullptr;
  if (!filling) return;
  filling->write(0, data);
  if (filling->publish(data.size())) copy->learn_size(data.size());
}

std::optional<Bytes> CachingBackend::find(std::string_view key) const {
  if (options_.caching_of(key) != Caching::whole) return remote_->find(key);
  return answers_->object(key);
}

std::vector<backend::ObjectEntry> CachingBackend::list(std::string_view prefix) const {
  return remote_->list(prefix);
}

std::vector<backend::ObjectEntry> CachingBackend::list_below(std::string_view prefix) const {
  // The listing of a whole store is as large as the store: it is not kept.
  if (prefix.empty() || options_.caching_of(prefix) != Caching::whole)
    return remote_->list_below(prefix);
  return answers_->objects_below(prefix);
}

std::vector<std::string> CachingBackend::list_names(std::string_view prefix) const {
  if (options_.caching_of(prefix) != Caching::whole) return remote_->list_names(prefix);
  return answers_->listing(prefix);
}

bool CachingBackend::remove(std::string_view key) { return remote_->remove(key); }

// nullptr if the cache cannot be used: reading must work without it.
std::shared_ptr<CachedObject> CachingBackend::object_of(std::string_view key) const {
  try {
    return cache_->open(options_.store_key, key);
  } catch (const Error&) {
    return nullptr;
  }
}

std::optional<std::size_t> CachingBackend::find_part(std::string_view key, std::uint64_t offset,
                                                     MutableBytesView out) const {
  std::shared_ptr<CachedObject> copy;
  if (options_.caching_of(key) == Caching::parts && !out.empty() &&
      offset + out.size() <= CachedObject::block_count_max * block_size)
    copy = object_of(key);
  if (!copy) return remote_->find_part(key, offset, out);
  return fetcher_.read_through_copy(
      std::make_shared<PartlyCopied>(*remote_, *cache_, std::string(key), std::move(copy)), offset,
      out);
}

void CachingBackend::expect_reads(std::string_view key, std::uint64_t offset,
                                  std::uint64_t size) const {
  if (options_.caching_of(key) != Caching::parts)
    return remote_->carrier().expect_reads(key, offset, size);
  if (std::shared_ptr<CachedObject> copy = object_of(key))
    fetcher_.fetch(
        std::make_shared<PartlyCopied>(*remote_, *cache_, std::string(key), std::move(copy)),
        offset, size);
}

std::uint64_t CachingBackend::read_ahead_max() const { return cache_->size_max() / 2; }

std::optional<std::uint64_t> CachingBackend::copy_part(std::string_view key, std::uint64_t offset,
                                                       std::uint64_t size,
                                                       const TakePiece& take) const {
  if (options_.caching_of(key) != Caching::parts)
    return remote_->carrier().copy_part(key, offset, size, take);
  return backend::copy_in_one_piece(*this, key, offset, size, take);
}

// The wrong bytes may also come from a copy that the remote backend keeps.
bool CachingBackend::drop_copy(std::string_view key, std::uint64_t offset,
                               std::uint64_t size) const {
  bool dropped = remote_->carrier().drop_copy(key, offset, size);
  if (options_.caching_of(key) != Caching::parts || size == 0) return dropped;
  std::shared_ptr<CachedObject> object = object_of(key);
  if (!object) return dropped;
  object->forget_size();  // it may be what is wrong
  const std::uint64_t end =
      std::min((offset + size - 1) / block_size + 1, CachedObject::block_count_max);
  for (std::uint64_t block = offset / block_size; block < end; ++block)
    dropped = cache_->drop_damaged(*object, block) || dropped;
  return dropped;
}

}  // namespace grid::cache
