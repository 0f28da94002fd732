// Problem. A pack lies far away: a request takes tens of milliseconds, whatever its size, and many
// can be in flight at once. Readers want a few kilobytes at a time; several may want the same
// bytes, and some read from front to back.
//
// Idea. Missing bytes are fetched in whole blocks, neighbouring ones with one request, into memory.
// Readers that wait for one of them are served from there, and the blocks go to the disk for later
// readers. Blocks that no reader waits for yet go straight to the disk, if it has room. Where no
// caller announces its reads (Options::follows_readers), threads that do nothing else read ahead of
// a sequential reader, in a window that doubles while it continues.
//
// Example. Thread A wants bytes 10-20 of block 3, thread B bytes 30-40: A begins to fetch block 3,
// B finds that fetch under way and waits for it. A process C on the same node finds the block's
// range of the file locked, waits, and then reads the block from the file.
//
// It ends because a waiting reader waits for a fetch that another thread runs to its end, and no
// fetch waits for another: it tries the locks between processes for a while and then continues
// without them.
//
// Memory: fetch_blocks_max blocks for each fetch under way that goes through memory: those of the
// callers' threads and, at worst, `fetches_max` ahead of readers.

#include "cache/block_fetcher.h"

#include <condition_variable>
#include <exception>
#include <vector>

namespace grid::cache {

using namespace blocks_ahead;

struct BlockFetcher::Stream {
  std::uint64_t next_offset = 0;  // where a sequential reader continues
  std::uint64_t size = 0;         // bytes read in sequence so far
  std::uint64_t window = 0;       // blocks
  std::uint64_t asked_end = 0;    // block: all before it have been requested
};

// Reusable memory for fetches. New pages would cost the process more than filling them: a fifth of
// the time of a sequential read from a server. Thread-safe.
class BlockFetcher::Buffers {
 public:
  Bytes take() {
    std::lock_guard lock(mutex_);
    ++taken_count_;
    Bytes bytes;
    if (kept_.empty()) {
      bytes.reserve(fetch_blocks_max * block_size);
    } else {
      bytes = std::move(kept_.back());
      kept_.pop_back();
    }
    return bytes;
  }
  void give_back(Bytes bytes) {
    std::lock_guard lock(mutex_);
    kept_.push_back(std::move(bytes));
    if (--taken_count_ == 0) kept_.clear();  // idle: keep no memory
  }

 private:
  std::mutex mutex_;
  std::size_t taken_count_ = 0;  // guarded by mutex_
  std::vector<Bytes> kept_;      // guarded by mutex_
};

// Blocks being fetched. The thread that began the fetch runs it; the others wait.
struct BlockFetcher::Fetch {
  Fetch(std::uint64_t begin, std::uint64_t end, std::shared_ptr<Buffers> with)
      : first(begin), last_end(end), buffers(std::move(with)) {}
  ~Fetch() {
    if (bytes.capacity() > 0) buffers->give_back(std::move(bytes));
  }
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  const std::uint64_t first, last_end;  // blocks
  const std::shared_ptr<Buffers> buffers;

  std::mutex mutex;
  std::condition_variable finished;
  bool done = false;           // guarded by mutex
  std::exception_ptr failure;  // guarded by mutex; then const
  // The rest belongs to the running thread until done, then it is const.
  bool object_missing = false;
  bool in_copy = false;       // the blocks went straight to the copy, if there was room: look there
  bool short_of_end = false;  // the object ends before last_end
  Bytes bytes;                // if not in_copy: from `first` on

