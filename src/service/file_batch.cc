#include "service/file_batch.h"

#include <algorithm>

#include "base/error.h"

namespace grid::service {

namespace {

// What is read together, and so the memory of a batch.
constexpr std::uint64_t batch_window_size = 4 << 20;  // bytes
constexpr std::size_t batch_window_files = 2048;

}  // namespace

FileBatch::FileBatch(std::shared_ptr<const dataset::OpenStore> store, OpenVersion version,
                     FileBatchRequest request)
    : store_(std::move(store)), version_(std::move(version)), request_(std::move(request)) {
  if (request_.size_max > file_size_max)
    fail(ErrorKind::invalid_argument, "size_max is {}; it is {} at most", request_.size_max,
         file_size_max);
}

FileBatch::Wanted FileBatch::look_up(const std::string& path) const {
  try {
    std::optional<tree::EntryRef> entry = version_.manifest->find_path(path_in_version(path));
    if (!entry) return {};
    entry = without_hard_link(*version_.manifest, *entry);
    if (entry->kind() != tree::EntryKind::file) return {};
    if (entry->size() > request_.size_max) return {BatchStatus::too_large};
    return {BatchStatus::content, std::move(entry)};
  } catch (const Error& error) {  // of this file alone
    return {error.kind() == ErrorKind::invalid_argument ? BatchStatus::absent
                                                        : BatchStatus::failed};
  }
}

void FileBatch::read_alone(Wanted& wanted, Bytes& scratch) const {
  try {
    wanted.content = store_->files->read_file_part(*version_.manifest, *wanted.file, 0,
                                                   wanted.file->size(), scratch);
    if (wanted.content.size() == wanted.file->size()) return;
  } catch (const Error&) {  // the other files can be read
  }
  wanted.status = BatchStatus::failed;
}

void FileBatch::read(std::vector<Wanted>& wanted) {
  std::vector<Wanted*> files;
  for (Wanted& one : wanted)
    if (one.file) files.push_back(&one);
  std::sort(files.begin(), files.end(), [](const Wanted* a, const Wanted* b) {
    return a->file->ordinal() < b->file->ordinal();
  });
  dataset::FileGroup group(*store_);
  std::vector<Wanted*> together, alone;
  for (Wanted* one : files) (group.add(*one->file) ? together : alone).push_back(one);
  try {
    BytesView rest = group.read(group_content_);
    for (Wanted* one : together) {
      one->content = rest.first(one->file->size());
      rest = rest.subspan(one->content.size());
    }
  } catch (const Error&) {  // reading each alone says which one is damaged
    alone.insert(alone.end(), together.begin(), together.end());
  }
  contents_.assign(alone.size(), {});
  for (std::size_t i = 0; i < alone.size(); ++i) read_alone(*alone[i], contents_[i]);
}

std::vector<FileBatch::File> FileBatch::next_files() {
  std::vector<Wanted> wanted;
  std::uint64_t size = 0;
  while (at_ < request_.paths.size() && size < batch_window_size &&
         wanted.size() < batch_window_files) {
    wanted.push_back(look_up(request_.paths[at_++]));
    if (wanted.back().file) size += wanted.back().file->size();
  }
  read(wanted);
  std::vector<File> files;
  files.reserve(wanted.size());
  for (const Wanted& one : wanted)
    files.push_back({one.status, one.status == BatchStatus::content ? one.content : BytesView()});
  return files;
}

BytesView FileBatch::next() {
  out_.clear();
  for (const File& file : next_files()) {
    append(out_, static_cast<std::uint8_t>(file.status));
    append(out_, static_cast<std::uint32_t>(file.content.size()));
    append(out_, file.content);
  }
  return out_;
}

}  // namespace grid::service
