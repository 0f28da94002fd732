// Problem. A source of any number and size of files has to be read, cut, hashed, compressed and
// written with all cores busy, in memory that does not grow with it, and the tree has to come out
// in order.
//
// Idea. One thread, the caller's, walks the source in tree order and divides it into batches: a
// few megabytes of small files, or one slice of a large one. Workers take batches as they come.
// A worker does everything for its batch, from reading to packs, through a ChunkWriter of its
// own: nothing but counters, the chunk index and the queue is shared, and a batch's chunks lie
// side by side. Finished batches wait in line until those before them are done; whoever finishes
// the one at the head writes the tree's entries from there on.
//
// Example, two workers: batch 1 is slice 1 of a large file, batch 2 slice 2, batch 3 a hundred
// small files. Worker B finishes 2 first and takes 3; when worker A finishes 1, it puts the
// chunks of 1 and 2 into the file's recipe, writes its entry, and B's hundred when they are done.
//
// It ends because the walk does, and the head of the line is always in some worker's hands: the
// walker waits for the line to become shorter, never the other way round.
//
// Memory: a pack and a read buffer a worker, and at most line_items_max entries.

#include "dataset/importer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/error.h"
#include "dataset/manifest_writer.h"
#include "dataset/recipe.h"
#include "store/chunker.h"

namespace grid::dataset {

using store::ChunkRef;

namespace {

constexpr std::size_t batch_size_max = 4 << 20;  // bytes to be read
constexpr std::size_t batch_items_max = 512;
constexpr std::size_t line_items_max = 32 << 10;  // entries walked and not yet written
constexpr std::size_t buffer_size = 1 << 20;      // bytes read at once

constexpr std::string_view changed = "changed while it was read";
constexpr std::string_view vanished = "vanished while it was read";

// How long after a change of a file another one may leave its time stamps as they are. Local file
// systems stamp with the kernel's clock tick; stamps without a fraction come from coarser ones.
constexpr std::int64_t stamp_margin_ns = 100'000'000;
constexpr std::int64_t coarse_stamp_margin_ns = 2'100'000'000;

struct Item {
  WalkedEntry walked;
  bool read = false;             // a file that is to be read
  std::vector<ChunkRef> chunks;  // of what was read
  bool settled = false;          // see ScanRecordWriter::add()
  std::string problem;           // why it cannot be kept; empty if it can
};

struct Batch {
  std::vector<Item> items;
  // One slice of a large file, which is the only item; the whole files otherwise.
  bool slice = false, last_slice = false;
  std::uint64_t begin = 0, end = 0;
  bool done = false;  // guarded by Importer::mutex_
};

std::int64_t now_ns() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

bool is_settled(const FileState& state, std::int64_t opened_at_ns) {
  bool coarse = state.ctime_ns % 1'000'000 == 0;
  return state.ctime_ns < opened_at_ns - (coarse ? coarse_stamp_margin_ns : stamp_margin_ns);
}

// Cuts and stores the bytes of files, with one buffer.
class SliceReader {
 public:
  explicit SliceReader(store::ChunkWriter& writer, CreateProgress& progress)
      : writer_(writer), progress_(progress) {}

  // Appends the chunks of the bytes [begin, end) of an open file. Returns why they cannot be
  // read, or "". Throws for what goes wrong with the store.
  std::string read(int fd, std::uint64_t begin, std::uint64_t end, std::vector<ChunkRef>& chunks) {
    if (buffer_.empty()) buffer_.resize(buffer_size + store::chunk_size_max);
    std::size_t held = 0;  // bytes at the front of the buffer that are not cut yet
    while (begin < end || held > 0) {
      std::size_t wanted = std::min<std::uint64_t>(buffer_.size() - held, end - begin);
      std::size_t got = 0;
      try {
        got = read_at(fd, MutableBytesView(buffer_).subspan(held, wanted), begin, "it");
      } catch (const Error& error) {  // the source's failure, not the store's
        return error.what();
      }
      if (got < wanted) return std::string(changed);
      begin += got;
      BytesView rest = BytesView(buffer_).first(held + got);
      std::size_t uncut = begin < end ? store::chunk_size_max : 1;
      while (rest.size() >= uncut) {
        std::size_t size = begin == end && rest.size() <= store::chunk_size_target && chunks.empty()
                               ? rest.size()  // a small file is one chunk
                               : store::first_cut(rest);
        chunks.push_back(writer_.put(rest.first(size)));
        rest = rest.subspan(size);
      }
      progress_.bytes_done += got;
      std::memmove(buffer_.data(), rest.data(), rest.size());
      held = rest.size();
    }
    return {};
  }

