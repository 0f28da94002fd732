// A reader must never see half a file, and must recognise the file of a dead process. So the file
// at an attachment's path is always complete and, while its process lives, always locked: a new
// state is written to a second file, which is locked before it is renamed over the first. A reader
// that gets the lock of the file at the path therefore knows that its process is dead.
#include "run/attachment.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/own_file.h"
#include "base/random.h"

namespace grid::run {

namespace fs = std::filesystem;

std::string_view name_of(AttachmentKind kind) {
  return kind == AttachmentKind::run ? "run" : "mount";
}

namespace {

constexpr std::string_view suffix = ".json";
constexpr std::chrono::seconds reader_patience{1};
constexpr std::string_view unfinished_suffix = ".new";

fs::path unfinished(fs::path path) { return path += unfinished_suffix; }

std::string encode(const Attachment& attachment) {
  nlohmann::json versions = nlohmann::json::array();
  for (const UsedVersion& used : attachment.versions)
    versions.push_back({{"name", used.name}, {"version", used.version}});
  // A folder's name need not be UTF-8. The label is only shown to people, so a replacement
  // character will do.
  return nlohmann::json{{"kind", name_of(attachment.kind)},      {"label", attachment.label},
                        {"store_id", attachment.store_id},       {"pid", attachment.pid},
                        {"file_system", attachment.file_system}, {"versions", versions}}
      .dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

Attachment decode(std::string_view text, const std::string& noun) {
  const nlohmann::json json = parse_json(text, noun, {.size_max = 16 << 20});
  Attachment attachment;
  attachment.kind = json.at("kind") == name_of(AttachmentKind::mount) ? AttachmentKind::mount
                                                                      : AttachmentKind::run;
  attachment.label = json.at("label");
  attachment.store_id = json.at("store_id");
  attachment.pid = json.at("pid");
  attachment.file_system = json.value("file_system", mount::FileSystemNumber{0});
  for (const nlohmann::json& used : json.at("versions"))
    attachment.versions.push_back({used.at("name"), used.at("version")});
  return attachment;
}

Attachment read(const FileDescriptor& fd, const fs::path& path) {
  struct stat st;
  if (::fstat(fd.get(), &st) != 0)
    throw system_error(errno, fmt::format("cannot stat {}", path.string()));
  Bytes bytes(static_cast<std::size_t>(st.st_size));
  bytes.resize(read_at(fd.get(), bytes, 0, path.native()));
  try {
    return decode(as_text(bytes), path.string());
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorKind::corrupt, "{}: {}", path.string(), error.what());
  }
}

// Opens the file of a live process; removes that of a dead one. A writer holds an exclusive lock.
// Readers try for a shared one, so that they do not mistake each other for a writer.
FileLock find_live(const fs::path& path) {
  // Looks again only if a writer renames between our open() and try_take().
  for (;;) {
    FileLock lock(find_regular_file(path, O_RDONLY), path, LockKind::flock);
    if (!lock.file() || !lock.try_take(LockMode::shared)) return lock;
    if (!lock.is_in_place()) continue;
    ::unlink(path.c_str());
    return {};
  }
}

// A new file at `path`, locked. A reader that comes between our open() and the lock takes the file
// for a dead one and removes it; then this tries again. If that reader was stopped just then, its
// lock stays: then the file is given up for another.
FileLock make_locked(const fs::path& path) {
  static constexpr int tries_max = 100;
  for (int i = 0; i < tries_max; ++i) {
    FileLock lock(open_file(path, O_WRONLY | O_CREAT | O_TRUNC), path, LockKind::flock);
    if (lock.try_take_for(LockMode::exclusive, reader_patience)) {
      if (lock.is_in_place()) return lock;
    } else {
      ::unlink(path.c_str());
    }
  }
  fail(ErrorKind::unavailable, "cannot lock {}: it is removed or replaced again and again",
       path.string());
}

}  // namespace

LiveAttachment::LiveAttachment(const fs::path& folder, Attachment attachment)
    : path_(folder / fmt::format("{}-{}{}", ::getpid(), random_hex(8), suffix)),
      attachment_(std::move(attachment)),
      marks_(attachment_.store_id) {
  make_private_folders(folder);
  attachment_.pid = ::getpid();
  std::sort(attachment_.versions.begin(), attachment_.versions.end());
  write();
}

LiveAttachment::~LiveAttachment() { ::unlink(path_.c_str()); }

void LiveAttachment::use(std::vector<UsedVersion> versions) {
  std::sort(versions.begin(), versions.end());
  if (is_written_ && versions == attachment_.versions) return;
  attachment_.versions = std::move(versions);
  write();
}

void LiveAttachment::write() {
  is_written_ = false;
  marks_.set(attachment_.versions);
  const fs::path next = unfinished(path_);
  FileLock lock = make_locked(next);
  write_all(lock.file().get(), as_bytes(encode(attachment_)), next.native());
  if (::rename(next.c_str(), path_.c_str()) != 0)
    throw system_error(errno, fmt::format("cannot replace {}", path_.string()));
  lock_ = std::move(lock);
  is_written_ = true;
}

// Its folder may have been moved since the note was written.
static void update_label(Attachment& attachment) {
  if (attachment.file_system == 0) return;
  if (const auto mounted = mount::find_mounted(attachment.file_system))
    attachment.label = mounted->path.string();
}

std::vector<Attachment> live_attachments(const fs::path& folder) {
  std::vector<Attachment> found;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const fs::path& path = it->path();
    if (path.extension() != suffix && path.extension() != unfinished_suffix) continue;
    const FileLock live = find_live(path);
    if (!live.file() || path.extension() != suffix) continue;
    found.push_back(read(live.file(), path));
    update_label(found.back());
  }
  if (error && error != std::errc::no_such_file_or_directory &&
      error != std::errc::not_a_directory)  // then nothing can be attached
    throw system_error(error.value(), fmt::format("cannot list {}", folder.string()));
  std::sort(found.begin(), found.end(),
            [](const Attachment& a, const Attachment& b) { return a.pid < b.pid; });
  return found;
}

}  // namespace grid::run
