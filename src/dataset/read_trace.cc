#include "dataset/read_trace.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "base/own_file.h"

namespace grid::dataset {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view magic = "GTRC0001";
constexpr std::size_t trace_count_max = 64;
constexpr unsigned index_bits = 24;  // 64 TiB of a file

std::uint64_t encode(const Piece& piece) { return piece.ordinal << index_bits | piece.index; }
Piece decode(std::uint64_t word) {
  return {.ordinal = word >> index_bits,
          .index = static_cast<std::uint32_t>(word & ((1u << index_bits) - 1))};
}

fs::path path_of(const fs::path& folder, const Digest& root) { return folder / root.hex(); }

void remove_oldest(const fs::path& folder) {
  std::vector<std::pair<fs::file_time_type, fs::path>> found;
  for (const fs::directory_entry& file : fs::directory_iterator(folder))
    found.emplace_back(file.last_write_time(), file.path());
  std::sort(found.begin(), found.end());
  for (std::size_t i = 0; i + trace_count_max < found.size(); ++i) fs::remove(found[i].second);
}

}  // namespace

void TraceRecorder::note_read(const Digest& root, std::uint64_t ordinal, std::uint64_t offset,
                              std::uint64_t size) {
  if (size == 0 || full_.load(std::memory_order_relaxed)) return;
  const std::uint64_t first = offset / Piece::size, last = (offset + size - 1) / Piece::size;
  if (last >> index_bits != 0) return;
  std::lock_guard lock(mutex_);
  Recorded& recorded = recorded_[root];
  note(recorded, {ordinal, static_cast<std::uint32_t>(first)});
  if (last != first) note(recorded, {ordinal, static_cast<std::uint32_t>(last)});
}

void TraceRecorder::note(Recorded& recorded, const Piece& piece) {
  if (count_ == pieces_max || !recorded.seen.insert(encode(piece)).second) return;
  recorded.trace.push_back(piece);
  if (++count_ == pieces_max) full_ = true;
}

std::map<Digest, ReadTrace> TraceRecorder::traces() const {
  std::lock_guard lock(mutex_);
  std::map<Digest, ReadTrace> found;
  for (const auto& [root, recorded] : recorded_) found.emplace(root, recorded.trace);
  return found;
}

ReadTrace find_trace(const fs::path& folder, const Digest& root) {
  const std::optional<Bytes> bytes = find_own_file_bytes(path_of(folder, root));
  if (!bytes || !as_text(*bytes).starts_with(magic)) return {};
  ReadTrace trace;
  for (std::size_t at = magic.size(); at + 8 <= bytes->size(); at += 8)
    trace.push_back(decode(load<std::uint64_t>(bytes->data() + at)));
  return trace;
}

void save_trace(const fs::path& folder, const Digest& root, const ReadTrace& trace) noexcept {
  try {
    if (2 * trace.size() < find_trace(folder, root).size()) return;
    Bytes bytes(as_bytes(magic).begin(), as_bytes(magic).end());
    for (const Piece& piece : trace) append(bytes, encode(piece));
    make_private_folders(folder);
    replace_file(path_of(folder, root), bytes);
    remove_oldest(folder);
  } catch (const std::exception&) {
    // A full disk, or another process that removes traces just now: the next run saves its own.
  }
}

}  // namespace grid::dataset
