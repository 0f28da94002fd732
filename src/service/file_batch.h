// Many small files of a version in one answer, as the thumbnails of a page: read in the order in
// which the store has them, given in the order in which they were asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dataset/file_group.h"
#include "service/entries.h"

namespace grid::service {

struct FileBatchRequest {
  std::vector<std::string> paths;     // as for path_in_version()
  std::uint64_t size_max = 64 << 10;  // bytes of a file; FileBatch::file_size_max at most
};

// What a record begins with.
enum class BatchStatus : std::uint8_t {
  content = 0,    // the file's bytes follow
  absent = 1,     // the version has no such file
  too_large = 2,  // more than `size_max` bytes
  failed = 3,     // it is damaged, or out of reach
};

// Used by one thread at a time.
class FileBatch {
 public:
  static constexpr std::uint64_t file_size_max = dataset::FileGroup::file_size_max;

  FileBatch(std::shared_ptr<const dataset::OpenStore> store, OpenVersion version,
            FileBatchRequest request);

  struct File {
    BatchStatus status = BatchStatus::absent;
    BytesView content{};
  };
  // The next files, valid until the next call; empty at the end.
  std::vector<File> next_files();

  // The same as records, valid until the next call; empty at the end. A record is a
  // status, one byte; the size of what follows, four bytes, little-endian; and that many bytes.
  BytesView next();

 private:
  struct Wanted {
    BatchStatus status = BatchStatus::absent;
    std::optional<tree::EntryRef> file{};  // with the status `content`
    BytesView content{};
  };
  Wanted look_up(const std::string& path) const;
  void read(std::vector<Wanted>& wanted);
  void read_alone(Wanted& wanted, Bytes& scratch) const;

  const std::shared_ptr<const dataset::OpenStore> store_;
  const OpenVersion version_;
  const FileBatchRequest request_;
  std::size_t at_ = 0;  // of the paths
  Bytes group_content_, out_;
  std::vector<Bytes> contents_;  // of files that were read alone
};

}  // namespace grid::service
