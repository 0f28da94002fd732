#include "create/file_cutter.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace grid::create {

// Bytes read at once: all of a slice that is cut finely, but no more than stays in a core's cache
// until it is digested and copied.
static constexpr std::size_t buffer_size = store::fine_slice_max + store::chunk_size_max;
static constexpr std::uint64_t note_size = 4 << 20;  // bytes cut between two notes

std::string FileCutter::cut(ByteStream& bytes, Chunks& chunks, const std::function<void()>& note) {
  if (buffer_.empty()) buffer_.resize(buffer_size);
  held_ = 0;
  std::uint64_t unnoted = 0;
  bool at_end = false;
  // A slice that has chunks already is not cut finely: fine slices are noted only when they are
  // whole. If the size is not known, the first buffer decides.
  const bool coarse = !chunks.empty() || bytes.size().value_or(0) > store::fine_slice_max;
  const store::CutSizes* sizes = coarse ? &store::cuts : nullptr;
  while (!at_end || held_ > 0) {
    if (stop_ != nullptr && *stop_) {
      note();
      throw Interrupted();
    }
    const std::uint64_t new_before = writer_.bytes_new();
    try {
      if (sizes == &store::cuts) unnoted += skip_zeros(bytes, chunks);
      at_end = at_end || fill(bytes);
    } catch (const Error& error) {  // the file's failure, not the store's
      if (error.kind() != ErrorKind::unavailable) return error.what();
      note();
      throw;
    }
    if (sizes == nullptr)
      sizes = at_end && held_ <= store::fine_slice_max ? &store::fine_cuts : &store::cuts;
    const std::size_t done = cut_front(BytesView(buffer_).first(held_), *sizes, at_end, chunks);
    progress_.bytes_new += writer_.bytes_new() - new_before;
    unnoted += done;
    held_ -= done;
    std::memmove(buffer_.data(), buffer_.data() + done, held_);
    if (unnoted >= note_size || at_end) {
      note();
      unnoted = 0;
    }
  }
  return {};
}

// Fills the buffer; true if the stream has ended.
bool FileCutter::fill(ByteStream& bytes) {
  while (held_ < buffer_.size()) {
    std::size_t got = bytes.read(MutableBytesView(buffer_).subspan(held_));
    if (got == 0) return true;
    held_ += got;
    progress_.bytes_done += got;
  }
  return false;
}

// Stores the chunks that lie wholly in `data`; returns their total size.
std::size_t FileCutter::cut_front(BytesView data, const store::CutSizes& sizes, bool at_end,
                                  Chunks& chunks) {
  const std::size_t uncut = at_end ? 1 : sizes.size_max;
  const bool whole_file = at_end && chunks.empty() && data.size() <= store::whole_file_max;
  BytesView rest = data;
  pieces_.clear();
  while (rest.size() >= uncut) {
    pieces_.push_back(rest.first(whole_file ? rest.size() : store::first_cut(rest, sizes)));
    rest = rest.subspan(pieces_.back().size());
  }
  digests_.resize(pieces_.size());
  digest_all(pieces_, digests_);
  for (std::size_t i = 0; i < pieces_.size(); ++i)
    chunks.push_back(writer_.put(pieces_[i], digests_[i]));
  return data.size() - rest.size();
}

// If the buffer holds only zeros and a hole follows, cuts both as if the hole had been read: at the
// maximum size, into the same chunk again and again. Returns the number of bytes cut.
std::uint64_t FileCutter::skip_zeros(ByteStream& bytes, Chunks& chunks) {
  auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  const auto held_end = buffer_.begin() + static_cast<std::ptrdiff_t>(held_);
  if (!std::all_of(buffer_.begin(), held_end, is_zero)) return 0;
  const std::uint64_t skipped = bytes.skip_zeros();
  if (skipped == 0) return 0;
  progress_.bytes_done += skipped;
  const std::uint64_t zeros = held_ + skipped;
  const std::uint64_t count = zeros / store::chunk_size_max;
  std::fill_n(buffer_.begin(), store::chunk_size_max, std::byte{0});
  if (count > 0) {
    const store::ChunkRef chunk = writer_.put(BytesView(buffer_).first(store::chunk_size_max));
    chunks.insert(chunks.end(), count, chunk);
  }
  held_ = zeros % store::chunk_size_max;
  return count * store::chunk_size_max;
}

}  // namespace grid::create
