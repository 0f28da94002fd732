// Files that were read lately, and pieces of their bytes, in memory: what is here is answered
// without a disk, and without another thread.
//
// A piece holds whole chunks, which were digested when they were read, and begins where a piece
// before it ended. It is found by the digest of the file's content, so that files of several
// versions share it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/lru.h"
#include "dataset/open_store.h"
#include "server/served_file.h"
#include "tree/entries.h"

namespace grid::server {

// For one store. Thread-safe.
class KeptFiles {
 public:
  // A file of a numbered version, whose bytes the store has.
  struct File {
    std::string datastore;
    dataset::VersionNumber number = 0;
    std::uint64_t size = 0;
    tree::Content content;
    // Of an answer with all of it.
    std::shared_ptr<const std::string> head;
  };
  using Piece = std::shared_ptr<const Bytes>;

  // `target` is that of the request. Null if it is not kept.
  std::shared_ptr<const File> find(std::string_view target);
  void add(std::string target, File file);

  // Null if it is not kept.
  Piece find_piece(const tree::Content& content, std::uint64_t offset);
  void add_piece(const tree::Content& content, std::uint64_t offset, Piece piece);
  // Whether a file or a piece that was read is to be added.
  bool wants_file();
  bool wants_piece();

  // What answers with the bytes of a content, from here or from the store.
  ServedFile serve(const std::shared_ptr<dataset::OpenStore>& store, const tree::Content& content,
                   std::uint64_t size);

 private:
  // Once the memory is full, only some come in, so that reading more than fits does not push
  // everything out before it is read again.
  class Admission {
   public:
    explicit Admission(std::size_t size_max) : size_max_(size_max) {}
    bool wants_next();
    void note_added(std::size_t size) { added_size_ += size; }

   private:
    const std::size_t size_max_;
    std::size_t added_size_ = 0;  // bytes of all that came
    unsigned refused_count_ = 0;  // since the last that was wanted
  };

  static constexpr std::size_t files_max = 16 << 20, pieces_max = 80 << 20;  // bytes, about
  struct PieceKey {
    tree::Content content;
    std::uint64_t offset = 0;
    bool operator==(const PieceKey&) const = default;
  };
  struct PieceHash {
    std::size_t operator()(const PieceKey& key) const noexcept {
      return DigestHash()(key.content.digest) + key.offset;
    }
  };

  std::mutex mutex_;
  Lru<std::string, std::shared_ptr<const File>, StringHash> files_{files_max};  // guarded by mutex_
  Lru<PieceKey, Piece, PieceHash> pieces_{pieces_max};                          // guarded by mutex_
  Admission file_admission_{files_max}, piece_admission_{pieces_max};           // guarded by mutex_
};

}  // namespace grid::server
