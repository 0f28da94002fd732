// A run of a tree's entries as one flat table, read in place.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/lru.h"
#include "store/chunk_reader.h"
#include "tree/entries.h"

namespace grid::tree {

// Immutable; the constructor has checked every rule that the bytes show by themselves. Indexes must
// be < count().
class Segment {
 public:
  // Throws `corrupt` and, for a newer format, `unsupported`.
  explicit Segment(Bytes bytes);

  std::uint32_t count() const { return count_; }  // from 1
  bool has_files_in_place() const { return has_files_in_place_; }
  std::size_t memory_size() const { return bytes_.size(); }

  EntryKind kind(std::uint32_t index) const {
    return static_cast<EntryKind>(std::to_integer<unsigned>(flags_[index]) & 7);
  }
  bool executable(std::uint32_t index) const {
    return (std::to_integer<unsigned>(flags_[index]) & 8) != 0;
  }
  std::uint64_t size(std::uint32_t index) const { return load<std::uint64_t>(sizes_ + 8 * index); }
  std::int64_t mtime_ns(std::uint32_t index) const {
    return load<std::int64_t>(mtimes_ + 8 * index);
  }
  bool is_in_place(std::uint32_t index) const {
    return (std::to_integer<unsigned>(flags_[index]) & in_place_flag) != 0;
  }
  Content content(std::uint32_t index) const;
  ObjectRef object(std::uint32_t index) const;  // of a file in place; else empty
  std::string_view name(std::uint32_t index) const {
    return text(load<std::uint32_t>(name_offsets_ + 4 * index),
                load<std::uint16_t>(name_sizes_ + 2 * index));
  }
  std::string_view target(std::uint32_t index) const;
  std::string_view folder(std::uint32_t index) const;
  Entry entry(std::uint32_t index) const;

  // The first index whose (folder, name) is not before the key; count() if all are.
  std::uint32_t lower_bound(std::string_view folder, std::string_view name) const;

 private:
  static constexpr unsigned in_place_flag = 16;  // only in segments of format 2

  // An entry's reference to an object, as it lies in the text.
  struct StoredObject {
    std::string_view bucket, key_begin, etag, version_id;
    std::uint32_t skipped = 0;  // bytes of the path that the key does not have
  };

  void find_columns();
  void check_entries();
  void check_entry(std::uint32_t index, std::string_view folder);
  bool is_in_text(std::uint64_t offset, std::uint64_t size) const;
  // Empty if it does not lie in the text as a whole.
  std::optional<StoredObject> find_object(std::uint32_t index) const;
  std::size_t name_end(std::uint32_t index) const;
  std::string_view text(std::size_t offset, std::size_t size) const {
    return as_text(BytesView(bytes_).subspan(heap_ + offset, size));
  }
  std::string_view folder_path(std::uint32_t folder_index) const;
  std::uint32_t folder_first(std::uint32_t folder_index) const {
    return load<std::uint32_t>(folders_ + 12 * folder_index + 8);
  }

  Bytes bytes_;
  std::uint32_t count_ = 0;
  std::uint32_t folder_count_ = 0;
  std::size_t heap_ = 0;  // offset in bytes_
  bool has_files_in_place_ = false;
  const std::byte *digests_ = nullptr, *sizes_ = nullptr, *mtimes_ = nullptr,
                  *name_offsets_ = nullptr, *folders_ = nullptr, *name_sizes_ = nullptr,
                  *flags_ = nullptr, *depths_ = nullptr;
};

// Encodes a segment; `entries` are in tree order, at most 4,096 as ManifestWriter ends it.
Bytes encode_segment(const std::vector<Entry>& entries);

// A cache of segments within a budget of bytes; the least recently used leaves first. Thread-safe.
class SegmentCache {
 public:
  explicit SegmentCache(std::size_t size_max) : segments_(size_max) {}

  std::shared_ptr<const Segment> get(const store::ChunkReader& chunks, const Digest& digest,
                                     std::uint32_t size);

 private:
  std::mutex mutex_;
  Lru<Digest, std::shared_ptr<const Segment>, DigestHash> segments_;  // guarded by mutex_
};

}  // namespace grid::tree
