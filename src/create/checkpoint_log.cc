// Problem. A create that ran for days is killed. Its repeat should read only what it had not read,
// but must never trust an entry that no longer holds: the file may have changed, the pack that held
// its chunks may have been lost with the process, the log itself may be torn.
//
// Idea. Workers append what they have cut, a few megabytes of source at a time, in frames with a
// checksum, unsynced. Log and packs are written in no particular order: a lookup asks the chunk
// index for every chunk of an entry, and if one is missing the stretch is read again.
//
// The log: a FrameLog, magic "GCKP", of stretches. A stretch: u32 size of the path, the path, u64
// size, i64 mtime, i64 ctime, u64 inode of the file, u64 where the stretch begins, u32 chunk count;
// for each chunk its digest and u32 size.
//
// It costs 36 bytes per chunk, 0.2 % of what is read, and 16 bytes of memory per stretch when it is
// read back; the log itself is mapped.
#include "create/checkpoint_log.h"

#include <algorithm>

#include "base/wire.h"

namespace grid::create {

namespace {

constexpr FrameLog::Format checkpoint_format = {
    .magic = 0x504b4347, .number = 1, .name = "checkpoint"};  // "GCKP"
// Gathered stretches are written at either limit: bytes of log, or bytes of the content that they
// describe. What a killed process had gathered is read again.
constexpr std::size_t gathered_size_max = 32 << 10;
constexpr std::uint64_t gathered_content_max = 1 << 20;

std::uint64_t key_of(std::string_view path, std::uint64_t begin) {
  return std::hash<std::string_view>()(path) ^ (begin * 0x9e3779b97f4a7c15);
}

// A stretch as it lies in the log.
struct Stretch {
  std::string_view path;
  source::FileState state;
  std::uint64_t begin = 0;
  BytesView chunks;

  static constexpr std::size_t chunk_size = sizeof(Digest) + 4;
};

// Takes the stretch at the front of `bytes`; empty if there is no whole one.
std::optional<Stretch> take_stretch(BytesView& bytes) {
  constexpr std::size_t fixed_size = 5 * 8 + 4;
  if (bytes.size() < 4) return std::nullopt;
  std::size_t path_size = load<std::uint32_t>(bytes.data());
  if (bytes.size() < 4 + path_size + fixed_size) return std::nullopt;
  const std::byte* at = bytes.data() + 4;
  Stretch stretch{.path = as_text({at, path_size})};
  at += path_size;
  stretch.state = {.size = load<std::uint64_t>(at),
                   .mtime_ns = load<std::int64_t>(at + 8),
                   .ctime_ns = load<std::int64_t>(at + 16),
                   .inode = load<std::uint64_t>(at + 24)};
  stretch.begin = load<std::uint64_t>(at + 32);
  std::size_t chunks_size = load<std::uint32_t>(at + 40) * Stretch::chunk_size;
  std::size_t before = 4 + path_size + fixed_size;
  if (bytes.size() < before + chunks_size) return std::nullopt;
  stretch.chunks = bytes.subspan(before, chunks_size);
  bytes = bytes.subspan(before + chunks_size);
  return stretch;
}

}  // namespace

CheckpointLog::CheckpointLog(const std::filesystem::path& path)
    : log_(path, checkpoint_format,
           [this](BytesView frame, std::uint64_t offset) { add_slots(frame, offset); }) {
  std::sort(slots_.begin(), slots_.end());
  log_.expect_random_reads();
}

void CheckpointLog::add_slots(BytesView frame, std::uint64_t offset) {
  BytesView rest = frame;
  for (;;) {
    std::uint64_t at = offset + (frame.size() - rest.size());
    std::optional<Stretch> stretch = take_stretch(rest);
    if (!stretch) return;
    slots_.push_back({key_of(stretch->path, stretch->begin), at});
  }
}

std::optional<std::vector<store::ChunkRef>> CheckpointLog::find(
    std::string_view path, const source::FileState& state, std::uint64_t begin,
    const store::ChunkIndex& index) const {
  const std::uint64_t key = key_of(path, begin);
  auto at = std::lower_bound(slots_.begin(), slots_.end(), Slot{key, 0});
  std::optional<Stretch> found;
  for (; at != slots_.end() && at->key == key; ++at) {
    BytesView rest = log_.bytes().subspan(at->offset);
    std::optional<Stretch> stretch = take_stretch(rest);
    if (stretch && stretch->path == path && stretch->begin == begin && stretch->state == state)
      found = stretch;  // the latest entry counts
  }
  if (!found) return std::nullopt;
  std::vector<store::ChunkRef> chunks(found->chunks.size() / Stretch::chunk_size);
  std::uint64_t end = begin;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const std::byte* from = found->chunks.data() + i * Stretch::chunk_size;
    std::memcpy(chunks[i].digest.bytes.data(), from, sizeof(Digest));
    chunks[i].size = load<std::uint32_t>(from + sizeof(Digest));
    end += chunks[i].size;
    if (!index.find(chunks[i].digest)) return std::nullopt;
  }
  if (end == begin || end > state.size) return std::nullopt;
  return chunks;
}

void CheckpointLog::add(std::string_view path, const source::FileState& state, std::uint64_t begin,
                        std::span<const store::ChunkRef> chunks) {
  if (chunks.empty()) return;
  Bytes full;
  {
    std::lock_guard lock(mutex_);
    append(gathered_, static_cast<std::uint32_t>(path.size()));
    append(gathered_, as_bytes(path));
    append(gathered_, state.size);
    append(gathered_, state.mtime_ns);
    append(gathered_, state.ctime_ns);
    append(gathered_, state.inode);
    append(gathered_, begin);
    append(gathered_, static_cast<std::uint32_t>(chunks.size()));
    for (const store::ChunkRef& chunk : chunks) {
      append(gathered_, BytesView(chunk.digest.bytes));
      append(gathered_, chunk.size);
      gathered_content_ += chunk.size;
    }
    if (gathered_.size() < gathered_size_max && gathered_content_ < gathered_content_max) return;
    full = std::exchange(gathered_, {});
    gathered_content_ = 0;
  }
  log_.append(full);
}

void CheckpointLog::flush() {
  Bytes rest;
  {
    std::lock_guard lock(mutex_);
    rest = std::exchange(gathered_, {});
    gathered_content_ = 0;
  }
  if (!rest.empty()) log_.append(rest);
}

}  // namespace grid::create
