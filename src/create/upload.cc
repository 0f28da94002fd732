// The entries lie in a file of lines, each a JSON object with the checksum of a FrameLog's frame
// around it: what a killed server left incomplete is not read.
#include "create/upload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"
#include "source/tree.h"
#include "store/chunk_session.h"
#include "tree/recipe.h"
#include "tree/rules.h"

namespace grid::create {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using source::EntryKind;
using store::ChunkRef;

namespace {

constexpr std::size_t line_size_max = std::size_t{1} << 30;  // bytes

std::string hex_of(std::string_view text) {
  std::string hex;
  for (const char c : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return hex;
}

std::string from_hex(std::string_view hex) {
  std::string text;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    text += static_cast<char>(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16));
  return text;
}

std::string encode(const UploadedEntry& uploaded) {
  const source::Entry& entry = uploaded.entry;
  // Names are any bytes, and JSON has UTF-8 only.
  ordered_json line = {{"folder", hex_of(entry.folder)},
                       {"name", hex_of(entry.name)},
                       {"kind", static_cast<unsigned>(entry.kind)},
                       {"executable", entry.executable},
                       {"size", entry.size},
                       {"mtime_ns", entry.mtime_ns},
                       {"target", hex_of(entry.target)},
                       {"staged", uploaded.is_staged}};
  std::string chunks;
  for (const ChunkRef& chunk : uploaded.chunks)
    chunks += fmt::format("{}{:08x}", chunk.digest.hex(), chunk.size);
  line["chunks"] = chunks;
  return line.dump();
}

UploadedEntry decode(std::string_view text, const std::string& noun) {
  constexpr std::size_t digest_size = 64, chunk_size = digest_size + 8;  // digits
  const JsonObject line(text, noun, {.size_max = line_size_max});
  UploadedEntry uploaded;
  source::Entry& entry = uploaded.entry;
  entry.folder = from_hex(line.text("folder"));
  entry.name = from_hex(line.text("name"));
  entry.kind = static_cast<EntryKind>(line.number("kind", 1, 4));
  entry.executable = line.shown("executable") == "true";
  entry.size = line.number("size");
  entry.mtime_ns = line.find_integer("mtime_ns").value_or(0);
  entry.target = from_hex(line.text("target"));
  uploaded.is_staged = line.shown("staged") == "true";
  const std::string chunks = line.text("chunks");
  for (std::size_t at = 0; at + chunk_size <= chunks.size(); at += chunk_size) {
    const std::optional<Digest> digest = parse_digest(chunks.substr(at, digest_size));
    if (!digest) fail(ErrorKind::corrupt, "{} is damaged", noun);
    uploaded.chunks.push_back({*digest, static_cast<std::uint32_t>(std::stoul(
                                            chunks.substr(at + digest_size, 8), nullptr, 16))});
  }
  return uploaded;
}

// A line in the file: its size and checksum, and then the text.
constexpr std::size_t head_size = sizeof(std::uint32_t) + sizeof(std::uint64_t);

// Calls `take` with the offset and the size of each whole line; returns where the last one ends.
template <class Take>
std::size_t visit_lines(BytesView bytes, const Take& take) {
  std::size_t at = 0;
  while (bytes.size() - at >= head_size) {
    const std::size_t size = load<std::uint32_t>(bytes.data() + at);
    const auto checksum = load<std::uint64_t>(bytes.data() + at + sizeof(std::uint32_t));
    const std::size_t begin = at + head_size;
    if (size > bytes.size() - begin || digest_of(bytes.subspan(begin, size)).prefix() != checksum)
      break;
    take(begin, size);
    at = begin + size;
  }
  return at;
}

}  // namespace

fs::path UploadFolder::staged_path(std::string_view path) const {
  return folder_ / "files" / digest_of(as_bytes(path)).hex();
}

void UploadFolder::add(const std::vector<UploadedEntry>& entries) {
  Bytes lines;
  for (const UploadedEntry& entry : entries) {
    const std::string text = encode(entry);
    append(lines, static_cast<std::uint32_t>(text.size()));
    append(lines, digest_of(as_bytes(text)).prefix());
    append(lines, as_bytes(text));
  }
  const std::string name = entries_path().string();
  std::size_t end = 0;
  if (const std::optional<MappedFile> before = MappedFile::find(entries_path()))
    end = visit_lines(before->bytes(), [](std::size_t, std::size_t) {});
  // Behind a line that a killed server left incomplete, nothing would be read.
  const FileDescriptor file = open_file(entries_path(), O_WRONLY | O_CREAT);
  if (::ftruncate(file.get(), static_cast<off_t>(end)) != 0)
    throw system_error(errno, "cannot shorten " + name);
  write_at(file.get(), lines, end, name);
  if (::fdatasync(file.get()) != 0) throw system_error(errno, "cannot write " + name);
}

void UploadFolder::read(const std::function<void(UploadedEntry)>& take) const {
  const std::optional<MappedFile> file = MappedFile::find(entries_path());
  if (!file) return;
  struct Line {
    std::size_t at, size;
  };
  std::unordered_map<std::uint64_t, Line> newest;  // by the digest of the path
  const std::string noun = entries_path().string();
  const BytesView bytes = file->bytes();
  visit_lines(bytes, [&](std::size_t at, std::size_t size) {
    const UploadedEntry entry = decode(as_text(bytes.subspan(at, size)), noun);
    newest[digest_of(as_bytes(entry.entry.path())).prefix()] = {at, size};
  });
  for (const auto& [path, line] : newest)
    take(decode(as_text(bytes.subspan(line.at, line.size)), noun));
}

namespace {

// The time is that of the client's file: the staged one was made just now.
source::FileState state_of(const struct stat& st, std::int64_t mtime_ns) {
  return {.size = static_cast<std::uint64_t>(st.st_size),
          .mtime_ns = mtime_ns,
          .ctime_ns = static_cast<std::int64_t>(st.st_ctime),
          .inode = st.st_ino};
}

// A whole file that was sent.
class StagedFile : public source::SourceFile {
 public:
  StagedFile(const fs::path& path, const source::SourceEntry& entry, std::optional<ByteRange> range)
      : file_(open_file(path, O_RDONLY)), name_(entry.entry.path()) {
    struct stat st;
    if (::fstat(file_.get(), &st) != 0) throw system_error(errno, "cannot stat " + name_);
    state_ = state_of(st, entry.entry.mtime_ns);
    range_ = range.value_or(ByteRange{0, state_.size});
    at_ = range_.begin;
    executable_ = entry.entry.executable;
  }

