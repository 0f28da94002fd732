// Problem. Archives and buckets give their entries in an order of their own; a manifest needs them
// in tree order. Ten million entries take more than a gigabyte.
//
// Idea. Entries are kept as records, 99 bytes and their texts each, until they fill the available
// memory; then they are sorted and written one after the other to an unnamed file: a run. In the
// end the runs and what is still in memory are merged; a heap tells which has the least entry.
// With 48 MiB a run holds about 350,000 entries; ten million make about thirty runs, each of which
// is read through a buffer of 256 KiB.
//
// A record: u32 size of what follows, u8 kind and executable, u8 depth, u8 implied, u32 sizes of
// the texts, u64 size, i64 mtime, digest, i64 ctime, u64 inode, the texts: folder, name, target,
// and an object's bucket, key, ETag and version id.

#include "create/entry_sorter.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <numeric>

#include "base/error.h"
#include "base/random.h"

namespace grid::create {

static constexpr int texts_max = 7;
static constexpr std::size_t fixed_size = 3 + texts_max * 4 + 8 + 8 + 32 + 8 + 8;
static constexpr std::size_t read_size = 256 << 10;

static std::array<const std::string*, texts_max> texts_of(const tree::Entry& entry) {
  const tree::ObjectRef& object = entry.object;
  return {&entry.folder, &entry.name,  &entry.target,     &object.bucket,
          &object.key,   &object.etag, &object.version_id};
}

static void append_record(Bytes& to, const tree::Entry& entry, const EntryMark& mark) {
  const auto texts = texts_of(entry);
  std::size_t size = fixed_size;
  for (const std::string* text : texts) size += text->size();
  append(to, static_cast<std::uint32_t>(size));
  append(to, static_cast<std::uint8_t>(static_cast<unsigned>(entry.kind) |
                                       (entry.executable ? 8u : 0u)));
  append(to, entry.content.depth);
  append(to, std::uint8_t{mark.implied});
  for (const std::string* text : texts) append(to, static_cast<std::uint32_t>(text->size()));
  append(to, entry.size);
  append(to, entry.mtime_ns);
  append(to, BytesView(entry.content.digest.bytes));
  append(to, mark.file.ctime_ns);
  append(to, mark.file.inode);
  for (const std::string* text : texts) append(to, as_bytes(*text));
}

static std::uint32_t size_of_record(const std::byte* record) { return load<std::uint32_t>(record); }

static std::string_view text_of_record(const std::byte* record, int which) {
  const std::byte* text = record + 4 + fixed_size;
  const std::byte* sizes = record + 4 + 3;
  for (int i = 0; i < which; ++i) text += load<std::uint32_t>(sizes + 4 * i);
  return as_text(BytesView(text, load<std::uint32_t>(sizes + 4 * which)));
}

static int compare_records(const std::byte* a, const std::byte* b) {
  return tree::compare_keys(text_of_record(a, 0), text_of_record(a, 1), text_of_record(b, 0),
                            text_of_record(b, 1));
}

static EntrySorter::Sorted decode_record(const std::byte* record) {
  EntrySorter::Sorted sorted;
  tree::Entry& entry = sorted.entry;
  auto flags = std::to_integer<unsigned>(record[4]);
  entry.kind = static_cast<tree::EntryKind>(flags & 7);
  entry.executable = (flags & 8) != 0;
  entry.content.depth = std::to_integer<std::uint8_t>(record[5]);
  sorted.mark.implied = record[6] != std::byte{};
  const std::byte* numbers = record + 4 + 3 + texts_max * 4;
  entry.size = load<std::uint64_t>(numbers);
  entry.mtime_ns = load<std::int64_t>(numbers + 8);
  std::memcpy(entry.content.digest.bytes.data(), numbers + 16, 32);
  sorted.mark.file = {load<std::int64_t>(numbers + 48), load<std::uint64_t>(numbers + 56)};
  int which = 0;
  for (std::string* text : {&entry.folder, &entry.name, &entry.target, &entry.object.bucket,
                            &entry.object.key, &entry.object.etag, &entry.object.version_id})
    *text = text_of_record(record, which++);
  return sorted;
}

void EntrySorter::add(const tree::Entry& entry, const EntryMark& mark) {
  offsets_.push_back(records_.size());
  append_record(records_, entry, mark);
  if (records_.size() + offsets_.size() * sizeof(std::size_t) >= options_.memory_max) spill();
}

void EntrySorter::sort_memory() {
  std::sort(offsets_.begin(), offsets_.end(), [&](std::size_t a, std::size_t b) {
    int order = compare_records(records_.data() + a, records_.data() + b);
    return order != 0 ? order < 0 : a < b;
  });
}

// A file that disappears with its descriptor, however the program ends.
static FileDescriptor open_unnamed(const std::filesystem::path& folder) {
  try_make_private_folders(folder);
  FileDescriptor fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  std::filesystem::path path = folder / ("sorting-" + random_hex(8));  // without O_TMPFILE
  fd = open_file(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  ::unlink(path.c_str());
  return fd;
}

void EntrySorter::spill() {
  if (!file_) file_ = open_unnamed(options_.folder);
  sort_memory();
  Bytes buffer;
  Range run{.begin = file_size_};
  auto flush = [&] {
    write_all(file_.get(), buffer, (options_.folder / "(unnamed)").native());
    file_size_ += buffer.size();
    buffer.clear();
  };
  for (std::size_t offset : offsets_) {
    const std::byte* record = records_.data() + offset;
    append(buffer, BytesView(record, 4 + size_of_record(record)));
    if (buffer.size() >= read_size) flush();
  }
  flush();
  run.end = file_size_;
  runs_.push_back(run);
  records_.clear();
  offsets_.clear();
}

// A sorted run that is being read, from the file or from memory.
struct EntrySorter::Cursor::Run {
  const EntrySorter* sorter = nullptr;
  std::size_t index = 0;  // in sorter->offsets_, for the run in memory
  bool in_file = false;
  Range left;  // of the file, not yet in the buffer
  Bytes buffer;
  std::size_t at = 0;                 // in the buffer
  const std::byte* record = nullptr;  // the least remaining one; null at the end

  void advance() {
    if (!in_file) {
      record = index < sorter->offsets_.size() ? sorter->records_.data() + sorter->offsets_[index++]
                                               : nullptr;
      return;
    }
    if (record != nullptr) at += 4 + size_of_record(record);
    record = nullptr;
    if (!holds(4) || !holds(4 + size_of_record(buffer.data() + at))) return;
    record = buffer.data() + at;
  }

  // Makes the buffer hold `size` bytes from `at` on; false at the end of the run.
  bool holds(std::size_t size) {
    if (buffer.size() - at >= size) return true;
    buffer.erase(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(at));
    at = 0;
    std::size_t held = buffer.size();
    std::size_t wanted =
        std::min<std::uint64_t>(std::max(size, read_size) - held, left.end - left.begin);
    buffer.resize(held + wanted);
    std::size_t got =
        read_at(sorter->file_.get(), MutableBytesView(buffer).subspan(held), left.begin, "a run");
    if (got < wanted) fail(ErrorKind::corrupt, "the file of sorted entries was cut short");
    left.begin += got;
    return buffer.size() >= size;
  }
};

bool EntrySorter::Cursor::before(std::size_t a, std::size_t b) const {
  int order = compare_records(runs_[a]->record, runs_[b]->record);
  return order != 0 ? order < 0 : a < b;
}

EntrySorter::Cursor::Cursor(const EntrySorter& sorter) {
  for (const Range& range : sorter.runs_)
    runs_.push_back(std::make_shared<Run>(Run{.sorter = &sorter, .in_file = true, .left = range}));
  runs_.push_back(std::make_shared<Run>(Run{.sorter = &sorter}));
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    runs_[i]->advance();
    if (runs_[i]->record != nullptr) heap_.push_back(i);
  }
  std::make_heap(heap_.begin(), heap_.end(),
                 [this](std::size_t a, std::size_t b) { return before(b, a); });
}

std::optional<EntrySorter::Sorted> EntrySorter::Cursor::next() {
  if (heap_.empty()) return std::nullopt;
  auto later = [this](std::size_t a, std::size_t b) { return before(b, a); };
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Run& least = *runs_[heap_.back()];
  Sorted sorted = decode_record(least.record);
  least.advance();
  if (least.record == nullptr)
    heap_.pop_back();
  else
    std::push_heap(heap_.begin(), heap_.end(), later);
  return sorted;
}

EntrySorter::Cursor EntrySorter::sorted() {
  sort_memory();
  return Cursor(*this);
}

}  // namespace grid::create
