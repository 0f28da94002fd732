// libarchive takes apart what is inside. What is outside, the compression, is undone in a stream
// of its own, for two reasons: behind a tar's last member that stream can be read to its end,
// where the checksums stand; and the end of what the tar reader consumed can be looked at, since
// it takes an end without an end mark for the end, which is how a cut transfer looks.

#include "source/archive_reader.h"

#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "source/folder_source.h"
#include "source/gunzip.h"
#include "source/libarchive.h"
#include "source/zip_name.h"

namespace grid::source {

namespace {

constexpr std::size_t buffer_size = 256 << 10;
// Who has jumped over a member will often jump over the next one.
constexpr std::size_t after_jump_size = 16 << 10;  // bytes
constexpr std::size_t tar_block_size = 512;

// libarchive turns names into the thread's encoding, which must not depend on the user's.
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

struct FreeArchive {
  void operator()(archive* freed) const { libarchive().read_free(freed); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;

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

// A stream whose first bytes can be looked at, and which counts what was taken.
class PeekedStream : public ByteStream {
 public:
  explicit PeekedStream(std::unique_ptr<ByteStream> inner) : inner_(std::move(inner)), first_(8) {
    while (first_size_ < first_.size()) {
      std::size_t got = inner_->read(MutableBytesView(first_).subspan(first_size_));
      if (got == 0) break;
      first_size_ += got;
    }
  }
  BytesView first() const { return BytesView(first_).first(first_size_); }
  std::uint64_t taken() const { return taken_; }

  std::size_t read(MutableBytesView out) override {
    std::size_t got = 0;
    if (taken_ < first_size_) {
      got = std::min<std::size_t>(out.size(), first_size_ - taken_);
      std::memcpy(out.data(), first_.data() + taken_, got);
    } else {
      got = inner_->read(out);
    }
    taken_ += got;
    return got;
  }
  std::optional<std::uint64_t> size() const override { return inner_->size(); }
  std::string name() const override { return inner_->name(); }

 private:
  const std::unique_ptr<ByteStream> inner_;
  Bytes first_;
  std::size_t first_size_ = 0;
  std::uint64_t taken_ = 0;
};

// What libarchive reads from.
class Input {
 public:
  Input(std::unique_ptr<ByteStream> stream,
        std::function<std::unique_ptr<ByteStream>(std::uint64_t)> open_at)
      : stream_(std::move(stream)), open_at_(std::move(open_at)), buffer_(buffer_size) {}

  // What is thrown while libarchive reads comes out of rethrow().
  void give_to(archive* reader) {
    libarchive().read_set_callback_data(reader, this);
    libarchive().read_set_read_callback(reader, [](archive*, void* self, const void** data) {
      return static_cast<Input*>(self)->read(data);
    });
    if (!open_at_ || !stream_->size()) return;
    size_ = *stream_->size();
    libarchive().read_set_seek_callback(reader,
                                        [](archive*, void* self, la_int64_t offset, int whence) {
                                          return static_cast<Input*>(self)->seek(offset, whence);
                                        });
  }
  void rethrow() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  void drain() {
    while (stream_->read(buffer_) > 0) continue;
  }

  // Whether what was given up to `end` ends with a block of zeros, as a tar does.
  bool has_end_mark(std::uint64_t end) const {
    std::uint64_t begin = position_ - given_.size();
    if (end < tar_block_size || end > position_) return false;
    if (end < begin + tar_block_size) return true;  // in what was given before: no more to be seen
    BytesView mark = given_.subspan(end - tar_block_size - begin, tar_block_size);
    return std::all_of(mark.begin(), mark.end(), [](std::byte b) { return b == std::byte{}; });
  }

  std::string name() const { return stream_->name(); }

 private:
  la_ssize_t read(const void** data) noexcept {
    try {
      wanted_ = std::min(2 * wanted_, buffer_.size());
      if (stream_at_ != position_) {
        stream_ = open_at_(position_);
        stream_at_ = position_;
        wanted_ = after_jump_size;
      }
      std::size_t size = 0;
      while (size < wanted_) {  // as much as is wanted: see has_end_mark()
        std::size_t got = stream_->read(MutableBytesView(buffer_).subspan(size, wanted_ - size));
        if (got == 0) break;
        size += got;
      }
      given_ = BytesView(buffer_).first(size);
      position_ += size;
      stream_at_ = position_;
      *data = given_.data();
      return static_cast<la_ssize_t>(size);
    } catch (...) {  // libarchive is C; rethrow() brings it back
      failure_ = std::current_exception();
      return ARCHIVE_FATAL;
    }
  }

  la_int64_t seek(la_int64_t offset, int whence) noexcept {
    auto end = static_cast<la_int64_t>(size_);
    la_int64_t base = whence == SEEK_END   ? end
                      : whence == SEEK_CUR ? static_cast<la_int64_t>(position_)
                                           : 0;
    if (offset < -base || offset > end - base) return ARCHIVE_FATAL;
    position_ = static_cast<std::uint64_t>(base + offset);
    return base + offset;
  }

  std::unique_ptr<ByteStream> stream_;
  const std::function<std::unique_ptr<ByteStream>(std::uint64_t)> open_at_;
  std::uint64_t size_ = 0;
  Bytes buffer_;
  std::size_t wanted_ = buffer_size;  // bytes of the next read, at most; fewer behind a jump
  BytesView given_;                   // last
  std::uint64_t position_ = 0;        // of what is given next
  std::uint64_t stream_at_ = 0;       // of what stream_ gives next
  std::exception_ptr failure_;
};

[[noreturn]] void fail_damaged(Input& input, archive* reader) {
  input.rethrow();
  const char* why = libarchive().error_string(reader);
  fail(ErrorKind::corrupt, "the archive is damaged or truncated: {}",
       why != nullptr ? why : "it cannot be read");
}

// bzip2, xz and zstd.
class DecompressedStream : public ByteStream {
 public:
  explicit DecompressedStream(std::unique_ptr<ByteStream> packed)
      : input_(std::move(packed), nullptr), reader_(libarchive().read_new()) {
    libarchive().read_support_filter_bzip2(reader_.get());
    libarchive().read_support_filter_xz(reader_.get());
    libarchive().read_support_filter_zstd(reader_.get());
    libarchive().read_support_format_raw(reader_.get());
    input_.give_to(reader_.get());
    archive_entry* entry = nullptr;
    if (libarchive().read_open1(reader_.get()) != ARCHIVE_OK ||
        libarchive().read_next_header(reader_.get(), &entry) != ARCHIVE_OK)
      fail_damaged(input_, reader_.get());
  }

  std::size_t read(MutableBytesView out) override {
    la_ssize_t got = libarchive().read_data(reader_.get(), out.data(), out.size());
    if (got < 0) fail_damaged(input_, reader_.get());
    return static_cast<std::size_t>(got);
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  std::string name() const override { return input_.name(); }

 private:
  Input input_;
  const Archive reader_;
};

bool begins(BytesView bytes, std::initializer_list<unsigned> magic) {
  return bytes.size() >= magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin(),
                    [](unsigned a, std::byte b) { return static_cast<std::byte>(a) == b; });
}

bool is_zip(BytesView first) { return begins(first, {'P', 'K', 3, 4}); }
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
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::int64_t seconds_max = std::numeric_limits<std::int64_t>::max() / second - 1;
  if (!libarchive().entry_mtime_is_set(entry)) return 0;
  std::int64_t seconds =
      std::clamp<std::int64_t>(libarchive().entry_mtime(entry), -seconds_max, seconds_max);
  return seconds * second +
         std::clamp<std::int64_t>(libarchive().entry_mtime_nsec(entry), 0, second - 1);
}

}  // namespace

struct ArchiveReader::State {
  PeekedStream* packed = nullptr;     // the archive's own bytes, where they come from the beginning
  std::optional<std::uint64_t> size;  // of the archive
  bool compressed = false, zip = false, empty = false;
  std::unique_ptr<Input> input;
  Archive reader{libarchive().read_new()};
  std::string member;                        // that is being read, for messages
  std::optional<std::uint64_t> member_left;  // bytes, if it was said how many there are
};

ArchiveReader::ArchiveReader(ArchiveBytes bytes) : state_(std::make_unique<State>()) {
  Utf8Locale locale;
  auto stream = std::make_unique<PeekedStream>(std::move(bytes.stream));
  BytesView first = stream->first();
  state_->packed = stream.get();
  state_->size = stream->size();
  state_->zip = is_zip(first);
  state_->empty = is_empty_zip(first);
  if (state_->empty) return;
  if (state_->zip && !bytes.open_at)
    fail(
        ErrorKind::unsupported,
        "{} is a zip, which is read by the directory at its end: name a file, or a URL of a server "
        "that gives ranges",
        stream->name());
  state_->compressed = true;
  std::string name = stream->name();
  std::unique_ptr<ByteStream> inner;
  if (begins(first, {0x1f, 0x8b})) {
    inner = gunzip(std::move(stream));
  } else if (begins(first, {'B', 'Z', 'h'}) || begins(first, {0xfd, '7', 'z', 'X', 'Z'}) ||
             begins(first, {0x28, 0xb5, 0x2f, 0xfd})) {
    inner = std::make_unique<DecompressedStream>(std::move(stream));
  } else {
    inner = std::move(stream);
    state_->compressed = state_->zip;
  }
  archive* reader = state_->reader.get();
  if (state_->zip)
    libarchive().read_support_format_zip_seekable(reader);
  else
    libarchive().read_support_format_tar(reader);
  // A tar that lies as it is can be jumped in: over members that nobody reads.
  const bool plain = state_->zip || !state_->compressed;
  state_->input = std::make_unique<Input>(std::move(inner), plain ? bytes.open_at : nullptr);
  state_->input->give_to(reader);
  if (libarchive().read_open1(reader) == ARCHIVE_OK) return;
  state_->input->rethrow();
  if (state_->zip)
    fail(ErrorKind::corrupt, "the archive is damaged or truncated: {} is a zip without a directory",
         name);
  fail(ErrorKind::unsupported,
       "{} is no archive that can be unpacked: zip and tar are, the latter also with gzip, bzip2, "
       "xz or zstd",
       name);
}

ArchiveReader::~ArchiveReader() = default;

bool ArchiveReader::compressed() const { return state_->compressed; }

std::uint64_t ArchiveReader::archive_size() const {
  return state_->size ? *state_->size : state_->packed->taken();
}

std::optional<ArchiveMember> ArchiveReader::next() {
  if (state_->empty) return std::nullopt;
  Utf8Locale locale;
  archive* reader = state_->reader.get();
  archive_entry* entry = nullptr;
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
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN) fail_damaged(*state_->input, reader);
  ArchiveMember member{.kind = kind_of(entry), .mtime_ns = mtime_of(entry)};
  const char* path = libarchive().entry_pathname(entry);
  if (path == nullptr) fail_damaged(*state_->input, reader);
  member.path = state_->zip && !is_utf8(path) ? utf8_of_cp437(path) : path;
  member.executable =
      member.kind == ArchiveMember::Kind::file && (libarchive().entry_perm(entry) & 0111) != 0;
  member.encrypted = libarchive().entry_is_encrypted(entry) != 0;
  if (libarchive().entry_size_is_set(entry) && member.kind == ArchiveMember::Kind::file)
    member.size = static_cast<std::uint64_t>(libarchive().entry_size(entry));
  const char* target = member.kind == ArchiveMember::Kind::hard_link
                           ? libarchive().entry_hardlink(entry)
                           : libarchive().entry_symlink(entry);
  if (target != nullptr) member.target = target;
  state_->member = member.path;
  state_->member_left = member.size;
  return member;
}

std::size_t ArchiveReader::read(MutableBytesView out) {
  archive* reader = state_->reader.get();
  la_ssize_t got = ARCHIVE_RETRY;
  while (got == ARCHIVE_RETRY) got = libarchive().read_data(reader, out.data(), out.size());
  state_->input->rethrow();
  if (got < 0) fail_damaged(*state_->input, reader);
  auto size = static_cast<std::size_t>(got);
  if (std::optional<std::uint64_t>& left = state_->member_left) {
    if (size > *left || (size == 0 && *left > 0))
      fail(ErrorKind::corrupt, "the archive is damaged: the size of {} is not what it says",
           state_->member);
    *left -= size;
  }
  return size;
}

ArchiveBytes archive_bytes_of_file(const std::string& path) {
  auto fd = std::make_shared<const FileDescriptor>(open_file(path, O_RDONLY));
  struct stat st;
  if (::fstat(fd->get(), &st) != 0) throw system_error(errno, "cannot read " + path);
  auto size = static_cast<std::uint64_t>(st.st_size);
  auto open_at = [fd, path, size](std::uint64_t offset) {
    return std::make_unique<LocalStream>(fd, path, offset, size);
  };
  return {.stream = open_at(0), .open_at = open_at, .state = find_settled_state(fd->get())};
}

bool is_archive_name(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  static constexpr std::array<std::string_view, 12> suffixes = {
      ".zip", ".tar",    ".tar.gz", ".tgz",     ".tar.zst", ".tzst",
      ".txz", ".tar.xz", ".tbz2",   ".tar.bz2", ".tbz",     ".tzs"};
  return std::any_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
    return lower.size() > suffix.size() && lower.ends_with(suffix);
  });
}

}  // namespace grid::source