  void wait() {
    std::unique_lock lock(mutex);
    finished.wait(lock, [&] { return done; });
    if (failure) std::rethrow_exception(failure);
  }
  // Only the first call counts.
  void finish(std::exception_ptr with) {
    std::lock_guard lock(mutex);
    if (done) return;
    failure = std::move(with);
    done = true;
    finished.notify_all();
  }
};

BlockFetcher::BlockFetcher(std::shared_ptr<DiskCache> cache, Options options)
    : cache_(std::move(cache)),
      options_(options),
      buffers_(std::make_shared<Buffers>()),
      pool_(options.fetches_max) {}

BlockFetcher::~BlockFetcher() = default;

std::optional<std::size_t> BlockFetcher::read_through_copy(const Object& wanted,
                                                           std::uint64_t offset,
                                                           MutableBytesView out) {
  const std::uint64_t end = offset + out.size();
  std::uint64_t fetch_end = (end + block_size - 1) / block_size;
  if (options_.follows_readers) fetch_end = std::max(fetch_end, read_ahead(wanted, offset, end));
  std::size_t done = 0;
  while (done < out.size()) {
    const std::uint64_t at = offset + done;
    if (std::optional<std::uint64_t> size = wanted->size(); size && at >= *size) break;
    const std::uint64_t block = at / block_size, within = at % block_size;
    std::uint64_t wanted_here = std::min<std::uint64_t>(out.size() - done, block_size - within);
    if (std::optional<std::uint64_t> size = wanted->size())
      wanted_here = std::min(wanted_here, *size - at);
    if (wanted->read_block(block, within, out.subspan(done, wanted_here))) {
      cache_->note_hit(wanted_here);
      count_cost(options_.costs, &CacheCostCounters::hit_bytes, wanted_here);
      done += wanted_here;
      continue;
    }
    bool ours = false;
    std::shared_ptr<Fetch> fetch =
        join_or_begin(wanted, block, std::min(fetch_end, block + awaited_blocks_max), ours);
    if (!fetch) continue;  // it has arrived meanwhile
    if (ours) run(*fetch, wanted, /*awaited=*/true);
    fetch->wait();
    if (fetch->in_copy) continue;
    if (fetch->object_missing) return std::nullopt;
    const std::uint64_t skipped = at - fetch->first * block_size;
    if (skipped >= fetch->bytes.size()) break;  // the object ends before
    std::size_t got = std::min<std::uint64_t>(out.size() - done, fetch->bytes.size() - skipped);
    std::copy_n(fetch->bytes.begin() + static_cast<std::ptrdiff_t>(skipped), got,
                out.begin() + static_cast<std::ptrdiff_t>(done));
    cache_->note_missed(got);
    count_cost(options_.costs, &CacheCostCounters::missed_bytes, got);
    done += got;
  }
  return done;
}

// Returns the fetch of `block`: the one under way, or a new one (`ours`) of this block and the
// missing blocks that follow it, before `block_end`. nullptr if the block is present.
std::shared_ptr<BlockFetcher::Fetch> BlockFetcher::join_or_begin(const Object& wanted,
                                                                 std::uint64_t block,
                                                                 std::uint64_t block_end,
                                                                 bool& ours) {
  std::lock_guard lock(mutex_);
  if (auto at = fetches_.find({wanted->name(), block}); at != fetches_.end()) return at->second;
  if (wanted->present(block)) return nullptr;
  std::uint64_t end = block + 1;
  while (end < block_end && end - block < fetch_blocks_max && !wanted->present(end) &&
         !fetches_.contains({wanted->name(), end}))
    ++end;
  auto fetch = std::make_shared<Fetch>(block, end, buffers_);
  for (std::uint64_t i = block; i < end; ++i) fetches_.emplace(FetchKey{wanted->name(), i}, fetch);
  ours = true;
  return fetch;
}

// Runs a fetch and wakes the threads that wait for it; if it goes through memory, before it puts
// the blocks into the copy, unless put() may refuse them. `awaited`: a reader waits already.
void BlockFetcher::run(Fetch& fetch, const Object& wanted, bool awaited) {
  std::exception_ptr failure;
  try {
    const std::shared_ptr<void> lock = wanted->lock(fetch.first, fetch.last_end - fetch.first);
    // Without the lock, another process may be writing the same blocks for seconds.
    if (awaited || !lock || !fetch_into_copy(fetch, wanted)) fetch_into_memory(fetch, wanted);
  } catch (...) {  // rethrown in every waiting thread
    failure = std::current_exception();
  }
  {
    std::lock_guard lock(mutex_);
    for (std::uint64_t i = fetch.first; i < fetch.last_end; ++i)
      fetches_.erase({wanted->name(), i});
  }
  fetch.finish(failure);
}

// False if the blocks did not get into the copy.
bool BlockFetcher::fetch_into_copy(Fetch& fetch, const Object& wanted) {
  CopiedObject& object = *wanted;
  // Another process may have brought some while we waited for the lock.
  std::uint64_t first = fetch.first, last_end = fetch.last_end;
  while (first < last_end && object.present(first)) ++first;
  while (first < last_end && object.present(last_end - 1)) --last_end;
  const std::uint64_t begin = first * block_size;
  std::uint64_t end = last_end * block_size;
  if (std::optional<std::uint64_t> size = object.size()) end = std::min(end, *size);
  fetch.short_of_end = end < last_end * block_size;
  if (begin < end) {
    const std::optional<std::uint64_t> got = object.fetch_into_copy(first, end - begin);
    if (!got) return false;
    count_cost(options_.costs, &CacheCostCounters::remote_bytes, *got);
    if (*got < end - begin) fetch.short_of_end = true;
  }
  fetch.in_copy = true;
  return true;
}

void BlockFetcher::fetch_into_memory(Fetch& fetch, const Object& wanted) {
  CopiedObject& object = *wanted;
  const std::uint64_t begin = fetch.first * block_size;
  std::uint64_t end = fetch.last_end * block_size;
  if (std::optional<std::uint64_t> size = object.size()) end = std::min(end, *size);
  fetch.short_of_end = end < fetch.last_end * block_size;
  if (begin >= end) return;
  fetch.bytes = fetch.buffers->take();
  fetch.bytes.resize(end - begin);
  auto bytes_of = [&](std::uint64_t block) {
    std::uint64_t at = (block - fetch.first) * block_size;
    return MutableBytesView(fetch.bytes)
        .subspan(at, std::min<std::uint64_t>(block_size, fetch.bytes.size() - at));
  };
  // Another process may have brought some while we waited for the lock.
  std::uint64_t first = fetch.first, last_end = (end + block_size - 1) / block_size;
  while (first < last_end && object.read_block(first, 0, bytes_of(first))) ++first;
  while (first < last_end && object.read_block(last_end - 1, 0, bytes_of(last_end - 1))) --last_end;
  if (first == last_end) return;
  const std::uint64_t from = first * block_size - begin;
  MutableBytesView missing =
      MutableBytesView(fetch.bytes)
          .subspan(from, std::min(last_end * block_size, end) - begin - from);
  std::optional<std::size_t> got = object.fetch(begin + from, missing);
  count_cost(options_.costs, &CacheCostCounters::remote_bytes, got.value_or(0));
  fetch.object_missing = !got;
  if (got != missing.size()) {
    fetch.bytes.resize(from + got.value_or(0));
    fetch.short_of_end = true;
    if (got.value_or(0) == 0) return;  // it ends here or earlier
    object.learn_size(begin + fetch.bytes.size());
    last_end = fetch.first + (fetch.bytes.size() + block_size - 1) / block_size;
  }
  if (!object.put_may_refuse()) fetch.finish(nullptr);
  for (std::uint64_t block = first; block < last_end; ++block) object.put(block, bytes_of(block));
}

// If this read continues an earlier one, starts to fetch the blocks that follow. Returns the block
// up to which the reader may fetch them itself if it gets there first.
std::uint64_t BlockFetcher::read_ahead(const Object& wanted, std::uint64_t offset,
                                       std::uint64_t end) {
  std::uint64_t first = 0, last_end = 0;
  {
    std::lock_guard lock(mutex_);
    if (streams_.size() >= objects_max) streams_.clear();
    Stream& stream = streams_[wanted->name()];
    // The threads of one reader do not arrive quite in order.
    bool goes_on = stream.next_offset != 0 && offset + block_size >= stream.next_offset &&
                   offset <= stream.next_offset + block_size;
    if (!goes_on) stream = {};
    stream.next_offset = std::max(stream.next_offset, end);
    stream.size += end - offset;
    // Small reads within one block need no read-ahead.
    if (!goes_on || stream.size <= block_size) return 0;
    const std::uint64_t block = (end + block_size - 1) / block_size;
    // Keeps half of the window in flight while the other half is read.
    if (stream.asked_end > block + stream.window / 2) return stream.asked_end;
    stream.window = std::clamp(stream.window * 2, window_blocks_min, window_blocks_max);
    first = std::max(block, stream.asked_end);
    last_end = block + stream.window;
    stream.asked_end = last_end;
  }
  if (std::optional<std::uint64_t> size = wanted->size())
    last_end = std::min(last_end, (*size + block_size - 1) / block_size);
  last_end = std::min(last_end, wanted->block_end_max());
  for (std::uint64_t at = first; at < last_end; at += fetch_blocks_max)
    pool_.submit([this, wanted, at, piece_end = std::min(last_end, at + fetch_blocks_max)] {
      prefetch(wanted, at, piece_end);
    });
  return last_end;
}

// Fetches the missing blocks of [first, end), waiting for those already under way. Stops if the
// cache cannot be written: the blocks could not be kept and would be fetched twice. False if the
// object ends earlier.
bool BlockFetcher::prefetch(const Object& wanted, std::uint64_t first, std::uint64_t end) {
  for (std::uint64_t block = first; block < end && !cache_->writing_fails();) {
    if (std::optional<std::uint64_t> size = wanted->size(); size && block * block_size >= *size)
      return false;
    bool ours = false;
    std::shared_ptr<Fetch> fetch = join_or_begin(wanted, block, end, ours);
    if (ours) run(*fetch, wanted, /*awaited=*/false);
    if (fetch) {
      fetch->wait();
      if (fetch->short_of_end) return false;
    }
    block = fetch ? fetch->last_end : block + 1;
  }
  return true;
}

void BlockFetcher::fetch(const Object& wanted, std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t end = (offset + size + block_size - 1) / block_size;
  prefetch(wanted, offset / block_size, std::min(end, wanted->block_end_max()));
}

}  // namespace grid::cache