 private:
  store::ChunkWriter& writer_;
  CreateProgress& progress_;
  Bytes buffer_;
};

class Importer {
 public:
  Importer(store::ChunkStore& store, const ImportOptions& options,
           std::optional<UnchangedFiles> unchanged, ScanRecordWriter& scan_record,
           CreateProgress& progress)
      : options_(options),
        unchanged_(std::move(unchanged)),
        scan_record_(scan_record),
        progress_(progress),
        session_(store, progress.bytes_stored),
        tree_writer_(std::make_unique<store::ChunkWriter>(session_)),
        manifest_(*tree_writer_),
        recipe_(*tree_writer_) {}

  Import run();

 private:
  // The walker's side.
  void walk();
  void take(WalkedEntry walked);
  void add_slices(WalkedEntry walked);
  void recognise_hard_link(WalkedEntry& walked);
  void send(std::shared_ptr<Batch> batch);

  // The workers' side.
  void work(store::ChunkWriter& writer);
  FileDescriptor open_item(Item& item) const;
  void read_item(Item& item, const Batch& batch, SliceReader& reader);

  // The line.
  void write_finished();
  void write_batch(Batch& batch);
  void write_item(Item& item, const Batch& batch);

  void report(Problem problem) {
    std::lock_guard lock(mutex_);
    result_.problems.push_back(std::move(problem));
  }
  void stop(std::exception_ptr failure) {
    std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    changed_.notify_all();
  }

  const ImportOptions& options_;
  const bool source_is_file_ = !std::filesystem::is_directory(options_.walk.source);
  std::optional<UnchangedFiles> unchanged_;
  ScanRecordWriter& scan_record_;  // guarded by tree_mutex_
  CreateProgress& progress_;
  store::ChunkSession session_;

  // The walker's own.
  std::shared_ptr<Batch> open_batch_ = std::make_shared<Batch>();
  std::uint64_t open_batch_size_ = 0;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> first_names_;  // device, inode

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Batch>> line_;     // guarded by mutex_; in tree order
  std::deque<std::shared_ptr<Batch>> waiting_;  // guarded by mutex_; no worker has it yet
  std::size_t line_items_ = 0;                  // guarded by mutex_
  bool walked_ = false;                         // guarded by mutex_
  std::exception_ptr failure_;                  // guarded by mutex_
  Import result_;                               // guarded by mutex_

  // Whoever holds this writes the tree; taken before mutex_.
  std::mutex tree_mutex_;
  std::unique_ptr<store::ChunkWriter> tree_writer_;  // guarded by tree_mutex_, as all below
  ManifestWriter manifest_;
  RecipeBuilder recipe_;
  std::string sliced_problem_;  // of the large file that is being put together
  bool sliced_settled_ = true;
  std::set<std::string> left_out_;  // paths of files with several names
  std::map<std::string, std::uint32_t> link_counts_;
};

void Importer::recognise_hard_link(WalkedEntry& walked) {
  if (walked.entry.kind != EntryKind::file || walked.link_count < 2) return;
  auto [at, first] =
      first_names_.try_emplace({walked.device, walked.state.inode}, walked.entry.path());
  if (first) return;
  walked.entry.kind = EntryKind::hard_link;
  walked.entry.executable = false;
  walked.entry.target = at->second;
  walked.entry.size = at->second.size();
}

void Importer::send(std::shared_ptr<Batch> batch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return line_items_ < line_items_max || failure_; });
  line_items_ += batch->items.size();
  line_.push_back(batch);
  waiting_.push_back(std::move(batch));
  changed_.notify_all();
}

