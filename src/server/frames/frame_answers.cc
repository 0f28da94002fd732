#include "server/frames/frame_answers.h"

#include <algorithm>
#include <thread>

#include "dataset/prefetch.h"
#include "server/version_file.h"
#include "service/file_batch.h"

namespace grid::server::frames {

namespace {

void give_error(const Error& error, Code code, const Give& give) {
  Bytes content{static_cast<std::byte>(error.kind())};
  append(content, as_bytes(error.what()));
  give(code, content);
}

std::string path_of(WireReader& request) { return request.text(request.integer<std::uint16_t>()); }

// As of /batch over HTTP: each holds megabytes.
Slots::Slot take_slot(Slots& slots) {
  for (;;) {
    if (auto slot = slots.take()) return std::move(*slot);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// The bytes [offset, offset + size) of a file, which has them; they may lie in `scratch` and `all`.
FilePiece read_all(const ServedFile& file, std::uint64_t offset, std::size_t size, Bytes& scratch,
                   Bytes& all) {
  const auto next = [&](std::uint64_t at, std::size_t wanted) -> FilePiece {
    if (file.find_kept)
      if (const auto kept = file.find_kept(at); kept != nullptr && !kept->empty())
        return {BytesView(*kept).first(std::min(kept->size(), wanted)), kept};
    return file.read(at, wanted, scratch);
  };
  FilePiece piece = next(offset, size);
  if (piece.bytes.size() >= size) return {piece.bytes.first(size), piece.kept};
  all.clear();
  all.reserve(size);
  while (!piece.bytes.empty()) {
    append(all, piece.bytes.first(std::min(piece.bytes.size(), size - all.size())));
    if (all.size() == size) break;
    piece = next(offset + all.size(), size - all.size());
  }
  return BytesView(all);
}

}  // namespace

std::vector<FrameAnswers::Part> FrameAnswers::parts_of(WireReader& request) {
  std::vector<Part> parts;
  while (!request.ended()) {
    Part part{.path = path_of(request)};
    part.offset = request.integer<std::uint64_t>();
    part.size = request.integer<std::uint64_t>();
    parts.push_back(std::move(part));
  }
  return parts;
}

void FrameAnswers::answer(BytesView bytes, const Give& give) const {
  WireReader request(bytes, "a request in frames");
  const auto operation = static_cast<Operation>(request.integer<std::uint8_t>());
  const std::string name = request.text(request.integer<std::uint8_t>());
  const auto number = request.integer<std::uint64_t>();
  std::vector<Part> parts;
  std::vector<std::string> paths;
  if (operation == Operation::read)
    parts = parts_of(request);
  else if (operation == Operation::expect)
    while (!request.ended()) paths.push_back(path_of(request));
  else
    fail(ErrorKind::corrupt, "a request in frames: {} is no operation",
         static_cast<unsigned>(operation));
  std::optional<service::OpenVersion> version;
  try {
    version = api_.open_version(name, std::to_string(number));
  } catch (const Error& error) {
    return give_error(error, Code::refused, give);
  }
  if (operation == Operation::read)
    read(*version, parts, give);
  else
    expect(*version, paths, give);
}

void FrameAnswers::read(const service::OpenVersion& version, const std::vector<Part>& parts,
                        const Give& give) const {
  const bool all_whole =
      std::all_of(parts.begin(), parts.end(), [](const Part& part) { return part.is_whole(); });
  if (all_whole && parts.size() > 1) return read_together(version, parts, give);
  for (const Part& part : parts) read_part(version, part, give);
}

void FrameAnswers::read_together(const service::OpenVersion& version,
                                 const std::vector<Part>& parts, const Give& give) const {
  service::FileBatchRequest request{.paths = {}, .size_max = service::FileBatch::file_size_max};
  for (const Part& part : parts) request.paths.push_back(part.path);
  const Slots::Slot slot = take_slot(api_.batch_slots());
  service::FileBatch batch(api_.store(), version, std::move(request));
  for (std::size_t at = 0; at < parts.size();)
    for (const service::FileBatch::File& file : batch.next_files()) {
      if (file.status == service::BatchStatus::content)
        give(Code::content, file.content);
      else  // large, or what is wrong with it
        read_part(version, parts[at], give);
      ++at;
    }
}

void FrameAnswers::read_part(const service::OpenVersion& version, const Part& part,
                             const Give& give) const {
  Bytes scratch, all;
  FilePiece piece;
  std::uint64_t size = 0;
  try {
    const std::string path = service::path_in_version(part.path);
    const tree::EntryRef entry = file_in(version, path);
    size = entry.size() - std::min(part.offset, entry.size());
    size = std::min(size, part.size);
    if (size > read_size_max) {
      Bytes content;
      append(content, entry.size());
      return give(Code::larger, content);
    }
    if (size > 0)
      piece = read_all(served_file(api_, version, entry), part.offset, size, scratch, all);
    if (piece.bytes.size() != size)
      fail(ErrorKind::corrupt, "{}: {} has fewer bytes than its version says", version.text(),
           path);
  } catch (const Error& error) {
    return give_error(error, Code::failed, give);
  }
  give(Code::content, piece.bytes);
}

// Answers with the number of bytes that were read, as stored, once they are near.
void FrameAnswers::expect(const service::OpenVersion& version,
                          const std::vector<std::string>& paths, const Give& give) const {
  Bytes content;
  try {
    const std::shared_ptr<dataset::OpenStore> store = api_.store();
    dataset::ReadTrace trace;
    for (const std::string& path : paths) {
      const auto entry = version.manifest->find_path(service::path_in_version(path));
      if (!entry) continue;
      const tree::EntryRef file = service::without_hard_link(*version.manifest, *entry);
      if (file.kind() != tree::EntryKind::file || file.is_in_place()) continue;
      const std::uint64_t end = std::min<std::uint64_t>(file.size(), expected_size_max);
      for (std::uint64_t at = 0; at < end; at += dataset::Piece::size)
        trace.push_back({file.ordinal(), static_cast<std::uint32_t>(at / dataset::Piece::size)});
    }
    append(content, dataset::prefetch(*store, *version.manifest, trace,
                                      {.size_max = dataset::prefetch_size_max(*store)}));
  } catch (const Error& error) {
    return give_error(error, Code::refused, give);
  }
  give(Code::content, content);
}

}  // namespace grid::server::frames
