// Reads arbitrary bytes as an archive, which must give members with clean paths or an Error.
// With -DGRID_FUZZ=ON (clang): build/fuzz/archive_fuzzer tests/fuzz/corpus/archive

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "base/error.h"
#include "source/archive_source.h"

namespace grid::source {
namespace {

class MemoryStream : public ByteStream {
 public:
  MemoryStream(BytesView bytes, std::size_t at) : bytes_(bytes), at_(at) {}
  std::size_t read(MutableBytesView out) override {
    std::size_t size = std::min(out.size(), bytes_.size() - at_);
    std::memcpy(out.data(), bytes_.data() + at_, size);
    at_ += size;
    return size;
  }
  std::optional<std::uint64_t> size() const override { return bytes_.size(); }
  std::string name() const override { return "fuzz"; }

 private:
  const BytesView bytes_;
  std::size_t at_;
};

void read_all(BytesView bytes, bool anywhere) {
  ArchiveBytes archive{.stream = std::make_unique<MemoryStream>(bytes, 0)};
  if (anywhere)
    archive.open_at = [bytes](std::uint64_t at) {
      return std::make_unique<MemoryStream>(bytes, static_cast<std::size_t>(at));
    };
  try {
    ArchiveSource source(std::move(archive), {.size_max = 1 << 20, .files_max = 1000});
    std::vector<Problem> problems;
    Bytes buffer(64 << 10);
    while (std::optional<SourceEntry> entry = source.next(problems)) {
      assert(is_valid_name(entry->entry.name));
      assert(path_of_member(entry->entry.path()) == entry->entry.path());
      if (entry->stream != nullptr)
        while (entry->stream->read(buffer) > 0) continue;
    }
  } catch (const Error&) {  // expected for a damaged archive
  }
}

}  // namespace
}  // namespace grid::source

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  grid::BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  grid::source::read_all(bytes, true);
  grid::source::read_all(bytes, false);
  return 0;
}