void Importer::add_slices(WalkedEntry walked) {
  std::uint64_t size = walked.state.size;
  for (std::uint64_t begin = 0; begin < size; begin += store::slice_size) {
    auto batch = std::make_shared<Batch>();
    batch->slice = true;
    batch->begin = begin;
    batch->end = std::min<std::uint64_t>(size, begin + store::slice_size);
    batch->last_slice = batch->end == size;
    batch->items.push_back({.walked = walked, .read = true});
    send(std::move(batch));
  }
}

void Importer::take(WalkedEntry walked) {
  auto send_open = [&] {
    if (open_batch_->items.empty()) return;
    send(std::exchange(open_batch_, std::make_shared<Batch>()));
    open_batch_size_ = 0;
  };
  recognise_hard_link(walked);
  bool file = walked.entry.kind == EntryKind::file;
  if (file || walked.entry.kind == EntryKind::hard_link) ++progress_.files_total;
  if (file) progress_.bytes_total += walked.state.size;
  std::optional<Content> known;
  if (file && unchanged_) known = unchanged_->find(walked);
  if (file && !known && walked.state.size > store::slice_size) {
    send_open();
    add_slices(std::move(walked));
    return;
  }
  Item item{.walked = std::move(walked), .read = file && !known};
  if (known) {
    item.walked.entry.content = *known;
    item.settled = true;
  }
  if (item.read) open_batch_size_ += item.walked.state.size;
  open_batch_->items.push_back(std::move(item));
  if (open_batch_size_ >= batch_size_max || open_batch_->items.size() >= batch_items_max)
    send_open();
}

void Importer::walk() {
  Walker walker(options_.walk, [this](Problem problem) { report(std::move(problem)); });
  while (std::optional<WalkedEntry> walked = walker.next()) {
    take(std::move(*walked));
    std::lock_guard lock(mutex_);
    if (failure_) return;
  }
  if (!open_batch_->items.empty()) send(std::move(open_batch_));
  progress_.total_known = true;
}

// Opens a file of the source; empty, with the reason in the item, if that fails.
FileDescriptor Importer::open_item(Item& item) const {
  FileDescriptor fd;
  try {
    fd = source_is_file_ ? find_file(options_.walk.source, O_RDONLY)
                         : open_below(options_.walk.source, item.walked.entry.path());
    if (!fd) item.problem = vanished;
  } catch (const Error& error) {  // a problem of this file, which is named with the others
    item.problem = error.what();
  }
  return fd;
}

void Importer::read_item(Item& item, const Batch& batch, SliceReader& reader) {
  std::int64_t opened_at = now_ns();
  FileDescriptor fd = open_item(item);
  if (!fd) return;
  struct stat st;
  FileState& walked = item.walked.state;
  if (::fstat(fd.get(), &st) != 0) {
    item.problem = vanished;
    return;
  }
  FileState opened = state_of(st);
  // A file that changed since the walk is taken as it is now, unless it was divided by then.
  bool divided = batch.slice || opened.size > store::slice_size;
  if (!S_ISREG(st.st_mode) || (divided && opened != walked)) {
    item.problem = changed;
    return;
  }
  walked = opened;
  item.walked.entry.size = opened.size;
  item.walked.entry.mtime_ns = opened.mtime_ns;
  item.walked.entry.executable = (st.st_mode & 0111) != 0;
  item.problem =
      reader.read(fd.get(), batch.begin, batch.slice ? batch.end : opened.size, item.chunks);
  if (item.problem.empty() && (::fstat(fd.get(), &st) != 0 || state_of(st) != opened))
    item.problem = changed;
  item.settled = is_settled(opened, opened_at);
}

void Importer::work(store::ChunkWriter& writer) {
  SliceReader reader(writer, progress_);
  for (;;) {
    std::shared_ptr<Batch> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !waiting_.empty() || walked_ || failure_; });
      if (failure_ || waiting_.empty()) return;
      batch = std::move(waiting_.front());
      waiting_.pop_front();
    }
    std::uint64_t new_before = writer.bytes_new();
    for (Item& item : batch->items)
      if (item.read) read_item(item, *batch, reader);
    progress_.bytes_new += writer.bytes_new() - new_before;
    {
      std::lock_guard lock(mutex_);
      batch->done = true;
    }
    write_finished();
  }
}

