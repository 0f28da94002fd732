// Reads a file's bytes at any offset, through its recipe if it has one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "store/chunk_reader.h"
#include "tree/entries.h"
#include "tree/sequential_reads.h"

namespace grid::tree {

// Thread-safe. Caches recipes within a budget of bytes. When a file is read from front to back,
// tells the store which chunks come next.
class ContentReader {
 public:
  explicit ContentReader(std::shared_ptr<const store::ChunkReader> chunks,
                         std::size_t recipe_cache_size_max = 8 << 20);
  ~ContentReader();

  // The bytes [offset, offset + size) of a file of `file_size` bytes, cut off at its end. The view
  // lies in `scratch`, which grows as needed and can be reused for the next read. Throws `corrupt`.
  BytesView read_content(const Content& content, std::uint64_t file_size, std::uint64_t offset,
                         std::size_t size, Bytes& scratch) const;

  // Whether reading this range now would most likely wait for no disk and no server. Waits for
  // neither.
  bool is_in_memory(const Content& content, std::uint64_t file_size, ByteRange range) const;

  // The chunks that cover a range of the file, in order; the last are left out if they are more
  // than `count_max`. Reads the recipes of the range alone.
  std::vector<store::ChunkRef> chunks_in(const Content& content, std::uint64_t file_size,
                                         ByteRange range, std::size_t count_max) const;

  // Visits every chunk of the file in order, one recipe's chunks at a time. A file in place has
  // none. Visits a recipe as often as the file repeats it, which may be without end in practice:
  // for small files. See also ContentCheck.
  void visit_chunks(const Content& content, std::uint64_t file_size,
                    const std::function<void(std::span<const store::ChunkRef>)>& visit) const;

 private:
  struct Recipes;
  struct Cover;
  void add_to(Cover& cover, const Content& content, std::uint64_t size, std::uint64_t at) const;
  void expect(const Content& content, std::uint64_t file_size, ByteRange range) const;

  std::shared_ptr<const store::ChunkReader> chunks_;
  std::unique_ptr<Recipes> recipes_;
  mutable SequentialReads sequential_;
};

}  // namespace grid::tree
