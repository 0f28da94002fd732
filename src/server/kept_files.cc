#include "server/kept_files.h"

#include <algorithm>

namespace grid::server {

static constexpr std::size_t piece_size_max = 256 << 10;  // bytes
// What a piece or a file takes besides its bytes, about.
static constexpr std::size_t piece_overhead = 256, file_overhead = 512;
static constexpr unsigned refused_of_each = 8;  // when the memory is full

std::shared_ptr<const KeptFiles::File> KeptFiles::find(std::string_view target) {
  std::lock_guard lock(mutex_);
  const auto* file = files_.find(target);
  return file == nullptr ? nullptr : *file;
}

void KeptFiles::add(std::string target, File file) {
  const std::size_t size = target.size() + file.head->size() + file_overhead;
  auto kept = std::make_shared<const File>(std::move(file));
  std::lock_guard lock(mutex_);
  file_admission_.note_added(size);
  files_.add(std::move(target), std::move(kept), size);
}

KeptFiles::Piece KeptFiles::find_piece(const tree::Content& content, std::uint64_t offset) {
  std::lock_guard lock(mutex_);
  const Piece* piece = pieces_.find(PieceKey{content, offset});
  return piece == nullptr ? nullptr : *piece;
}

void KeptFiles::add_piece(const tree::Content& content, std::uint64_t offset, Piece piece) {
  const std::size_t size = piece->size() + piece_overhead;
  std::lock_guard lock(mutex_);
  piece_admission_.note_added(size);
  pieces_.add({content, offset}, std::move(piece), size);
}

// Nearly full counts as full: the next would push out another.
bool KeptFiles::Admission::wants_next() {
  if (added_size_ + size_max_ / 64 <= size_max_) return true;
  refused_count_ = (refused_count_ + 1) % refused_of_each;
  return refused_count_ == 0;
}

bool KeptFiles::wants_file() {
  std::lock_guard lock(mutex_);
  return file_admission_.wants_next();
}

bool KeptFiles::wants_piece() {
  std::lock_guard lock(mutex_);
  return piece_admission_.wants_next();
}

// The size of as many whole chunks as fit in `size`; `offset` is where one begins. If not even one
// fits: `size`.
static std::size_t whole_chunks_size(const dataset::OpenStore& store, const tree::Content& content,
                                     std::uint64_t file_size, std::uint64_t offset,
                                     std::size_t size) {
  std::size_t whole = 0;
  for (const store::ChunkRef& chunk :
       store.contents->chunks_in(content, file_size, {offset, offset + size}, SIZE_MAX)) {
    if (whole + chunk.size > size) break;
    whole += chunk.size;
  }
  return whole == 0 ? size : whole;
}

ServedFile KeptFiles::serve(const std::shared_ptr<dataset::OpenStore>& store,
                            const tree::Content& content, std::uint64_t size) {
  ServedFile file{.size = size};
  file.find_kept = [this, content](std::uint64_t offset) { return find_piece(content, offset); };
  file.is_in_memory = [store, content, size](std::uint64_t offset) {
    return store->contents->is_in_memory(content, size, {offset, offset + piece_size_max});
  };
  file.read = [this, store, content, size](std::uint64_t offset, std::size_t wanted,
                                           Bytes& scratch) -> FilePiece {
    const tree::ContentReader& contents = *store->contents;
    if (wanted <
        std::min<std::uint64_t>(piece_size_max, size - offset))  // a part, or little memory
      return contents.read_content(content, size, offset, wanted, scratch);
    wanted = whole_chunks_size(*store, content, size, offset, piece_size_max);
    auto bytes = std::make_shared<Bytes>();
    const BytesView piece = contents.read_content(content, size, offset, wanted, *bytes);
    if (piece.size() == bytes->size() && wants_piece()) add_piece(content, offset, bytes);
    return {piece, bytes};
  };
  return file;
}

}  // namespace grid::server
