#include "base/frame_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/digest.h"
#include "base/error.h"
#include "base/own_file.h"

namespace grid {

static constexpr std::size_t header_size = 8, frame_header_size = 4 + 8;

static std::uint64_t checksum(BytesView bytes) {
  return load<std::uint64_t>(digest_of(bytes).bytes.data());
}

FrameLog::FrameLog(const std::filesystem::path& path, const Format& format,
                   const std::function<void(BytesView, std::uint64_t)>& take)
    : fd_(open_own_file(path, O_RDWR | O_CREAT | O_APPEND)),
      file_(MappedFile::find(path).value_or(MappedFile())) {
  std::uint64_t end = begin_of_frames(path, format);
  BytesView rest = bytes().subspan(end);
  while (rest.size() > frame_header_size) {
    const std::size_t size = load<std::uint32_t>(rest.data());
    if (size > rest.size() - frame_header_size) break;
    const BytesView frame = rest.subspan(frame_header_size, size);
    if (load<std::uint64_t>(rest.data() + 4) != checksum(frame)) break;
    take(frame, end + frame_header_size);
    end += frame_header_size + size;
    rest = rest.subspan(frame_header_size + size);
  }
  if (::ftruncate(fd_.get(), static_cast<off_t>(end)) != 0)
    throw system_error(errno, fmt::format("cannot cut off {}", path.string()));
  if (end > 0) return;
  Bytes header;
  grid::append(header, format.magic);
  grid::append(header, format.number);
  write_all(fd_.get(), header, path.native());
}

// 0 if the file is empty or not such a log.
std::uint64_t FrameLog::begin_of_frames(const std::filesystem::path& path,
                                        const Format& format) const {
  if (bytes().size() < header_size || load<std::uint32_t>(bytes().data()) != format.magic) return 0;
  if (auto found = load<std::uint32_t>(bytes().data() + 4); found > format.number)
    fail(ErrorKind::unsupported, "{}: has {} format {}; this program reads format {}",
         path.string(), format.name, found, format.number);
  return header_size;
}

// One write(2) to a file opened with O_APPEND: frames of several threads do not mix.
void FrameLog::append(BytesView content) noexcept {
  if (broken_) return;  // what follows a torn frame would never be read
  try {
    Bytes frame;
    frame.reserve(frame_header_size + content.size());
    grid::append(frame, static_cast<std::uint32_t>(content.size()));
    grid::append(frame, checksum(content));
    grid::append(frame, content);
    if (::write(fd_.get(), frame.data(), frame.size()) != static_cast<ssize_t>(frame.size()))
      broken_ = true;
  } catch (const std::bad_alloc&) {  // treated like a full disk
    broken_ = true;
  }
}

}  // namespace grid
