// Writes files in tree order, the order in which packs hold them, with a few threads. Each thread
// takes a stretch of the tree and reads small files a megabyte at a time. Folders are made first,
// and their times are set last.
//
// A failure belongs to one entry, and the others go on. Bytes are read and checked before the file
// for them is made, so a damaged file leaves nothing behind.

#include "care/exporter.h"

#include <fcntl.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/beneath.h"
#include "base/text.h"
#include "care/destination.h"
#include "care/export_plan.h"
#include "dataset/file_group.h"

namespace grid::care {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t read_size = NewFile::at_once_size_max;
constexpr std::size_t failures_max = 100'000;
// So many files one after the other that the store did not give: it does not answer any more, and
// each would wait until its time is up.
constexpr unsigned unavailable_max = 16;

class Export {
 public:
  Export(const dataset::OpenStore& store, std::shared_ptr<const tree::Manifest> manifest,
         std::string_view path, ExportProgress& progress, Existing existing)
      : store_(store),
        manifest_(std::move(manifest)),
        part_(path),
        progress_(progress),
        existing_(existing) {}

  // For a part whose own entry is lost. False if nothing below it can be found either.
  bool note_lost(const Error& error);
  ExportReport write_folder(int top);
  void write_single(const tree::EntryRef& entry, const Target& to);

 private:
  // Runs `write`, which writes the entry at `path`, and notes the error that it may throw.
  template <class Write>
  void attempt(std::string_view path, const Write& write);
  void note(std::string_view path, const Error& error, std::uint64_t entry_count = 1);
  Target target_of(std::string_view path, DestinationFolders& folders) const {
    return folders.target(path.substr(part_.empty() ? 0 : part_.size() + 1));
  }

  bool replaces(const Target& to) const;
  void make_plan();
  void make_folders(int top);
  void write_stretches(int top);
  void write_stretch(const Stretch& stretch, DestinationFolders& folders);
  void write_small_files(const dataset::FileGroup& group, DestinationFolders& folders);
  void write_small_file(const tree::EntryRef& entry, BytesView content, const Target& to);
  void write_symlink(const tree::EntryRef& entry, const Target& to);
  void write_file(const tree::EntryRef& entry, const Target& to);
  void finish(NewFile& file, const tree::EntryRef& entry);
  void write_hard_link(const tree::EntryRef& entry, const Target& to, DestinationFolders& folders);
  tree::EntryRef first_name_of(const tree::EntryRef& hard_link) const;

  const dataset::OpenStore& store_;
  const std::shared_ptr<const tree::Manifest> manifest_;
  const std::string part_;  // "": the whole version
  const NoteLost note_lost_entries_ = [this](const Error& error, std::uint64_t entry_count) {
    note("", error, entry_count);
  };
  ExportProgress& progress_;
  const Existing existing_;

  // Set by make_plan() before the threads start.
  std::optional<ExportPlan> plan_;
  std::vector<const ExportPlan::Folder*> made_;  // folders, in the order of the plan
  // The plan's first names. Each value is set once, by the thread that has written the file.
  std::unordered_map<std::string, std::optional<FileIdentity>> first_names_;

