#include "base/file_part.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include "base/file.h"
#include "tests/support/temporary_folder.h"

namespace grid {
namespace {

constexpr std::size_t page = 4096;

// Files on a disk, whose pages are not in memory.
class FilePartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 100; ++i) {
      const auto path = folder / std::to_string(i);
      testing::write_file(path, std::string(size, 'x'));
      files.push_back(open_file(path, O_RDONLY));
      ::fsync(files.back().get());
      ::posix_fadvise(files.back().get(), 0, 0, POSIX_FADV_DONTNEED);
    }
    // Some file systems, for instance those in memory, keep what they were told to drop.
    if (is_here(files[0], 0)) GTEST_SKIP() << "the pages of files stay in memory here";
  }

  static bool is_here(const FileDescriptor& file, std::size_t offset) {
    void* map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    unsigned char here = 0;
    EXPECT_EQ(::mincore(static_cast<std::byte*>(map) + offset, page, &here), 0);
    ::munmap(map, size);
    return (here & 1) != 0;
  }
  static bool comes(const FileDescriptor& file, std::size_t offset) {
    for (int i = 0; i < 500 && !is_here(file, offset); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return is_here(file, offset);
  }
  std::vector<FilePart> parts() const {
    std::vector<FilePart> parts;
    for (const FileDescriptor& file : files) parts.push_back({.fd = file.get(), .size = size});
    return parts;
  }
  bool all_come() const {
    for (const FileDescriptor& file : files)
      if (!comes(file, 0) || !comes(file, size - page)) return false;
    return true;
  }

  static constexpr std::size_t size = 10 * page;
  testing::TemporaryFolder folder;
  std::vector<FileDescriptor> files;
};

TEST_F(FilePartTest, BringsManyFilesIntoThePageCache) {
  begin_reading(parts());
  EXPECT_TRUE(all_come());
}

// As in a container that forbids it, or with an old kernel.
TEST_F(FilePartTest, WorksWithoutIoUring) {
  const pid_t child = ::fork();
  if (child == 0) {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{.len = 4, .filter = filter};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
      ::_exit(77);
    // A thread that has made no ring yet.
    std::thread([&] { begin_reading(parts()); }).join();
    ::_exit(all_come() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(status, 0);
}

TEST_F(FilePartTest, SkipsWhatCannotBeRead) {
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  const FileDescriptor folder_itself = open_file(folder.path(), O_RDONLY);
  std::vector<FilePart> odd = {{.fd = -1, .size = size},
                               {.fd = pipe[0], .size = size},
                               {.fd = folder_itself.get(), .size = size},
                               {.fd = files[0].get(), .offset = 100 * page, .size = size},
                               {.fd = files[1].get(), .size = 0}};
  for (const FilePart& part : parts()) odd.push_back(part);
  begin_reading(odd);
  begin_reading({});
  EXPECT_TRUE(all_come());
  ::close(pipe[0]);
  ::close(pipe[1]);
}

}  // namespace
}  // namespace grid
