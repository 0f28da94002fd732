#include "source/archive_reader.h"

#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "source/archive_input.h"
#include "source/folder_source.h"
#include "source/gunzip.h"
#include "source/pax_header.h"
#include "source/piped_stream.h"
#include "source/zip_directory.h"

namespace grid::source {

namespace {

// libarchive converts names to the encoding of the thread's locale, which must not be the user's.
class Utf8Locale {
 public:
  Utf8Locale() : before_(::uselocale(utf8())) {}
  ~Utf8Locale() { ::uselocale(before_); }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  static locale_t utf8() {
    static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
  }
  const locale_t before_;
};

class LocalStream : public ByteStream {
 public:
  LocalStream(std::shared_ptr<const FileDescriptor> fd, std::string path, std::uint64_t offset,
              std::uint64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), offset_(offset), size_(size) {}
  std::size_t read(MutableBytesView out) override {
    std::size_t got = read_at(fd_->get(), out, offset_, path_);
    offset_ += got;
    return got;
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  std::string name() const override { return path_; }

 private:
  const std::shared_ptr<const FileDescriptor> fd_;
  const std::string path_;
  std::uint64_t offset_;
  const std::uint64_t size_;
};

bool begins(BytesView bytes, std::initializer_list<unsigned> magic) {
  return bytes.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin(),
                    [](unsigned a, std::byte b) { return static_cast<std::byte>(a) == b; });
}

bool is_zip(BytesView first) { return begins(first, {'P', 'K', 3, 4}); }
bool is_empty_zstd_frame(BytesView first) {
  return first.size() == 8 && (first[0] & std::byte{0xf0}) == std::byte{0x50} &&
         begins(first.subspan(1), {0x2a, 0x4d, 0x18});
}
// libarchive does not know it.
bool is_empty_zip(BytesView first) { return begins(first, {'P', 'K', 5, 6}); }

ArchiveMember::Kind kind_of(archive_entry* entry) {
  using Kind = ArchiveMember::Kind;
  if (libarchive().entry_hardlink(entry) != nullptr) return Kind::hard_link;
  switch (libarchive().entry_filetype(entry)) {
    case AE_IFREG:
      return Kind::file;
    case AE_IFDIR:
      return Kind::folder;
    case AE_IFLNK:
      return Kind::symlink;
    case AE_IFCHR:
    case AE_IFBLK:
      return Kind::device;
    case AE_IFIFO:
      return Kind::pipe;
    case AE_IFSOCK:
      return Kind::socket;
    default:
      return Kind::unknown;
  }
}

std::int64_t mtime_of(archive_entry* entry) {
  if (!libarchive().entry_mtime_is_set(entry)) return 0;
  return timestamp_of(libarchive().entry_mtime(entry), libarchive().entry_mtime_nsec(entry));
}

// libarchive says of a method that it does not know only that the data cannot be read.
void fail_if_unknown_compression(const char* why) {
  if (why == nullptr ||
      std::string_view(why).find("nsupported ZIP compression") == std::string::npos)
    return;
  fail(ErrorKind::unsupported,
       "it is compressed in a way that is not supported ({}); unpack the archive and create from "
       "the folder; nothing was published",
       why);
}

std::string text_of(const char* text) { return text != nullptr ? text : ""; }

// Kinds of links first: libarchive has the kind of the file for a hard link.
std::string target_of(archive_entry* entry, ArchiveMember::Kind kind) {
  return text_of(kind == ArchiveMember::Kind::hard_link ? libarchive().entry_hardlink(entry)
                                                        : libarchive().entry_symlink(entry));
}

}  // namespace

struct ArchiveReader::State {
  PeekedStream* packed = nullptr;     // the archive's own bytes, if read from the beginning
  std::optional<std::uint64_t> size;  // of the archive
  bool zip = false, empty = false;
  Gunzip* gunzip = nullptr;
  bool plain_tar = false;
  std::uint64_t begin = 0;  // where libarchive begins, in unpacked bytes
  std::unique_ptr<ArchiveInput> input;
  Archive reader{libarchive().read_new()};
  std::optional<ZipDirectory> directory;     // of a zip
  bool in_member = false;                    // libarchive reads one
  std::string member;                        // the one being read, for messages
  std::optional<std::uint64_t> member_left;  // bytes, if its size is known

