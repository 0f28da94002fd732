// A request's body that is too large for the memory: a file that has no name and goes with its
// descriptor, so that nothing of it stays when the server is killed. Or one that a client may go on
// with: see PartialObjects.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/file.h"
#include "server/message.h"

namespace grid::server {

// Used by one thread at a time.
class BodyFile {
 public:
  // Makes `folder` if it is missing. Throws Error.
  explicit BodyFile(const std::filesystem::path& folder);
  // Goes on with a file of `size` bytes, whose position is at its end.
  BodyFile(FileDescriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  void append(BytesView bytes);

  std::uint64_t size() const { return size_; }
  int fd() const { return file_.get(); }
  // A path at which this process can open the file, as long as it lasts.
  std::filesystem::path path() const;

 private:
  FileDescriptor file_;
  std::uint64_t size_ = 0;
};

// The body of a request as bytes, wherever it is. The request must outlive it.
class RequestBody {
 public:
  explicit RequestBody(const Request& request) : request_(request) {
    if (request.body_file != nullptr) file_ = MappedFile::find(request.body_file->path());
  }
  BytesView bytes() const { return file_ ? file_->bytes() : as_bytes(request_.body); }

 private:
  const Request& request_;
  std::optional<MappedFile> file_;
};

}  // namespace grid::server
