// One thread, the caller's, asks the source for entries and divides them into batches for the
// ContentPipeline. The batches come out in the same order and go to the TreeAssembler.
//
// A file is cut in the same way wherever it comes from, so that its content is the same: in slices
// of store::slice_size, each on its own. Slices of a file that is opened are cut side by side; a
// slice of a stream is cut while it arrives.

#include "create/importer.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/error.h"
#include "base/timestamp.h"
#include "create/content_pipeline.h"
#include "create/tree_assembler.h"
#include "source/path_limits.h"
#include "store/chunker.h"
#include "tree/recipe.h"
#include "tree/rules.h"

namespace grid::create {

namespace {

constexpr std::size_t batch_size_max = 4 << 20;  // bytes to be read
constexpr std::size_t batch_items_max = 512;

std::uint64_t size_of(const std::vector<store::ChunkRef>& chunks) {
  std::uint64_t size = 0;
  for (const store::ChunkRef& chunk : chunks) size += chunk.size;
  return size;
}

class Importer {
 public:
  Importer(store::ChunkStore& store, const ImportOptions& options, source::Source& source,
           KnownContent known, ScanRecordWriter& scan_record, CreateProgress& progress)
      : source_(source),
        known_(std::move(known)),
        progress_(progress),
        session_(store, progress.bytes_stored, options.open_packs, options.only, options.lease),
        tree_writer_(std::make_unique<store::ChunkWriter>(session_)),
        recipe_(*tree_writer_),
        tree_({.order = source.order(),
               .sorter = {.folder = options.temporary_folder},
               .changes = options.changes},
              *tree_writer_, scan_record),
        stop_(options.stop),
        pipeline_(
            session_,
            {.workers = options.workers, .checkpoint = known_.checkpoint, .stop = options.stop},
            progress, [this](Batch& batch) { write_batch(batch); }) {
    if (options.checks_known) session_.check_known();
  }

  Import run();

 private:
  // The source's side.
  void read_source();
  void take(source::SourceEntry entry);
  void take_opened(source::SourceEntry entry);
  void take_streamed(source::SourceEntry entry);
  bool read_small(ByteStream& stream, BlockPiece& piece);
  void send_streamed_slices(source::SourceEntry entry, BlockPiece piece);
  bool fill(ByteStream& stream, BlockPiece& piece, std::size_t size_max);
  void add_slices(source::SourceEntry entry);
  bool know_slice(Item& item, ByteRange slice);
  bool take_known_stream(const Item& item);
  void add(Item item, std::uint64_t size);
  void send_open();

  // The tree's side, one batch at a time.
  void write_batch(Batch& batch);
  void write_item(Item& item, const Batch& batch);
  source::Problem limited_times() const;

  source::Source& source_;
  KnownContent known_;
  CreateProgress& progress_;
  store::ChunkSession session_;

  // The tree's side.
  std::unique_ptr<store::ChunkWriter> tree_writer_;
  tree::RecipeBuilder recipe_;
  TreeAssembler tree_;
  std::string sliced_problem_;  // of the large file that is being assembled
  bool sliced_settled_ = true;
  std::set<std::string> left_out_;  // paths of files with several names
  std::vector<source::Problem> file_problems_;
  std::uint64_t limited_times_ = 0;  // entries whose times may have been beyond the range
  std::string first_limited_time_;   // path
  Import result_;

  const std::atomic<bool>* const stop_;
  ContentPipeline pipeline_;  // its threads use the members above

