// One test for each paragraph of docs/semantics.md, quoting it, through a real mount.
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "mount/mount_point.h"
#include "tests/support/bucket_server.h"
#include "tests/support/created_store.h"
#include "tests/support/live_mount.h"
#include "tests/support/memory_backend.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"

namespace grid::mount {
namespace {

namespace fs = std::filesystem;
using testing::CreatedStore;
using testing::LiveMount;
using testing::TemporaryFolder;
using testing::write_file;
using namespace std::chrono_literals;

// The words of a text, separated by single spaces.
std::string words_of(const std::string& text) {
  std::istringstream in(text);
  std::string words, word;
  while (in >> word) words += word + " ";
  return words;
}

// Not __FILE__, which compiler options can make relative.
const fs::path project = fs::path(GRID_TEST_DATA).parent_path().parent_path();

std::string semantics() {
  const std::string text = testing::read_file(project / "docs/semantics.md");
  EXPECT_FALSE(text.empty());
  return text;
}

// The paragraphs of the document by their anchors.
std::map<std::string, std::string> paragraphs() {
  std::map<std::string, std::string> found;
  const std::string text = semantics(), start = "<a id=\"";
  for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at + 1)) {
    const std::size_t name = at + start.size();
    found[text.substr(name, text.find('"', name) - name)] =
        words_of(text.substr(at, text.find("\n\n", at) - at));
  }
  return found;
}

int error_of(int result) { return result < 0 ? errno : 0; }

struct stat stat_of(const fs::path& path) {
  struct stat result {};
  EXPECT_EQ(::lstat(path.c_str(), &result), 0) << path << ": " << std::strerror(errno);
  return result;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

bool becomes_true_within(std::chrono::milliseconds time, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + time;
  do {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  } while (std::chrono::steady_clock::now() < end);
  return condition();
}

// A store that can be made unavailable.
class UnreliableBackend : public testing::MemoryBackend {
 public:
  std::atomic<bool> answers = true;

  std::optional<std::size_t> find_part(std::string_view key, std::uint64_t offset,
                                       MutableBytesView out) const override {
    if (!answers) fail(ErrorKind::unavailable, "the store does not answer");
    return MemoryBackend::find_part(key, offset, out);
  }
};

using Names = std::vector<std::string>;

class Semantics : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::fuse_is_available()) GTEST_SKIP() << "/dev/fuse cannot be opened";
  }

  // States what this test shows, in the words of the paragraph with this anchor.
  static void quote(const std::string& anchor, const std::string& words) {
    const auto all = paragraphs();
    const auto paragraph = all.find(anchor);
    ASSERT_NE(paragraph, all.end()) << "docs/semantics.md has no paragraph " << anchor;
    EXPECT_NE(paragraph->second.find(words), std::string::npos) << paragraph->second;
  }

  // Version 1 of the datastore `data`, mounted.
  fs::path mount_source(FilesystemOptions options = {}) {
    created.create("data", source.path());
    mount.emplace(created.store(), std::move(options));
    return *mount / "data/1";
  }

  TemporaryFolder source;
  std::shared_ptr<UnreliableBackend> backend = std::make_shared<UnreliableBackend>();
  CreatedStore created{backend};
  std::optional<LiveMount> mount;
};

TEST_F(Semantics, Layout) {
  quote("layout", "a folder for each ready version, named by its number without leading zeros");
  write_file(source / "b/c.txt", "text");
  created.create("cats", source.path());
  const fs::path top = mount_source();
  EXPECT_EQ(names_in(*mount / ""), (Names{"cats", "data"}));
  EXPECT_EQ(names_in(*mount / "data"), (Names{"1", "latest"}));
  EXPECT_EQ(names_in(top), Names{"b"});
  EXPECT_EQ(testing::read_file(top / "b/c.txt"), "text");
  EXPECT_FALSE(fs::exists(*mount / "data/01"));
}

TEST_F(Semantics, Latest) {
  quote("latest", "a relative symbolic link to the newest ready version");
  write_file(source / "a", "1");
  created.create("data", source.path());
  mount_source();
  EXPECT_EQ(fs::read_symlink(*mount / "data/latest"), "2");
  EXPECT_EQ(testing::read_file(*mount / "data/latest/a"), "1");
  created.store()->datastores->remove("data", 1);
  created.store()->datastores->remove("data", 2);
  EXPECT_TRUE(becomes_true_within(2s, [&] { return names_in(*mount / "data").empty(); }));
}