  std::atomic<unsigned> unavailable_in_a_row_ = 0;
  std::mutex mutex_;
  std::size_t next_ = 0;        // guarded by mutex_; the next stretch of the plan to take
  std::exception_ptr stopped_;  // guarded by mutex_
  ExportReport report_;         // guarded by mutex_
};

void Export::note(std::string_view path, const Error& error, std::uint64_t entry_count) {
  const bool lost_store =
      error.kind() == ErrorKind::unavailable && ++unavailable_in_a_row_ >= unavailable_max;
  if (error.kind() == ErrorKind::no_space || lost_store)
    throw path.empty() ? error : error.within(path);
  std::lock_guard lock(mutex_);
  report_.failed += entry_count;
  if (report_.failures.size() < failures_max)
    report_.failures.push_back({std::string(path), error.kind(), error.what()});
}

template <class Write>
void Export::attempt(std::string_view path, const Write& write) {
  try {
    write();
  } catch (const Error& error) {  // the other entries can be written
    note(path, error);
  }
}

// Whether a file or a link that is to be written takes the place of one that is there. Throws if
// what is there stays.
bool Export::replaces(const Target& to) const {
  if (existing_ == Existing::refuse || !is_taken(to)) return false;
  if (existing_ == Existing::keep)
    fail(ErrorKind::already_exists, "exists already (--force replaces it)");
  if (is_folder(to)) fail(ErrorKind::already_exists, "a folder has its name, and stays");
  return true;
}

void Export::finish(NewFile& file, const tree::EntryRef& entry) {
  if (!first_names_.empty())
    if (const auto first = first_names_.find(entry.path()); first != first_names_.end())
      first->second = file.identity();
  file.finish(entry.mtime_ns());
  ++progress_.files_done;
}

void Export::write_file(const tree::EntryRef& entry, const Target& to) {
  thread_local Bytes scratch;
  const std::uint64_t size = entry.size();
  std::optional<NewFile> file;
  std::uint64_t offset = 0;
  do {
    const BytesView data =
        store_.files->read_file_part(*manifest_, entry, offset, read_size, scratch);
    if (data.empty() && offset < size)
      fail(ErrorKind::corrupt, "ends at byte {} of {}", offset, size);
    unavailable_in_a_row_ = 0;
    if (!file) file.emplace(to, size, entry.executable(), replaces(to));
    file->write(data, offset);
    offset += data.size();
    progress_.bytes_done += data.size();
  } while (offset < size);
  finish(*file, entry);
}

tree::EntryRef Export::first_name_of(const tree::EntryRef& hard_link) const {
  std::optional<tree::EntryRef> first = manifest_->find_path(hard_link.target());
  if (!first || first->kind() != tree::EntryKind::file)
    fail(ErrorKind::corrupt, "is a hard link to {}, which is not a file", hard_link.target());
  return std::move(*first);
}

// A hard link whose first name is not being exported becomes a separate file.
void Export::write_hard_link(const tree::EntryRef& entry, const Target& to,
                             DestinationFolders& folders) {
  const auto first = first_names_.find(std::string(entry.target()));
  if (first != first_names_.end()) {
    if (!first->second)
      fail(ErrorKind::corrupt, "is another name of {}, which could not be written", entry.target());
    const bool is_replacing = replaces(to);
    const Target made = is_replacing ? beside(to) : to;
    if (make_hard_link(target_of(entry.target(), folders), *first->second, made)) {
      if (is_replacing) replace(made, to);
      ++progress_.files_done;
      return;
    }
  }
  write_file(first_name_of(entry), to);
}

void Export::write_symlink(const tree::EntryRef& entry, const Target& to) {
  const bool is_replacing = replaces(to);
  const Target made = is_replacing ? beside(to) : to;
  make_symlink(made, entry.target());
  if (is_replacing) replace(made, to);
  set_time(to, entry.mtime_ns());
}

void Export::write_single(const tree::EntryRef& entry, const Target& to) {
  progress_.files_total = 1;
  progress_.bytes_total = entry.size();
  if (entry.kind() == tree::EntryKind::symlink) {
    write_symlink(entry, to);
    ++progress_.files_done;
  } else {
    write_file(entry.kind() == tree::EntryKind::hard_link ? first_name_of(entry) : entry, to);
  }
}

void Export::write_small_file(const tree::EntryRef& entry, BytesView content, const Target& to) {
  NewFile file(to, entry.size(), entry.executable(), replaces(to));
  file.write(content, 0);
  finish(file, entry);
  progress_.bytes_done += entry.size();
}

void Export::write_small_files(const dataset::FileGroup& group, DestinationFolders& folders) {
  thread_local Bytes scratch;
  bool whole = true;
  BytesView rest;
  try {
    rest = group.read(scratch);
    unavailable_in_a_row_ = 0;
  } catch (const Error&) {  // one of them is damaged: read file by file, the error names it
    whole = false;
  }
  for (const tree::EntryRef& entry : group.files()) {
    const BytesView content = whole ? rest.first(entry.size()) : BytesView();
    rest = rest.subspan(content.size());
    const std::string path = entry.path();
    attempt(path, [&] {
      const Target to = target_of(path, folders);
      if (whole)
        write_small_file(entry, content, to);
      else
        write_file(entry, to);
    });
  }
}

void Export::write_stretch(const Stretch& stretch, DestinationFolders& folders) {
  const auto segment = find_segment(*manifest_, stretch.segment, stretch.count, note_lost_entries_);
  if (!segment) return;
  const std::uint64_t before = manifest_->segments()[stretch.segment].first;
  dataset::FileGroup small(store_);
  for (std::uint32_t i = stretch.first; i < stretch.first + stretch.count; ++i) {
    const tree::EntryRef entry(segment, i, before + i);
    const bool is_file = entry.kind() == tree::EntryKind::file;
    if (is_file && small.add(entry)) {
      if (small.size() < read_size) continue;
      write_small_files(small, folders);
      small = dataset::FileGroup(store_);
    } else if (is_file || entry.kind() == tree::EntryKind::symlink) {
      const std::string path = entry.path();
      attempt(path, [&] {
        const Target to = target_of(path, folders);
        if (is_file)
          write_file(entry, to);
        else
          write_symlink(entry, to);
      });
    }
  }
  write_small_files(small, folders);
}

// The work of one thread: takes stretches until none are left or a thread has stopped.
void Export::write_stretches(int top) {
  DestinationFolders folders(top);
  for (;;) {
    Stretch stretch;
    {
      std::lock_guard lock(mutex_);
      if (stopped_ || next_ == plan_->stretches.size()) return;
      stretch = plan_->stretches[next_++];
    }
    try {
      write_stretch(stretch, folders);
    } catch (...) {  // rethrown by the waiting thread
      std::lock_guard lock(mutex_);
      if (!stopped_) stopped_ = std::current_exception();
    }
  }
}

void Export::make_folders(int top) {
  DestinationFolders above(top);
  for (const ExportPlan::Folder& folder : plan_->folders)
    attempt(folder.path, [&] {
      const Target to = target_of(folder.path, above);
      if (existing_ != Existing::refuse && is_folder(to)) return;
      make_folder(to);
      made_.push_back(&folder);
    });
}

void Export::make_plan() {
  plan_ = plan_export(*manifest_, part_, note_lost_entries_);
  progress_.files_total += plan_->files;
  progress_.bytes_total += plan_->bytes;
  for (const std::string& path : plan_->first_names) first_names_.try_emplace(path);
}

bool Export::note_lost(const Error& error) {
  make_plan();
  note(part_, error);
  return !plan_->stretches.empty();
}

ExportReport Export::write_folder(int top) {
  if (!plan_) make_plan();
  make_folders(top);
  {
    std::vector<std::jthread> threads;
    try {
      for (unsigned i = 0; i < std::clamp(2 * std::thread::hardware_concurrency(), 4u, 8u); ++i)
        threads.emplace_back([&] { write_stretches(top); });
    } catch (const std::system_error&) {
      // No more threads can be had: those that there are do the work.
    }
    if (threads.empty()) write_stretches(top);
  }
  if (stopped_) std::rethrow_exception(stopped_);
  DestinationFolders first_folders(top), folders(top);
  for (const tree::EntryRef& entry : plan_->hard_links) {
    const std::string path = entry.path();
    attempt(path, [&] { write_hard_link(entry, target_of(path, folders), first_folders); });
  }
  // Deepest first: writing into a folder would change its time again.
  for (auto at = made_.rbegin(); at != made_.rend(); ++at) {
    const ExportPlan::Folder& folder = **at;
    attempt(folder.path, [&] { set_time(target_of(folder.path, folders), folder.mtime_ns); });
  }
  std::stable_sort(report_.failures.begin(), report_.failures.end(),
                   [](const auto& a, const auto& b) { return a.path < b.path; });
  return std::move(report_);
}

}  // namespace

