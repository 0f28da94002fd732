#include "source/folder_source.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>
#include <utility>

#include "base/beneath.h"
#include "base/error.h"
#include "base/timestamp.h"

namespace grid::source {

static constexpr std::string_view changed = "changed while it was read";
static constexpr std::string_view vanished = "vanished while it was read";

// How long after a change of a file another change may leave its time stamps as they are. Local
// file systems stamp with the kernel's clock tick; stamps without a fraction are from coarser ones.
static constexpr std::int64_t stamp_margin_ns = 100'000'000;
static constexpr std::int64_t coarse_stamp_margin_ns = 2'100'000'000;

static std::int64_t now_ns() {
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return timestamp_of(now);
}

static bool is_settled(const FileState& state, std::int64_t opened_at_ns) {
  bool coarse = state.ctime_ns % 1'000'000 == 0;
  return state.ctime_ns < opened_at_ns - (coarse ? coarse_stamp_margin_ns : stamp_margin_ns);
}

namespace {

class LocalFile : public SourceFile {
 public:
  LocalFile(FileDescriptor fd, const SourceEntry& entry, std::optional<ByteRange> range)
      : fd_(std::move(fd)), opened_at_ns_(now_ns()) {
    struct stat st;
    if (::fstat(fd_.get(), &st) != 0) throw Error(ErrorKind::changed, std::string(vanished));
    state_ = state_of(st);
    executable_ = (st.st_mode & 0111) != 0;
    if (!S_ISREG(st.st_mode) || (range && state_ != entry.state))
      throw Error(ErrorKind::changed, std::string(changed));
    at_ = range ? range->begin : 0;
    end_ = range ? range->end : state_.size;
    sparse_ = static_cast<std::uint64_t>(st.st_blocks) * 512 < state_.size;
  }

  std::size_t read(MutableBytesView out) override {
    std::size_t wanted = std::min<std::uint64_t>(out.size(), end_ - at_);
    if (wanted == 0) {
      if (state_.size == 0) check_emptiness();
      return 0;
    }
    std::size_t got = 0;
    try {
      got = read_at(fd_.get(), out.first(wanted), at_, "it");
    } catch (const Error& error) {  // of any kind: other files may still be readable
      throw Error(ErrorKind::changed, error.what());
    }
    if (got < wanted) throw Error(ErrorKind::changed, std::string(changed));
    at_ += got;
    return got;
  }

  std::uint64_t skip_zeros() override {
    if (!sparse_ || at_ == end_) return 0;
    const off_t data = ::lseek(fd_.get(), static_cast<off_t>(at_), SEEK_DATA);
    // ENXIO: only a hole up to the end of the file. On any other error, read it.
    if (data < 0 && errno != ENXIO) return 0;
    const std::uint64_t next = data < 0 ? end_ : std::min(end_, static_cast<std::uint64_t>(data));
    return next - std::exchange(at_, next);
  }

  std::optional<FilePart> local_part() const override {
    return FilePart{.fd = fd_.get(), .offset = at_, .size = end_ - at_};
  }

  FileState state() const override { return state_; }
  bool executable() const override { return executable_; }
  std::optional<std::uint64_t> size() const override { return end_ - at_; }
  std::string name() const override { return "a file"; }

  bool settled() override {
    struct stat st;
    if (::fstat(fd_.get(), &st) != 0 || state_of(st) != state_)
      throw Error(ErrorKind::changed, std::string(changed));
    return is_settled(state_, opened_at_ns_);
  }

 private:
  // A file of /proc, and of some FUSE file systems, says that it has 0 bytes whatever it has.
  void check_emptiness() const {
    std::byte first;
    const ssize_t got = ::pread(fd_.get(), &first, 1, 0);
    if (got == 0) return;
    if (got < 0) throw Error(ErrorKind::changed, system_error(errno, "cannot read it").what());
    struct stat st;
    if (::fstat(fd_.get(), &st) != 0 || st.st_size != 0)
      throw Error(ErrorKind::changed, std::string(changed));
    throw Error(ErrorKind::changed,
                "says that it has 0 bytes, but has some, as files in /proc do; copy it, and make "
                "the version of the copy");
  }