TEST_F(Semantics, ComingAndGoing) {
  quote("coming-and-going", "found by its path as soon as its create has returned");
  quote("coming-and-going", "stays readable while the store still has its bytes");
  write_file(source / "a", "1");
  mount_source();
  const auto listed = [&] { return names_in(*mount / "data"); };
  EXPECT_EQ(listed(), (Names{"1", "latest"}));
  EXPECT_FALSE(fs::exists(*mount / "data/2"));
  EXPECT_EQ(fs::read_symlink(*mount / "data/latest"), "1");

  created.create("data", source.path());
  created.create("new", source.path());
  EXPECT_TRUE(fs::exists(*mount / "data/2/a"));
  EXPECT_TRUE(fs::exists(*mount / "new/1/a"));
  EXPECT_TRUE(becomes_true_within(2s, [&] {
    return listed() == Names{"1", "2", "latest"} && names_in(*mount / "") == Names{"data", "new"} &&
           fs::read_symlink(*mount / "data/latest") == "2";
  }));

  const FileDescriptor open = open_file(*mount / "data/2/a", O_RDONLY);
  created.store()->datastores->remove("data", 2);
  EXPECT_TRUE(becomes_true_within(2s, [&] {
    return listed() == Names{"1", "latest"} && !fs::exists(*mount / "data/2") &&
           fs::read_symlink(*mount / "data/latest") == "1";
  }));
  char byte = 0;
  EXPECT_EQ(::pread(open.get(), &byte, 1, 0), 1);
  EXPECT_EQ(byte, '1');
}

TEST_F(Semantics, Pins) {
  quote("pins", "they are the same as in DIR/NAME/V, and `latest` still leads to the newest");
  write_file(source / "deep/a", "old");
  created.create("data", source.path());
  write_file(source / "deep/a", "newer");
  TemporaryFolder classes;
  write_file(classes / "0/x", "x");
  created.create("classes", classes.path());
  mount_source({.pins = {{"data", 1}, {"classes", 1}}});
  EXPECT_EQ(names_in(*mount / "data"), (Names{"1", "2", "deep", "latest"}));
  EXPECT_EQ(testing::read_file(*mount / "data/deep/a"), "old");
  EXPECT_EQ(testing::read_file(*mount / "data/1/deep/a"), "old");
  EXPECT_EQ(testing::read_file(*mount / "data/latest/deep/a"), "newer");
  EXPECT_EQ(testing::read_file(*mount / "data/deep/a"), "old");
  EXPECT_EQ(stat_of(*mount / "data/deep/a").st_ino, stat_of(*mount / "data/1/deep/a").st_ino);
  EXPECT_EQ(names_in(*mount / "classes"), (Names{"1", "latest"}));
}

TEST_F(Semantics, NamesAreBytes) {
  quote("names", "byte for byte, whether or not it is UTF-8");
  const Names names{"\xff\xfe", " leading", "A",     "a",           "new\nline",
                    "\x01",     "-rf",      "*?[x]", "caf\xc3\xa9", std::string(255, 'n')};
  for (const std::string& name : names) write_file(source.path() / name, name);
  std::string deep;
  for (char c = 'a'; c < 's'; ++c) deep.append(200, c).append("/");
  write_file(source / (deep + "file"), "deep");
  const fs::path top = mount_source();
  for (const std::string& name : names) EXPECT_EQ(testing::read_file(top / name), name);
  EXPECT_EQ(testing::read_file(top / deep / "file"), "deep");
  EXPECT_EQ(names_in(top), names_in(source.path()));
}