ExportReport export_tree(const dataset::OpenStore& store,
                         const std::shared_ptr<const tree::Manifest>& manifest,
                         std::string_view path, const fs::path& written_destination,
                         ExportProgress& progress, Existing existing) {
  fs::path destination = written_destination;
  while (path.ends_with('/')) path.remove_suffix(1);
  std::optional<tree::EntryRef> entry;
  std::optional<Error> lost;  // why the entry cannot be read
  try {
    entry = manifest->find_path(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::corrupt) throw;
    lost = error;
  }
  if (!path.empty() && !entry && !lost)
    fail(ErrorKind::not_found, "there is no {} in this version", path);
  Export exporter(store, manifest, path, progress, existing);
  // Of a folder, what lies below is in other segments.
  if (lost && !exporter.note_lost(*lost)) throw lost->within(path);
  if (!entry || entry->kind() == tree::EntryKind::folder) {
    const FileDescriptor top = existing == Existing::refuse ? open_empty_folder(destination)
                                                            : open_any_folder(destination);
    try {
      return exporter.write_folder(top.get());
    } catch (const Error& error) {
      throw Error(error.kind(),
                  fmt::format("{}; {} is an incomplete copy", error.what(), destination.string()));
    }
  }

  if (existing != Existing::refuse && fs::is_directory(destination))
    destination /= split_path(path).second;
  if (existing != Existing::replace && fs::exists(fs::symlink_status(destination)))
    fail(ErrorKind::already_exists, "{} exists already", destination.string());
  const std::string name = destination.filename().string();
  if (!is_plain_name(name))
    fail(ErrorKind::invalid_argument, "{} is a file: give it a name, {} is none", path,
         destination.string());
  const fs::path above = destination.parent_path();
  const FileDescriptor folder =
      open_file(above.empty() ? fs::path(".") : above, O_RDONLY | O_DIRECTORY);
  try {
    exporter.write_single(*entry, {folder.get(), name});
  } catch (const Error& error) {
    throw error.within(path);
  }
  return {};
}

}  // namespace grid::care