  std::unique_ptr<ByteStream> unpack(std::unique_ptr<PeekedStream> stream);
  bool open();
  void pass_rest_of_member();
  void take_from_pax(ArchiveMember& out);
  std::size_t read_some(MutableBytesView out);
};

static void skip(ByteStream& stream, std::uint64_t size) {
  Bytes passed(256 << 10);
  while (size > 0) {
    const std::size_t part = static_cast<std::size_t>(std::min<std::uint64_t>(size, passed.size()));
    const std::size_t got = stream.read(MutableBytesView(passed).first(part));
    if (got == 0)
      fail(ErrorKind::corrupt, "the archive is damaged or truncated: it ends too early");
    size -= got;
  }
}

// Passes over frames without content at the front of a .zst, as pzstd writes them: libarchive knows
// a .zst only by another first frame.
static std::unique_ptr<PeekedStream> after_empty_frames(std::unique_ptr<PeekedStream> stream) {
  while (is_empty_zstd_frame(stream->first())) {
    const auto size = load<std::uint32_t>(stream->first().data() + 4);
    skip(*stream, 8 + std::uint64_t{size});
    stream = std::make_unique<PeekedStream>(std::move(stream));
  }
  return stream;
}

// Tells the compression by the first bytes.
std::unique_ptr<ByteStream> ArchiveReader::State::unpack(std::unique_ptr<PeekedStream> stream) {
  stream = after_empty_frames(std::move(stream));
  const BytesView first = stream->first();
  if (begins(first, {0x1f, 0x8b})) {
    auto unpacking = std::make_unique<Gunzip>(std::move(stream));
    gunzip = unpacking.get();
    return unpacking;
  }
  if (begins(first, {'B', 'Z', 'h'}) || begins(first, {0xfd, '7', 'z', 'X', 'Z'}) ||
      begins(first, {0x28, 0xb5, 0x2f, 0xfd}))
    return decompress(std::move(stream));
  plain_tar = !zip;
  return stream;
}

bool ArchiveReader::State::open() {
  if (zip)
    libarchive().read_support_format_zip_seekable(reader.get());
  else
    libarchive().read_support_format_tar(reader.get());
  input->give_to(reader.get());
  if (libarchive().read_open1(reader.get()) == ARCHIVE_OK) return true;
  input->rethrow();
  return false;
}

ArchiveReader::ArchiveReader(ArchiveBytes bytes) : state_(std::make_unique<State>()) {
  Utf8Locale locale;
  auto stream = std::make_unique<PeekedStream>(std::move(bytes.stream));
  const std::string name = stream->name();
  state_->packed = stream.get();
  state_->size = stream->size();
  state_->zip = is_zip(stream->first());
  state_->empty = is_empty_zip(stream->first());
  if (state_->empty) return;
  if (state_->zip && !bytes.open_at)
    fail(
        ErrorKind::unsupported,
        "{} is a zip, which is read by the directory at its end: give a file, or a URL of a server "
        "that supports ranges",
        name);
  std::unique_ptr<ByteStream> inner = state_->unpack(std::move(stream));
  // In an uncompressed tar, members that are not read can be jumped over.
  std::optional<ArchiveInput::Jumps> jumps;
  if ((state_->zip || state_->plain_tar) && bytes.open_at && state_->size)
    jumps = {bytes.open_at, *state_->size, bytes.jump_size_min};
  state_->input = std::make_unique<ArchiveInput>(std::move(inner), std::move(jumps));
  if (state_->open()) {
    if (state_->zip && state_->size) state_->directory.emplace(bytes.open_at, *state_->size);
    return;
  }
  if (state_->zip)
    fail(ErrorKind::corrupt, "the archive is damaged or truncated: {} is a zip without a directory",
         name);
  fail(ErrorKind::unsupported,
       "{} is not an archive that can be unpacked: these are zip and tar, the latter also with "
       "gzip, bzip2, xz or zstd",
       name);
}

ArchiveReader::ArchiveReader(const ArchiveBytes& bytes, std::uint64_t size, const ArchivePoint& at)
    : state_(std::make_unique<State>()) {
  Utf8Locale locale;
  state_->size = size;
  state_->begin = at.header;
  if (at.gunzip) {
    auto unpacking = std::make_unique<Gunzip>(bytes.open_at(at.gunzip->packed), *at.gunzip);
    skip(*unpacking, at.header - at.gunzip->unpacked);
    state_->gunzip = unpacking.get();
    state_->input = std::make_unique<ArchiveInput>(std::move(unpacking));
  } else {
    state_->plain_tar = true;
    auto open_at = [open = bytes.open_at, begin = at.header](std::uint64_t offset) {
      return open(begin + offset);
    };
    state_->input = std::make_unique<ArchiveInput>(
        open_at(0), ArchiveInput::Jumps{open_at, size - at.header, bytes.jump_size_min});
  }
  if (!state_->open())
    fail(ErrorKind::corrupt, "the archive is damaged: it cannot be read from byte {} on",
         at.header);
}

std::optional<ArchivePoint> ArchiveReader::point() const {
  if (!has_points()) return std::nullopt;
  ArchivePoint at{.header =
                      state_->begin + static_cast<std::uint64_t>(
                                          libarchive().read_header_position(state_->reader.get()))};
  if (state_->gunzip == nullptr) return at;
  at.gunzip = state_->gunzip->last_point();
  if (!at.gunzip || at.gunzip->unpacked > at.header) return std::nullopt;
  return at;
}

ArchiveReader::~ArchiveReader() = default;

bool ArchiveReader::has_points() const { return state_->plain_tar || state_->gunzip != nullptr; }

std::uint64_t ArchiveReader::archive_size() const {
  return state_->size ? *state_->size : state_->packed->taken();
}

// As the library does before it reads the next header; but then it is not known where that begins.
void ArchiveReader::State::pass_rest_of_member() {
  if (!std::exchange(in_member, false)) return;
  const int status = libarchive().read_data_skip(reader.get());
  input->rethrow();
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN) input->fail_damaged(reader.get());
}

