// One test for each paragraph of docs/semantics.md, quoting it, through a real mount: attributes,
// what cannot be changed, and what the kernel keeps.
#include <dirent.h>
#include <fts.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <set>

#include "mount/mount_point.h"
#include "mount/semantics_fixture.h"

namespace grid::mount {
namespace {

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

}  // namespace
}  // namespace grid::mount