  const FileDescriptor fd_;
  const std::int64_t opened_at_ns_;  // taken before state_
  FileState state_;
  bool executable_ = false;
  bool sparse_ = false;  // there may be holes
  std::uint64_t at_ = 0, end_ = 0;
};

}  // namespace

// All workers together, at most 16, use half of this process's file descriptors.
static unsigned files_open_ahead() {
  static constexpr rlim_t count_max = 32, share = 32;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
  return static_cast<unsigned>(std::clamp<rlim_t>(limit.rlim_cur / share, 1, count_max));
}

FolderSource::FolderSource(WalkOptions options)
    : path_(options.source),
      follow_links_(options.follow_links),
      open_count_(files_open_ahead()),
      walker_(std::move(options),
              [this](Problem problem) { reported_.push_back(std::move(problem)); }) {}

void FolderSource::recognise_hard_link(WalkedEntry& walked) {
  if (walked.entry.kind != EntryKind::file || walked.link_count < 2) return;
  auto [at, first] =
      first_names_.try_emplace({walked.device, walked.state.inode}, walked.entry.path());
  if (first) return;
  walked.entry.kind = EntryKind::hard_link;
  walked.entry.executable = false;
  walked.entry.target = at->second;
  walked.entry.size = at->second.size();
}

std::optional<SourceEntry> FolderSource::next(std::vector<Problem>& problems) {
  std::optional<WalkedEntry> walked = walker_.next();
  std::move(reported_.begin(), reported_.end(), std::back_inserter(problems));
  reported_.clear();
  if (!walked) return std::nullopt;
  recognise_hard_link(*walked);
  FileOpener* opener = walked->entry.kind == EntryKind::file ? this : nullptr;
  return SourceEntry{.entry = std::move(walked->entry),
                     .state = walked->state,
                     .link_count = walked->link_count,
                     .opener = opener};
}

// What was a file during the walk may be anything by now. Opening a pipe must not wait for a
// writer, nor a terminal become this process's.
static constexpr int file_flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;

// A file on which another process has a lease, as file servers do, opens once that has given it
// back, at the latest after /proc/sys/fs/lease-break-time: 45 seconds.
static constexpr auto lease_wait = std::chrono::milliseconds(50);
static constexpr int lease_tries_max = 1200;

template <class Open>
static FileDescriptor open_despite_leases(const Open& open) {
  for (int tries = 1;; ++tries) {
    FileDescriptor fd = open();
    if (fd || errno != EWOULDBLOCK || tries == lease_tries_max) return fd;
    std::this_thread::sleep_for(lease_wait);
  }
}

std::unique_ptr<SourceFile> FolderSource::open(const SourceEntry& entry,
                                               std::optional<ByteRange> range) {
  FileDescriptor fd = open_despite_leases([&] {
    if (walker_.folder() != nullptr && follow_links_)
      return FileDescriptor(
          ::openat(walker_.folder()->get(), entry.entry.path().c_str(), file_flags | O_CLOEXEC));
    if (walker_.folder() != nullptr)
      return open_beneath(walker_.folder()->get(), entry.entry.path(), file_flags);
    return FileDescriptor(::open(path_.c_str(), file_flags | O_CLOEXEC));
  });
  if (fd) return std::make_unique<LocalFile>(std::move(fd), entry, range);
  if (errno == ENOENT || errno == ENOTDIR) throw Error(ErrorKind::changed, std::string(vanished));
  // A link stands where the walk saw a folder or a file; ENXIO: a socket or a pipe.
  if (errno == ELOOP || errno == ENXIO) throw Error(ErrorKind::changed, std::string(changed));
  // Of any kind: see LocalFile::read().
  throw Error(ErrorKind::changed, system_error(errno, "cannot open it").what());
}

std::optional<FileState> find_settled_state(int fd) {
  const std::int64_t opened_at_ns = now_ns();
  struct stat st;
  if (::fstat(fd, &st) != 0) return std::nullopt;
  const FileState state = state_of(st);
  if (!is_settled(state, opened_at_ns)) return std::nullopt;
  return state;
}

}  // namespace grid::source