// See PaxHeader.
void ArchiveReader::State::take_from_pax(ArchiveMember& out) {
  PaxHeader header = read_pax_header(input->kept());
  input->stop_keeping();
  if (header.path) out.path = std::move(*header.path);
  if (header.link_path && !out.target.empty()) out.target = std::move(*header.link_path);
  if (header.mtime_ns) out.mtime_ns = *header.mtime_ns;
}

std::optional<ArchiveMember> ArchiveReader::next() {
  if (state_->empty) return std::nullopt;
  Utf8Locale locale;
  archive* reader = state_->reader.get();
  archive_entry* entry = nullptr;
  state_->pass_rest_of_member();
  if (!state_->zip)
    state_->input->keep_from(static_cast<std::uint64_t>(libarchive().filter_bytes(reader, 0)));
  int status = libarchive().read_next_header(reader, &entry);
  if (status == ARCHIVE_EOF) {
    state_->input->rethrow();
    bool whole = state_->zip || state_->input->has_end_mark(static_cast<std::uint64_t>(
                                    libarchive().filter_bytes(reader, 0)));
    if (!whole) fail(ErrorKind::corrupt, "the archive is truncated: a tar ends with zeros");
    if (!state_->zip) state_->input->drain();
    return std::nullopt;
  }
  state_->input->rethrow();
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN) state_->input->fail_damaged(reader);
  state_->in_member = true;
  const ArchiveMember::Kind kind = kind_of(entry);
  ArchiveMember member{.path = text_of(libarchive().entry_pathname(entry)),
                       .kind = kind,
                       .mtime_ns = mtime_of(entry),
                       .target = target_of(entry, kind)};
  member.executable =
      kind == ArchiveMember::Kind::file && (libarchive().entry_perm(entry) & 0111) != 0;
  member.encrypted = libarchive().entry_is_encrypted(entry) != 0;
  if (libarchive().entry_size_is_set(entry) && kind == ArchiveMember::Kind::file)
    member.size = static_cast<std::uint64_t>(libarchive().entry_size(entry));
  if (state_->directory)
    state_->directory->correct(member);
  else
    state_->take_from_pax(member);
  if (member.path.empty()) state_->input->fail_damaged(reader);
  state_->member = member.path;
  state_->member_left = member.size;
  return member;
}

// Fills the front of `out` with what libarchive gives of the member; 0 if that is nothing.
std::size_t ArchiveReader::State::read_some(MutableBytesView out) {
  la_ssize_t got = ARCHIVE_RETRY;
  while (got == ARCHIVE_RETRY) got = libarchive().read_data(reader.get(), out.data(), out.size());
  input->rethrow();
  if (got < 0 && zip) fail_if_unknown_compression(libarchive().error_string(reader.get()));
  if (got < 0) input->fail_damaged(reader.get());
  return static_cast<std::size_t>(got);
}

std::size_t ArchiveReader::read(MutableBytesView out) {
  std::size_t got = state_->read_some(out);
  std::optional<std::uint64_t>& left = state_->member_left;
  if (!left) return got;
  // libarchive gives nothing once before the hole with which a sparse member ends.
  if (got == 0 && *left > 0) got = state_->read_some(out);
  if (got > *left || (got == 0 && *left > 0))
    fail(ErrorKind::corrupt, "the archive is damaged: {} does not have the size that it states",
         state_->member);
  *left -= got;
  return got;
}

ArchiveBytes archive_bytes_of_file(const std::string& path) {
  FileDescriptor opened = open_file(path, O_RDONLY);
  struct stat st;
  if (::fstat(opened.get(), &st) != 0) throw system_error(errno, "cannot read " + path);
  if (!S_ISREG(st.st_mode))
    return {.stream = std::make_unique<PipedStream>(std::move(opened), path)};
  auto fd = std::make_shared<const FileDescriptor>(std::move(opened));
  auto size = static_cast<std::uint64_t>(st.st_size);
  auto open_at = [fd, path, size](std::uint64_t offset) {
    return std::make_unique<LocalStream>(fd, path, offset, size);
  };
  return {.stream = open_at(0), .open_at = open_at, .state = find_settled_state(fd->get())};
}

bool is_archive_name(std::string_view name) {
  const std::string lower = lower_case(name);
  static constexpr std::array<std::string_view, 12> suffixes = {
      ".zip", ".tar",    ".tar.gz", ".tgz",     ".tar.zst", ".tzst",
      ".txz", ".tar.xz", ".tbz2",   ".tar.bz2", ".tbz",     ".tzs"};
  return std::any_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
    return lower.size() > suffix.size() && lower.ends_with(suffix);
  });
}

}  // namespace grid::source