  // The source's side.
  std::shared_ptr<Batch> open_batch_ = std::make_shared<Batch>();
  std::uint64_t open_batch_size_ = 0;
  std::vector<source::Problem> source_problems_;
  BlockPiece open_block_;  // where the next small file of a stream goes; `size`: what is left
};

void Importer::send_open() {
  if (open_batch_->items.empty()) return;
  pipeline_.send(std::exchange(open_batch_, std::make_shared<Batch>()));
  open_batch_size_ = 0;
}

void Importer::add(Item item, std::uint64_t size) {
  if (item.read) open_batch_size_ += size - item.known_size;
  open_batch_->items.push_back(std::move(item));
  if (open_batch_size_ >= batch_size_max || open_batch_->items.size() >= batch_items_max)
    send_open();
}

// Takes what earlier attempts have stored of a slice's front; true if that is all of the slice.
bool Importer::know_slice(Item& item, ByteRange slice) {
  if (known_.checkpoint == nullptr) return false;
  std::uint64_t at = slice.begin;
  while (at < slice.end) {
    std::optional<std::vector<store::ChunkRef>> chunks = known_.checkpoint->find(item.source, at);
    if (!chunks || at + size_of(*chunks) > slice.end) break;
    at += size_of(*chunks);
    session_.rely_on(*chunks);
    item.chunks.insert(item.chunks.end(), chunks->begin(), chunks->end());
  }
  item.known_size = at - slice.begin;
  item.settled = item.known_size > 0;  // only settled files are noted
  return item.known_size > 0 && at == slice.end;
}

// A stream is read from its front or, where earlier attempts have stored all of it, not at all.
bool Importer::take_known_stream(const Item& item) {
  const std::uint64_t size = item.source.state.size;
  if (!item.source.settled || size == 0) return false;
  std::vector<Item> slices;
  for (std::uint64_t begin = 0; begin < size; begin += store::slice_size) {
    slices.push_back({.source = item.source, .read = true, .streamed_size = size});
    if (!know_slice(slices.back(), {begin, std::min(begin + store::slice_size, size)}))
      return false;
  }
  item.source.stream->pass(size);
  progress_.bytes_total += size;
  if (slices.size() == 1) {
    add(std::move(slices[0]), size);
    return true;
  }
  send_open();
  for (std::size_t i = 0; i < slices.size(); ++i) {
    auto batch = std::make_shared<Batch>();
    batch->slice = {i * store::slice_size, std::min((i + 1) * store::slice_size, size)};
    batch->last_slice = i + 1 == slices.size();
    batch->items.push_back(std::move(slices[i]));
    pipeline_.send(std::move(batch));
  }
  return true;
}

void Importer::add_slices(source::SourceEntry entry) {
  std::uint64_t size = entry.state.size;
  for (std::uint64_t begin = 0; begin < size; begin += store::slice_size) {
    auto batch = std::make_shared<Batch>();
    batch->slice = {begin, std::min<std::uint64_t>(size, begin + store::slice_size)};
    batch->last_slice = batch->slice->end == size;
    Item item{.source = entry, .read = true};
    know_slice(item, *batch->slice);
    batch->items.push_back(std::move(item));
    pipeline_.send(std::move(batch));
  }
}

void Importer::take_opened(source::SourceEntry entry) {
  progress_.bytes_total += entry.state.size;
  if (known_.unchanged)
    if (std::optional<tree::Content> content = known_.unchanged->find(entry)) {
      entry.entry.content = *content;
      entry.content_known = true;
    }
  if (!entry.content_known && entry.state.size > store::slice_size) {
    send_open();
    add_slices(std::move(entry));
    return;
  }
  Item item{.source = std::move(entry)};
  item.read = !item.source.content_known;
  item.settled = item.source.content_known;
  std::uint64_t size = item.source.state.size;
  if (item.read) know_slice(item, {0, size});
  add(std::move(item), size);
}

// Reads until the piece has `size_max` bytes. Returns whether the stream ended before that.
bool Importer::fill(ByteStream& stream, BlockPiece& piece, std::size_t size_max) {
  while (piece.size < size_max) {
    std::size_t got = stream.read(
        MutableBytesView(*piece.block).subspan(piece.begin + piece.size, size_max - piece.size));
    if (got == 0) return true;
    piece.size += got;
    progress_.bytes_total += got;
  }
  return false;
}

// Reads a whole file that is smaller than a block into a block that it shares with others. False
// if the file is larger: `piece` is then a block full of its first bytes.
bool Importer::read_small(ByteStream& stream, BlockPiece& piece) {
  if (open_block_.size == 0) open_block_ = {pipeline_.blocks().take(), 0, BlockPool::block_size};
  piece = {open_block_.block, open_block_.begin, 0};
  bool ended = fill(stream, piece, open_block_.size);
  if (!ended && piece.begin > 0) {  // it does not fit after the others
    open_block_ = {pipeline_.blocks().take(), 0, BlockPool::block_size};
    std::memcpy(open_block_.block->data(), piece.block->data() + piece.begin, piece.size);
    piece = {open_block_.block, 0, piece.size};
    ended = fill(stream, piece, BlockPool::block_size);
  }
  if (!ended) {
    open_block_ = {};
    return false;
  }
  open_block_.begin += piece.size;
  open_block_.size -= piece.size;
  return true;
}

void Importer::take_streamed(source::SourceEntry entry) {
  Item item{.source = std::move(entry), .read = true};
  BlockPiece piece;
  if (take_known_stream(item)) return;
  ByteStream& stream = *item.source.stream;
  if (!read_small(stream, piece)) {
    send_open();
    send_streamed_slices(std::move(item.source), std::move(piece));
    return;
  }
  std::uint64_t size = item.source.entry.size = item.source.state.size = piece.size;
  item.stream = std::make_shared<BlockStream>();
  if (size > 0) item.stream->push(std::move(piece));
  item.stream->end();
  add(std::move(item), size);
}

void Importer::send_streamed_slices(source::SourceEntry entry, BlockPiece piece) {
  static_assert(store::slice_size % BlockPool::block_size == 0);
  ByteStream& bytes = *entry.stream;
  std::uint64_t size = 0;
  while (piece.size > 0) {
    auto batch = std::make_shared<Batch>();
    batch->slice = {size, size};
    batch->items.push_back({.source = entry, .read = true});
    Item& item = batch->items.front();
    auto stream = std::make_shared<BlockStream>();
    item.stream = stream;
    pipeline_.send(batch);
    for (std::uint64_t end = size + store::slice_size; piece.size > 0 && size < end;) {
      size += piece.size;
      stream->push(std::exchange(piece, {}));
      piece = {};  // gives the block back before asking for another
      piece.block = pipeline_.blocks().take();
      fill(bytes, piece, BlockPool::block_size);
    }
    // The worker has the batch already but reads neither field; the tree's side does, after end().
    batch->last_slice = piece.size == 0;
    item.streamed_size = size;
    stream->end();
  }
}

void Importer::take(source::SourceEntry entry) {
  if (std::string why = source::why_path_is_too_long(entry.entry.path()); !why.empty()) {
    entry.link_count = 2;  // there may be links to it, which cannot be kept either
    add({.source = std::move(entry), .problem = std::move(why)}, 0);
    return;
  }
  tree::EntryKind kind = entry.entry.kind;
  const bool too_large = kind == tree::EntryKind::file && entry.state.size > tree::file_size_max;
  if (kind == tree::EntryKind::file || kind == tree::EntryKind::hard_link) ++progress_.files_total;
  if (too_large) {  // for instance a sparse file: it is not read
    std::string why(tree::too_large_text);
    add({.source = std::move(entry), .problem = std::move(why)}, 0);
  } else if (entry.opener != nullptr) {
    take_opened(std::move(entry));
  } else if (entry.stream != nullptr) {
    take_streamed(std::move(entry));
  } else {
    if (entry.content_known) progress_.bytes_total += entry.entry.size;
    add({.source = std::move(entry)}, 0);
  }
}

void Importer::read_source() {
  while (std::optional<source::SourceEntry> entry = source_.next(source_problems_)) {
    take(std::move(*entry));
    if (pipeline_.failed()) return;
    if (stop_ != nullptr && *stop_) throw Interrupted();
  }
  send_open();
  progress_.total_known = true;
}

void Importer::write_batch(Batch& batch) {
  for (Item& item : batch.items) write_item(item, batch);
}

void Importer::write_item(Item& item, const Batch& batch) {
  tree::Entry& entry = item.source.entry;
  if (item.read && (batch.slice || item.problem.empty())) {
    for (const store::ChunkRef& chunk : item.chunks) recipe_.add(chunk);
    result_.bytes_read += size_of(item.chunks) - item.known_size;
    progress_.bytes_done += item.known_size;
    progress_.bytes_resumed += item.known_size;
  }
  if (batch.slice) {
    if (!item.problem.empty()) sliced_problem_ = item.problem;
    sliced_settled_ = sliced_settled_ && item.settled;
    if (!batch.last_slice) return;
    item.problem = std::exchange(sliced_problem_, {});
    item.settled = std::exchange(sliced_settled_, true);
    if (item.streamed_size > 0) entry.size = item.source.state.size = item.streamed_size;
  }
  if (item.read && (batch.slice || item.problem.empty())) entry.content = recipe_.finish();
  if (item.problem.empty()) item.problem = why_entry_is_refused(tree::fields_of(entry));
  if (entry.kind == tree::EntryKind::hard_link && left_out_.contains(entry.target))
    item.problem = "is a hard link to " + entry.target + ", which could not be kept";
  if (!item.problem.empty()) {
    if (item.source.link_count > 1) left_out_.insert(entry.path());
    file_problems_.push_back({entry.path(), item.problem});
    return;
  }
  if (is_limit_of_timestamps(entry.mtime_ns) && limited_times_++ == 0)
    first_limited_time_ = entry.path();
  bool file = entry.kind == tree::EntryKind::file;
  if (file || entry.kind == tree::EntryKind::hard_link) ++progress_.files_done;
  if (item.read) {
    ++result_.files_read;
  } else if (file) {
    ++result_.files_unchanged;
    ++progress_.files_unchanged;
    progress_.bytes_unchanged += entry.size;
    progress_.bytes_done += entry.size;
  }
  tree_.add(std::move(item.source), file && item.settled);
}

// Said once, since a source that has such times often has many.
source::Problem Importer::limited_times() const {
  std::string reason =
      "its time is not between 1677-09-21 and 2262-04-11, and became the nearest that is";
  if (limited_times_ > 1)
    reason += fmt::format("; the same for {} other{}", limited_times_ - 1,
                          limited_times_ == 2 ? "" : "s");
  return {.path = first_limited_time_, .reason = std::move(reason), .kept = true};
}

Import Importer::run() {
  try {
    session_.take_over();
    read_source();
  } catch (...) {  // rethrown by finish(), unless it follows from an earlier failure
    pipeline_.stop(std::current_exception());
  }
  std::vector<std::unique_ptr<store::ChunkWriter>> writers = pipeline_.finish();
  result_.problems = std::move(source_problems_);
  std::move(file_problems_.begin(), file_problems_.end(), std::back_inserter(result_.problems));
  if (limited_times_ > 0) result_.problems.push_back(limited_times());
  std::optional<Digest> root = tree_.finish();
  if (!root) return std::move(result_);
  result_.root = *root;
  result_.totals = tree_.totals();
  for (const auto& writer : writers) result_.bytes_new += writer->bytes_new();
  writers.push_back(std::move(tree_writer_));
  session_.finish(std::move(writers));
  result_.chunks_healed = session_.chunks_healed();
  return std::move(result_);
}

}  // namespace

Import import_tree(store::ChunkStore& store, const ImportOptions& options, source::Source& source,
                   KnownContent known, ScanRecordWriter& scan_record, CreateProgress& progress) {
  return Importer(store, options, source, std::move(known), scan_record, progress).run();
}

}  // namespace grid::create
