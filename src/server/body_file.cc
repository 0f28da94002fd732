#include "server/body_file.h"

#include <fcntl.h>

#include "base/error.h"

namespace grid::server {

BodyFile::BodyFile(const std::filesystem::path& folder) {
  make_private_folders(folder);
  file_ = grid::open_file(folder, O_TMPFILE | O_RDWR);
}

void BodyFile::append(BytesView bytes) {
  write_all(file_.get(), bytes, "the file for a request's body");
  size_ += bytes.size();
}

std::filesystem::path BodyFile::path() const {
  return fmt::format("/proc/self/fd/{}", file_.get());
}

}  // namespace grid::server
