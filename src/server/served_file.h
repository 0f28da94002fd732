// Answers with a file, or ranges of it, whatever holds it: what docs/http-api.md says of `files`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/byte_ranges.h"
#include "server/router.h"

namespace grid::server {

// Some bytes of a file. If `kept` is set they lie in it, whatever becomes of the reader.
struct FilePiece {
  FilePiece() = default;
  FilePiece(BytesView b, std::shared_ptr<const Bytes> k = nullptr) : bytes(b), kept(std::move(k)) {}

  BytesView bytes;
  std::shared_ptr<const Bytes> kept;
};

struct ServedFile {
  std::string path;  // for its name and its type
  std::uint64_t size = 0;
  std::string etag;            // with its quotes; equal only for equal bytes
  bool never_changes = false;  // what is at this URL
  // The bytes from an offset on, at most `size`; all of these if they are fewer than a file has at
  // its beginning to tell its type, else perhaps fewer. Unless they are kept they lie in `scratch`,
  // or stay valid until the next call.
  std::function<FilePiece(std::uint64_t offset, std::size_t size, Bytes& scratch)> read;
  // A piece that begins at an offset, if it is in memory: waits for nothing. May be unset.
  std::function<std::shared_ptr<const Bytes>(std::uint64_t offset)> find_kept{};
  // Whether read() from an offset on would most likely wait for no disk. May be unset.
  std::function<bool(std::uint64_t offset)> is_in_memory{};
};

// Reads the first bytes before it returns: what is damaged or out of reach throws.
Response file_response(ServedFile file, const Call& call);

// How much of a file is read at once, at most.
inline constexpr std::size_t file_piece_size = 1 << 20;  // bytes

// Parts of a file, with texts around them.
class FileSource : public BodySource {
 public:
  struct Part {
    std::string before;
    Span span;
  };
  FileSource(ServedFile file, std::vector<Part> parts, std::string end)
      : file_(std::move(file)), parts_(std::move(parts)), end_(std::move(end)) {}
  // Of the whole file, of which the first piece was read; it may lie in `scratch`.
  FileSource(ServedFile file, FilePiece first, Bytes scratch)
      : file_(std::move(file)),
        parts_{{"", {0, file_.size}}},
        scratch_(std::move(scratch)),
        ahead_(std::move(first)) {}

  std::uint64_t size() const;  // bytes of all parts and texts, before the first next()
  BytesView next(std::size_t size_max) override;
  bool is_quick() override;

 private:
  bool look_ahead();

  const ServedFile file_;
  std::vector<Part> parts_;
  const std::string end_;
  std::size_t at_ = 0;
  bool ended_ = false;
  std::string text_;
  Bytes scratch_;
  std::optional<FilePiece> ahead_;  // what next() will give
  FilePiece given_;
};

// Whether one of the tags of If-Match or If-None-Match is this one, which has quotes; some clients
// leave them out.
bool names_etag(std::string_view header, std::string_view etag);

}  // namespace grid::server
