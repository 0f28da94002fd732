#include "dataset/file_cutter.h"

#include <cstring>

#include "base/error.h"
#include "store/chunker.h"

namespace grid::dataset {

static constexpr std::size_t buffer_size = 1 << 20;  // bytes read at once
static constexpr std::size_t note_size = 4 << 20;    // bytes cut between two notes

// Reads until the buffer is full; fewer bytes than that are the last. Gives how many it holds.
std::size_t FileCutter::fill(ByteStream& bytes, std::size_t held) {
  while (held < buffer_.size()) {
    std::size_t got = bytes.read(MutableBytesView(buffer_).subspan(held));
    if (got == 0) break;
    held += got;
    progress_.bytes_done += got;
  }
  return held;
}

std::string FileCutter::cut(ByteStream& bytes, std::vector<store::ChunkRef>& chunks,
                            const std::function<void()>& note) {
  if (buffer_.empty()) buffer_.resize(buffer_size + store::chunk_size_max);
  std::size_t held = 0;  // bytes at the front of the buffer that are not cut yet
  std::size_t unnoted = 0;
  bool at_end = false;
  while (!at_end || held > 0) {
    if (stop_ != nullptr && *stop_) {
      note();
      throw Interrupted();
    }
    try {
      if (!at_end) held = fill(bytes, held);
    } catch (const Error& error) {  // the file's failure, not the store's
      if (error.kind() != ErrorKind::unavailable) return error.what();
      note();
      throw;
    }
    at_end = held < buffer_.size();
    BytesView rest = BytesView(buffer_).first(held);
    std::size_t uncut = at_end ? 1 : store::chunk_size_max;
    const std::uint64_t new_before = writer_.bytes_new();
    while (rest.size() >= uncut) {
      std::size_t size = at_end && rest.size() <= store::chunk_size_target && chunks.empty()
                             ? rest.size()  // a small file is one chunk
                             : store::first_cut(rest);
      chunks.push_back(writer_.put(rest.first(size)));
      rest = rest.subspan(size);
    }
    progress_.bytes_new += writer_.bytes_new() - new_before;
    unnoted += held - rest.size();
    std::memmove(buffer_.data(), rest.data(), rest.size());
    held = rest.size();
    if (unnoted >= note_size || at_end) {
      note();
      unnoted = 0;
    }
  }
  return {};
}

}  // namespace grid::dataset
