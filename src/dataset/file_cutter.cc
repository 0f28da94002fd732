#include "dataset/file_cutter.h"

#include <cstring>

#include "base/error.h"
#include "store/chunker.h"

namespace grid::dataset {

static constexpr std::size_t buffer_size = 1 << 20;  // bytes read at once

std::string FileCutter::cut(ByteStream& bytes, std::vector<store::ChunkRef>& chunks) {
  if (buffer_.empty()) buffer_.resize(buffer_size + store::chunk_size_max);
  std::size_t held = 0;  // bytes at the front of the buffer that are not cut yet
  bool at_end = false;
  while (!at_end || held > 0) {
    try {
      while (!at_end && held < buffer_.size()) {
        std::size_t got = bytes.read(MutableBytesView(buffer_).subspan(held));
        at_end = got == 0;
        held += got;
        bytes_done_ += got;
      }
    } catch (const Error& error) {  // the file's failure, not the store's
      if (error.kind() == ErrorKind::unavailable) throw;
      return error.what();
    }
    BytesView rest = BytesView(buffer_).first(held);
    std::size_t uncut = at_end ? 1 : store::chunk_size_max;
    while (rest.size() >= uncut) {
      std::size_t size = at_end && rest.size() <= store::chunk_size_target && chunks.empty()
                             ? rest.size()  // a small file is one chunk
                             : store::first_cut(rest);
      chunks.push_back(writer_.put(rest.first(size)));
      rest = rest.subspan(size);
    }
    std::memmove(buffer_.data(), rest.data(), rest.size());
    held = rest.size();
  }
  return {};
}

}  // namespace grid::dataset