// Writes the entries of all batches from the head of the line on that are done.
void Importer::write_finished() {
  for (;;) {
    std::unique_lock tree(tree_mutex_, std::try_to_lock);
    if (!tree) return;  // whoever holds it looks at the line again before it lets go for good
    for (;;) {
      std::shared_ptr<Batch> batch;
      {
        std::lock_guard lock(mutex_);
        if (failure_ || line_.empty() || !line_.front()->done) break;
        batch = std::move(line_.front());
        line_.pop_front();
        line_items_ -= batch->items.size();
        changed_.notify_all();
      }
      write_batch(*batch);
    }
    tree.unlock();
    std::lock_guard lock(mutex_);
    if (failure_ || line_.empty() || !line_.front()->done) return;
  }
}

void Importer::write_batch(Batch& batch) {
  for (Item& item : batch.items) write_item(item, batch);
}

void Importer::write_item(Item& item, const Batch& batch) {
  Entry& entry = item.walked.entry;
  if (batch.slice) {
    if (!item.problem.empty()) sliced_problem_ = item.problem;
    sliced_settled_ = sliced_settled_ && item.settled;
    for (const ChunkRef& chunk : item.chunks) recipe_.add(chunk);
    if (!batch.last_slice) return;
    item.problem = std::exchange(sliced_problem_, {});
    item.settled = std::exchange(sliced_settled_, true);
    entry.content = recipe_.finish();
  } else if (item.read && item.problem.empty()) {
    for (const ChunkRef& chunk : item.chunks) recipe_.add(chunk);
    entry.content = recipe_.finish();
  }
  if (entry.kind == EntryKind::hard_link && left_out_.contains(entry.target))
    item.problem = "is a hard link to " + entry.target + ", which could not be kept";
  if (!item.problem.empty()) {
    if (item.walked.link_count > 1) left_out_.insert(entry.path());
    report({entry.path(), item.problem});
    return;
  }
  bool file = entry.kind == EntryKind::file;
  if (file || entry.kind == EntryKind::hard_link) ++progress_.files_done;
  if (entry.kind == EntryKind::hard_link) ++link_counts_.try_emplace(entry.target, 1).first->second;
  {
    std::lock_guard lock(mutex_);
    if (item.read) {
      ++result_.files_read;
      result_.bytes_read += entry.size;
    } else if (file) {
      ++result_.files_unchanged;
      ++progress_.files_unchanged;
      progress_.bytes_unchanged += entry.size;
      progress_.bytes_done += entry.size;
    }
  }
  scan_record_.add(item.walked.state, file && item.settled);
  manifest_.add(std::move(entry));
}

Import Importer::run() {
  std::vector<std::unique_ptr<store::ChunkWriter>> writers;
  for (unsigned i = 0; i < options_.workers; ++i)
    writers.push_back(std::make_unique<store::ChunkWriter>(session_));
  std::vector<std::jthread> workers;
  for (auto& writer : writers)
    workers.emplace_back([this, &writer = *writer] {
      try {
        work(writer);
      } catch (...) {  // handed over to the thread that waits
        stop(std::current_exception());
      }
    });
  try {
    walk();
  } catch (...) {  // rethrown below, once the workers have stopped
    stop(std::current_exception());
  }
  {
    std::lock_guard lock(mutex_);
    walked_ = true;
    changed_.notify_all();
  }
  workers.clear();
  if (failure_) std::rethrow_exception(failure_);
  // An empty tree is nothing to store, not even its root.
  if (manifest_.totals().entries == 0) return std::move(result_);
  manifest_.set_link_counts({link_counts_.begin(), link_counts_.end()});
  result_.totals = manifest_.totals();
  result_.root = manifest_.finish();
  for (const auto& writer : writers) result_.bytes_new += writer->bytes_new();
  writers.push_back(std::move(tree_writer_));
  session_.finish(std::move(writers));
  return std::move(result_);
}

}  // namespace

Import import_tree(store::ChunkStore& store, const ImportOptions& options,
                   std::optional<UnchangedFiles> unchanged, ScanRecordWriter& scan_record,
                   CreateProgress& progress) {
  return Importer(store, options, std::move(unchanged), scan_record, progress).run();
}

}  // namespace grid::dataset