TEST_F(Semantics, MissingNames) {
  quote("missing-names", "the kernel gives it from then on without asking the server");
  write_file(source / "a", "1");
  const fs::path top = mount_source();
  for (const fs::path& path : {top / "b", *mount / "data/9", *mount / "no", *mount / "data/b"}) {
    EXPECT_EQ(error_of(::open(path.c_str(), O_RDONLY)), ENOENT) << path;
  }
  EXPECT_EQ(error_of(::open((top / "a/b").c_str(), O_RDONLY)), ENOTDIR);
  for (const std::size_t size : {256, 1000, 2000})
    EXPECT_EQ(error_of(::open((top / std::string(size, 'n')).c_str(), O_RDONLY)), ENAMETOOLONG);
  const FileDescriptor held = open_file(top, O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(error_of(::openat(held.get(), "b", O_RDONLY)), ENOENT);
  mount->stop();  // only the kernel still answers
  EXPECT_EQ(error_of(::openat(held.get(), "b", O_RDONLY)), ENOENT);
  EXPECT_NE(error_of(::openat(held.get(), "c", O_RDONLY)), ENOENT);
}

TEST_F(Semantics, Content) {
  quote("content",
        "Reads at any offset, `mmap`, `sendfile` and `O_DIRECT` reads give the same bytes");
  std::string text(3'000'001, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * i >> 7);
  write_file(source / "a", text);
  const fs::path path = mount_source() / "a";
  EXPECT_EQ(testing::read_file(path), text);

  const FileDescriptor file = open_file(path, O_RDONLY);
  Bytes part(100'000);
  EXPECT_EQ(read_at(file.get(), part, 2'950'000, "a"), 50'001u);
  EXPECT_EQ(as_text(BytesView(part).first(50'001)), text.substr(2'950'000));

  const auto mapped = MappedFile::find(path);
  EXPECT_TRUE(as_text(mapped->bytes()) == text);

  const FileDescriptor copy = open_file(source / "copy", O_RDWR | O_CREAT);
  EXPECT_EQ(::sendfile(copy.get(), file.get(), nullptr, text.size()), ssize_t(text.size()));
  EXPECT_TRUE(testing::read_file(source / "copy") == text);

  const FileDescriptor direct = open_file(path, O_RDONLY | O_DIRECT);
  Bytes whole(4 << 20);
  EXPECT_EQ(read_at(direct.get(), whole, 0, "a"), text.size());
  EXPECT_TRUE(as_text(BytesView(whole).first(text.size())) == text);
}

TEST_F(Semantics, Damage) {
  quote("damage", "MUST fail with EIO and MUST NOT return other bytes");
  const auto content = [](char name) {
    return testing::random_bytes(100'000, static_cast<unsigned>(name));
  };
  for (char name = 'a'; name <= 'z'; ++name)
    write_file(source / std::string(1, name), content(name));
  const fs::path top = mount_source();
  for (const auto& entry : backend->list("packs/")) {
    Bytes bytes = *backend->find(entry.key);
    bytes[bytes.size() / 2] ^= std::byte{1};
    backend->remove(entry.key);
    backend->create(entry.key, bytes);
  }
  std::size_t damaged = 0, whole = 0;
  for (char name = 'a'; name <= 'z'; ++name) {
    const FileDescriptor file = open_file(top / std::string(1, name), O_RDONLY);
    const std::string expected = content(name);
    std::string text(expected.size(), '\0');
    std::size_t done = 0;
    ssize_t size = 1;
    while (size > 0 && done < text.size()) {
      size = ::pread(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
      done += static_cast<std::size_t>(std::max<ssize_t>(size, 0));
    }
    if (done < text.size()) {
      EXPECT_EQ(size, -1);
      EXPECT_EQ(errno, EIO);
      ++damaged;
    } else {
      ++whole;
    }
    EXPECT_TRUE(text.substr(0, done) == expected.substr(0, done));
  }
  EXPECT_GE(damaged, 1u);
  EXPECT_GE(whole, 1u);
}

TEST_F(Semantics, FilesInPlace) {
  quote("in-place", "a read MUST fail with EIO and MUST NOT return bytes of another object");
  quote("in-place", "the log names it once");
  testing::BucketServer bucket;
  bucket.set({{"a", "aaaa"}, {"b", "bbbb"}, {"c", "cccc"}});
  auto store = dataset::open_store(
      backend, {.servers = {.http = {}, .aws = bucket.settings(), .retries = bucket.retries()}});
  create::CreateOptions options{
      .input = {.servers = {.http = {}, .aws = bucket.settings(), .retries = {}}, .in_place = true},
      .note = {.name = "data"}};
  options.input.sources = {{.where = "s3://bucket"}};
  create::CreateProgress progress;
  create::create_version(*store, options, progress);
  std::vector<std::string> problems;
  mount.emplace(store, FilesystemOptions{.on_problem = [&](std::string_view problem) {
                  problems.emplace_back(problem);
                }});
  const fs::path top = *mount / "data/1";
  EXPECT_EQ(stat_of(top / "a").st_size, 4);
  EXPECT_EQ(stat_of(top / "a").st_mtim.tv_sec, 1'577'934'245);
  bucket.put("b", "BBBB");
  bucket.remove("c");
  EXPECT_EQ(testing::read_file(top / "a"), "aaaa");
  for (const char* name : {"b", "c", "b", "c"}) {
    const FileDescriptor file = open_file(top / name, O_RDONLY);
    char byte = 0;
    EXPECT_EQ(error_of(static_cast<int>(::pread(file.get(), &byte, 1, 0))), EIO);
  }
  mount->stop();
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_TRUE(problems[0].starts_with("data:1: b: s3://bucket/b is no longer")) << problems[0];
  EXPECT_TRUE(problems[1].starts_with("data:1: c: s3://bucket/c is gone")) << problems[1];
}

TEST_F(Semantics, Patience) {
  quote("patience", "A read waits, trying again, for 30 seconds before it fails with EIO");
  EXPECT_EQ(FilesystemOptions{}.retry_deadline, 30s);
  write_file(source / "a", "text");
  write_file(source / "b", std::string(100'000, 'b'));
  const fs::path top = mount_source({.retry_deadline = 200ms});
  EXPECT_EQ(names_in(top), (Names{"a", "b"}));
  const FileDescriptor file = open_file(top / "b", O_RDONLY);
  char byte = 0;
  backend->answers = false;
  EXPECT_EQ(error_of(static_cast<int>(::pread(file.get(), &byte, 1, 0))), EIO);
  backend->answers = true;
  EXPECT_EQ(::pread(file.get(), &byte, 1, 0), 1);
}

TEST_F(Semantics, EmptyFilesAndFolders) {
  quote("empty", "Both are kept");
  write_file(source / "file", "");
  fs::create_directories(source / "folder/inner");
  const fs::path top = mount_source();
  EXPECT_EQ(stat_of(top / "file").st_size, 0);
  EXPECT_EQ(testing::read_file(top / "file"), "");
  EXPECT_TRUE(names_in(top / "folder/inner").empty());
}

TEST_F(Semantics, Holes) {
  quote("sparse", "read as zeros. They are not kept as holes");
  write_file(source / "a", "start");
  fs::resize_file(source / "a", 5'000'000);
  const fs::path path = mount_source() / "a";
  const std::string text = testing::read_file(path);
  ASSERT_EQ(text.size(), 5'000'000u);
  EXPECT_EQ(text.substr(0, 5), "start");
  EXPECT_EQ(text.find_first_not_of('\0', 5), std::string::npos);
  EXPECT_EQ(stat_of(path).st_blocks, 9766);
}

TEST_F(Semantics, HardLinks) {
  quote("hard-links", "`st_nlink` counts those that are in the version");
  write_file(source / "z/first", "text");
  fs::create_hard_link(source / "z/first", source / "a");
  TemporaryFolder outside;
  fs::create_hard_link(source / "z/first", outside / "not in the version");
  const fs::path top = mount_source();
  const struct stat a = stat_of(top / "a"), first = stat_of(top / "z/first");
  EXPECT_EQ(a.st_ino, first.st_ino);
  EXPECT_EQ(a.st_nlink, 2u);
  EXPECT_EQ(testing::read_file(top / "a"), "text");
  EXPECT_EQ(testing::read_file(top / "z/first"), "text");
}

TEST_F(Semantics, SymbolicLinks) {
  quote("symbolic-links", "One that dangles, or leads outside of its version, is shown as it is");
  write_file(source / "folder/file", "text");
  TemporaryFolder outside;
  write_file(outside / "x", "outside");
  fs::create_symlink("folder/file", source / "to file");
  fs::create_symlink("folder", source / "to folder");
  fs::create_symlink("no\xffthing", source / "dangling");
  fs::create_symlink(outside / "x", source / "leaving");
  const fs::path top = mount_source();
  EXPECT_EQ(testing::read_file(top / "to file"), "text");
  EXPECT_EQ(testing::read_file(top / "to folder/file"), "text");
  EXPECT_EQ(testing::read_file(top / "leaving"), "outside");
  EXPECT_EQ(fs::read_symlink(top / "dangling"), "no\xffthing");
  EXPECT_EQ(error_of(::open((top / "dangling").c_str(), O_RDONLY)), ENOENT);
}

TEST_F(Semantics, Modes) {
  quote("modes", "A folder is 0555; a file is 0555 if anyone could execute it in the source");
  write_file(source / "plain", "1");
  write_file(source / "script", "#!/bin/sh\nexit 7\n");
  fs::permissions(source / "script", fs::perms(0700));
  fs::permissions(source / "plain", fs::perms(0666));
  fs::create_directory(source / "folder");
  fs::permissions(source / "folder", fs::perms(01777));
  fs::create_symlink("x", source / "link");
  const fs::path top = mount_source();
  EXPECT_EQ(stat_of(top / "plain").st_mode, S_IFREG | 0444u);
  EXPECT_EQ(stat_of(top / "script").st_mode, S_IFREG | 0555u);
  EXPECT_EQ(stat_of(top / "folder").st_mode, S_IFDIR | 0555u);
  EXPECT_EQ(stat_of(top / "link").st_mode, S_IFLNK | 0777u);
  EXPECT_EQ(stat_of(top).st_mode, S_IFDIR | 0555u);
  EXPECT_EQ(WEXITSTATUS(std::system((top / "script").c_str())), 7);
}

TEST_F(Semantics, Owner) {
  quote("owner", "Everything belongs to the user who mounted, and to that user's group");
  write_file(source / "a", "1");
  const fs::path top = mount_source();
  for (const fs::path& path : {top / "a", top, *mount / "data/latest", mount->folder()}) {
    EXPECT_EQ(stat_of(path).st_uid, ::geteuid());
    EXPECT_EQ(stat_of(path).st_gid, ::getegid());
  }
}

TEST_F(Semantics, Times) {
  quote("times", "is the source's, in nanoseconds, also before 1970");
  quote("times", "reading does not change them");
  write_file(source / "folder/a", "1");
  fs::create_symlink("x", source / "link");
  const std::vector<std::pair<const char*, timespec>> times{
      {"folder/a", {-12345, 678'901'234}},
      {"link", {1'500'000'000, 1}},
      {"folder", {4'000'000'000, 999'999'999}}};
  for (const auto& [path, time] : times) {
    const timespec both[2] = {{0, UTIME_OMIT}, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, (source / path).c_str(), both, AT_SYMLINK_NOFOLLOW), 0);
  }
  quote("times", "The time of DIR/NAME/V is that of the folder from which the version was made");
  const timespec own[2] = {{0, UTIME_OMIT}, {-86'400, 5}};
  ASSERT_EQ(::utimensat(AT_FDCWD, source.path().c_str(), own, 0), 0);
  const fs::path top = mount_source();
  testing::read_file(top / "folder/a");
  for (const auto& [path, time] : times) {
    const struct stat found = stat_of(top / path);
    for (const timespec& shown : {found.st_mtim, found.st_atim, found.st_ctim}) {
      EXPECT_EQ(shown.tv_sec, time.tv_sec) << path;
      EXPECT_EQ(shown.tv_nsec, time.tv_nsec) << path;
    }
  }
  EXPECT_EQ(stat_of(top).st_mtim.tv_sec, own[1].tv_sec);
  EXPECT_EQ(stat_of(top).st_mtim.tv_nsec, own[1].tv_nsec);
}

TEST_F(Semantics, SizesAndCounts) {
  quote("sizes", "`st_blocks` is the size divided by 512, rounded up");
  write_file(source / "folder/a", std::string(513, 'x'));
  fs::create_symlink("four", source / "link");
  const fs::path top = mount_source();
  EXPECT_EQ(stat_of(top / "folder/a").st_size, 513);
  EXPECT_EQ(stat_of(top / "folder/a").st_blocks, 2);
  EXPECT_EQ(stat_of(top / "folder/a").st_nlink, 1u);
  EXPECT_EQ(stat_of(top / "link").st_size, 4);
  EXPECT_EQ(stat_of(top / "folder").st_size, 0);
  EXPECT_EQ(stat_of(top / "folder").st_nlink, 1u);
  EXPECT_EQ(stat_of(top).st_nlink, 1u);
}

// fts(3) and Perl's module Find take a folder with two links for one without sub-folders, and do
// not look whether what it has are folders.
TEST_F(Semantics, ProgramsThatTrustLinkCountsFindEverything) {
  quote("sizes", "`st_nlink` of a folder is 1, which says that its sub-folders are not counted");
  for (const char* path : {"a/b/c/file", "a/b/file", "a/file", "d/e/file"})
    write_file(source / path, "");
  std::string top = mount_source();
  char* tops[] = {top.data(), nullptr};
  FTS* walk = ::fts_open(tops, FTS_PHYSICAL | FTS_NOSTAT, nullptr);
  ASSERT_NE(walk, nullptr);
  std::size_t found = 0;
  while (const FTSENT* entry = ::fts_read(walk)) found += entry->fts_info != FTS_DP ? 1 : 0;
  ::fts_close(walk);
  EXPECT_EQ(found, 1u + 5 + 4);  // the top, folders, files
}

TEST_F(Semantics, InodeNumbers) {
  quote("inodes", "Two paths have the same `st_ino` only if they are the same file");
  for (const char* path : {"a", "b", "folder/a", "folder/inner/a"}) write_file(source / path, "1");
  created.create("data", source.path());
  mount_source();
  std::set<ino_t> inodes;
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(mount->folder())) {
    inodes.insert(stat_of(entry.path()).st_ino);
    ++count;
  }
  EXPECT_EQ(count, 16u);
  EXPECT_EQ(inodes.size(), count);
}

TEST_F(Semantics, Space) {
  quote("statfs", "gives the bytes and the entries of that version, all of them in use");
  write_file(source / "folder/a", std::string(10'000, 'x'));
  const fs::path top = mount_source();
  struct statvfs space;
  ASSERT_EQ(::statvfs(top.c_str(), &space), 0);
  EXPECT_EQ(space.f_blocks * space.f_frsize, 12'288u);
  EXPECT_EQ(space.f_bfree + space.f_bavail + space.f_ffree, 0u);
  EXPECT_EQ(space.f_files, 2u);
  ASSERT_EQ(::statvfs(mount->folder().c_str(), &space), 0);
  EXPECT_EQ(space.f_blocks, 0u);
  EXPECT_EQ(testing::read_file(top / "folder/a").size(), 10'000u);
  ASSERT_EQ(::statvfs(mount->folder().c_str(), &space), 0);
  EXPECT_EQ(space.f_blocks, 3u);
}

TEST_F(Semantics, NotKept) {
  quote("not-kept", "Extended attributes are EOPNOTSUPP");
  write_file(source / "a", "1");
  ::setxattr((source / "a").c_str(), "user.x", "1", 1, 0);
  ::chmod((source / "a").c_str(), 06755);
  const fs::path path = mount_source() / "a";
  EXPECT_EQ(error_of(static_cast<int>(::getxattr(path.c_str(), "user.x", nullptr, 0))), EOPNOTSUPP);
  EXPECT_EQ(error_of(static_cast<int>(::listxattr(path.c_str(), nullptr, 0))), EOPNOTSUPP);
  EXPECT_EQ(stat_of(path).st_mode & 07777u, 0555u);
}

TEST_F(Semantics, ReadOnly) {
  quote("read-only", "Everything that would change something fails with EROFS, for root too");
  write_file(source / "a", "1");
  fs::create_directory(source / "folder");
  const fs::path top = mount_source();
  for (const fs::path& folder : {mount->folder(), *mount / "data", top}) {
    const std::string fresh = folder / "new";
    EXPECT_EQ(error_of(::open(fresh.c_str(), O_WRONLY | O_CREAT, 0666)), EROFS) << folder;
    EXPECT_EQ(error_of(::mkdir(fresh.c_str(), 0777)), EROFS) << folder;
    EXPECT_EQ(error_of(::symlink("x", fresh.c_str())), EROFS) << folder;
    EXPECT_EQ(error_of(::mkfifo(fresh.c_str(), 0666)), EROFS) << folder;
  }
  const std::string a = top / "a";
  EXPECT_EQ(error_of(::open(a.c_str(), O_RDWR)), EROFS);
  EXPECT_EQ(error_of(::open(a.c_str(), O_WRONLY | O_TRUNC)), EROFS);
  EXPECT_EQ(error_of(::open(a.c_str(), O_WRONLY | O_APPEND)), EROFS);
  EXPECT_EQ(error_of(::unlink(a.c_str())), EROFS);
  EXPECT_EQ(error_of(::rename(a.c_str(), (top / "b").c_str())), EROFS);
  EXPECT_EQ(error_of(::link(a.c_str(), (top / "b").c_str())), EROFS);
  EXPECT_EQ(error_of(::truncate(a.c_str(), 0)), EROFS);
  EXPECT_EQ(error_of(::chmod(a.c_str(), 0777)), EROFS);
  EXPECT_EQ(error_of(::chown(a.c_str(), ::getuid(), ::getgid())), EROFS);
  EXPECT_EQ(error_of(::utimensat(AT_FDCWD, a.c_str(), nullptr, 0)), EROFS);
  EXPECT_EQ(error_of(::setxattr(a.c_str(), "user.x", "1", 1, 0)), EROFS);
  EXPECT_EQ(error_of(::rmdir((top / "folder").c_str())), EROFS);
  EXPECT_EQ(error_of(::rmdir((*mount / "data/1").c_str())), EROFS);
  EXPECT_EQ(error_of(::unlink((*mount / "data/latest").c_str())), EROFS);
}

TEST_F(Semantics, Caching) {
  quote("caching",
        "Opening, reading and closing a file whose pages are in memory sends no message");
  write_file(source / "folder/a", "text");
  fs::create_symlink("a", source / "folder/link");
  const fs::path folder = mount_source() / "folder";
  const FileDescriptor held = open_file(folder, O_RDONLY | O_DIRECTORY);
  const auto use = [&] {
    for (const char* name : {"a", "link"}) {
      char text[8];
      const FileDescriptor file(::openat(held.get(), name, O_RDONLY | O_CLOEXEC));
      ASSERT_EQ(::read(file.get(), text, sizeof text), 4) << name;
      ASSERT_EQ(std::string(text, 4), "text");
    }
    EXPECT_EQ(error_of(::openat(held.get(), "missing", O_RDONLY)), ENOENT);
    const FileDescriptor again(::openat(held.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR* stream = ::fdopendir(::dup(again.get()));
    int count = 0;
    while (::readdir(stream)) ++count;
    ::closedir(stream);
    EXPECT_EQ(count, 4);
  };
  use();
  use();  // the kernel caches a listing from the second read on
  // The folder is still open, but no server answers any more: any request to it would fail.
  mount->stop();
  use();
  EXPECT_EQ(error_of(::openat(held.get(), "never asked for", O_RDONLY)), ENOTCONN);
}

TEST_F(Semantics, Listings) {
  quote("offsets", "A listing shows each entry once, `.` and `..` included");
  for (int i = 0; i < 3000; ++i) write_file(source / ("file-" + std::to_string(i)), "");
  const fs::path top = mount_source();
  for (const fs::path& folder : {top, *mount / "data", mount->folder()}) {
    DIR* stream = ::opendir(folder.c_str());
    std::multiset<std::string> names;
    while (const dirent* entry = ::readdir(stream)) {
      names.insert(entry->d_name);
      EXPECT_NE(entry->d_ino, 0u);
      EXPECT_NE(entry->d_type, DT_UNKNOWN);
    }
    ::closedir(stream);
    EXPECT_EQ(names.count("."), 1u);
    EXPECT_EQ(names.count(".."), 1u);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
    EXPECT_EQ(names.size(), folder == top ? 3002u : folder == mount->folder() ? 3u : 4u);
  }
}

TEST_F(Semantics, Locks) {
  quote("locks", "`flock` and POSIX read locks work");
  write_file(source / "a", "1");
  const fs::path path = mount_source() / "a";
  const FileDescriptor one = open_file(path, O_RDONLY), two = open_file(path, O_RDONLY);
  EXPECT_EQ(::flock(one.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(error_of(::flock(two.get(), LOCK_EX | LOCK_NB)), EWOULDBLOCK);
  struct flock region {};
  region.l_type = F_RDLCK;
  EXPECT_EQ(::fcntl(one.get(), F_SETLK, &region), 0);
}

TEST_F(Semantics, Unmounting) {
  quote("unmount", "A mount ends with `grid unmount`");
  write_file(source / "a", "1");
  mount_source();
  unmount(mount->folder(), UnmountMode::refuse_if_busy);
  mount->wait();
  EXPECT_TRUE(names_in(mount->folder()).empty());
}

TEST(SemanticsDocument, HasATestForEveryParagraph) {
  const std::string tests = testing::read_file(project / "src/mount/semantics_test.cc");
  const auto all = paragraphs();
  EXPECT_GE(all.size(), 20u);
  for (const auto& [anchor, words] : all) {
    EXPECT_NE(tests.find("quote(\"" + anchor + "\""), std::string::npos) << anchor;
  }
}

}  // namespace
}  // namespace grid::mount