  std::size_t read(MutableBytesView out) override {
    const std::size_t size = std::min<std::uint64_t>(out.size(), range_.end - at_);
    const std::size_t got = read_at(file_.get(), out.first(size), at_, name_);
    if (got == 0 && size > 0) fail(ErrorKind::changed, "{} ends early", name_);
    at_ += got;
    return got;
  }
  std::optional<std::uint64_t> size() const override { return range_.end - range_.begin; }
  std::string name() const override { return name_; }
  source::FileState state() const override { return state_; }
  bool executable() const override { return executable_; }
  std::optional<FilePart> local_part() const override {
    return FilePart{file_.get(), range_.begin, range_.end - range_.begin};
  }
  bool settled() override { return false; }  // no later create finds it here again

 private:
  const FileDescriptor file_;
  const std::string name_;
  source::FileState state_;
  ByteRange range_{};
  std::uint64_t at_ = 0;
  bool executable_ = false;
};

class UploadSource : public source::Source, private source::FileOpener {
 public:
  UploadSource(const UploadFolder& folder, dataset::OpenStore& store, const store::LeaseId& lease)
      : folder_(folder),
        session_(*store.chunks, bytes_stored_, {}, nullptr, lease),
        writer_(std::make_unique<store::ChunkWriter>(session_)),
        recipe_(*writer_) {
    folder_.read([&](UploadedEntry entry) { entries_.push_back(std::move(entry)); });
  }

  source::SourceOrder order() const override { return source::SourceOrder::any; }

  std::optional<source::SourceEntry> next(std::vector<source::Problem>&) override {
    if (entries_.empty()) {
      if (writer_ == nullptr) return std::nullopt;
      std::vector<std::unique_ptr<store::ChunkWriter>> writers;
      writers.push_back(std::move(writer_));
      session_.finish(std::move(writers));
      return std::nullopt;
    }
    UploadedEntry uploaded = std::move(entries_.back());
    entries_.pop_back();
    source::SourceEntry entry{.entry = std::move(uploaded.entry)};
    if (entry.entry.kind != EntryKind::file) return entry;
    entry.state = {.size = entry.entry.size, .mtime_ns = entry.entry.mtime_ns};
    if (uploaded.is_staged) {
      struct stat st;
      const fs::path path = folder_.staged_path(entry.entry.path());
      if (::stat(path.c_str(), &st) != 0) throw system_error(errno, "cannot stat " + path.string());
      entry.state = state_of(st, entry.entry.mtime_ns);
      entry.opener = this;
      return entry;
    }
    for (const ChunkRef& chunk : uploaded.chunks) recipe_.add(chunk);
    entry.entry.content = recipe_.finish();
    entry.content_known = true;
    return entry;
  }

 private:
  std::unique_ptr<source::SourceFile> open(const source::SourceEntry& entry,
                                           std::optional<ByteRange> range) override {
    return std::make_unique<StagedFile>(folder_.staged_path(entry.entry.path()), entry, range);
  }
  unsigned open_count() const override { return 16; }

  const UploadFolder folder_;
  std::vector<UploadedEntry> entries_;
  std::atomic<std::uint64_t> bytes_stored_ = 0;
  store::ChunkSession session_;
  std::unique_ptr<store::ChunkWriter> writer_;
  tree::RecipeBuilder recipe_;
};

}  // namespace

std::unique_ptr<source::Source> open_upload(const UploadFolder& folder, dataset::OpenStore& store,
                                            const store::LeaseId& lease) {
  return std::make_unique<UploadSource>(folder, store, lease);
}

}  // namespace grid::create
