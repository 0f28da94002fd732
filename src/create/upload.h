// What a client has told of the files of a version that it is sending: where an upload keeps it
// between two requests, and the source that a create makes of it in the end.
//
// A client that cuts files itself sends chunks, which go into the store, and then says which chunks
// make up each file. One that cannot sends whole files, which are kept beside until they are cut.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "dataset/open_store.h"
#include "source/source.h"
#include "store/chunk_reader.h"

namespace grid::create {

struct UploadedEntry {
  source::Entry entry;                  // without content
  std::vector<store::ChunkRef> chunks;  // of a file, in order
  bool is_staged = false;               // the file's bytes are at staged_path()

  bool operator==(const UploadedEntry&) const = default;
};

// The folder of one upload. One thread of one process at a time may use it.
class UploadFolder {
 public:
  explicit UploadFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Appends entries. One whose path was added before takes that one's place. Throws Error.
  void add(const std::vector<UploadedEntry>& entries);
  // Calls `take` for each entry, in no order. Throws `corrupt` if the file was damaged.
  void read(const std::function<void(UploadedEntry)>& take) const;

  std::filesystem::path staged_path(std::string_view path) const;
  const std::filesystem::path& path() const { return folder_; }

 private:
  std::filesystem::path entries_path() const { return folder_ / "entries"; }

  const std::filesystem::path folder_;
};

// The entries of an upload as a source. Lists of chunks are stored while they are read, and are
// durable when next() has said that there are no more.
// `lease` is that of the create.
std::unique_ptr<source::Source> open_upload(const UploadFolder& folder, dataset::OpenStore& store,
                                            const store::LeaseId& lease);

}  // namespace grid::create
