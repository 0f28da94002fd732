// How mounts begin and end, with real mounts.
#include "mount/fuse_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "base/error.h"
#include "mount/fuse_device.h"
#include "mount/mount_point.h"
#include "mount/slots.h"
#include "tests/support/created_store.h"
#include "tests/support/live_mount.h"
#include "tests/support/temporary_folder.h"

namespace grid::mount {
namespace {

namespace fs = std::filesystem;
using testing::CreatedStore;
using testing::LiveMount;
using testing::TemporaryFolder;
using testing::write_file;
using namespace std::chrono_literals;

bool becomes_true(const std::function<bool()>& condition) {
  for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(10ms);
  return condition();
}

// The error of an action that must fail.
Error error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::unavailable, "");
}

class FuseServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::fuse_is_available()) GTEST_SKIP() << "/dev/fuse cannot be opened";
    write_file(source / "a.txt", "text");
    created.create("cats", source.path());
  }
  void TearDown() override {
    if (server_process_ > 0) end_server(SIGKILL);
    std::error_code ignored;
    if (is_dead()) unmount(folder.path(), UnmountMode::lazy);
  }

  // Serves at `folder` in a separate process. This process must have no threads yet.
  void start_server(FuseOptions options = {}) { start_server(std::move(options), folder.path()); }
  void start_server(FuseOptions options, const fs::path& at) {
    std::fflush(nullptr);  // else the buffers would be written twice
    server_process_ = ::fork();
    ASSERT_GE(server_process_, 0);
    if (server_process_ == 0) {
      int status = 1;
      try {
        Filesystem filesystem(created.store());
        FuseServer server(filesystem, options);
        server.mount(at);
        status = server.serve_until_signal();
      } catch (const Error& error) {
        std::fprintf(stderr, "%s\n", error.what());
      }
      ::_exit(status);
    }
    ASSERT_TRUE(becomes_true([&] { return is_served(at); }));
  }

  // Sends the signal and waits. Returns the exit status, or 128 plus the signal that ended the
  // process.
  int end_server(int signal) {
    ::kill(server_process_, signal);
    int status = 0;
    ::waitpid(std::exchange(server_process_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  bool is_served() const { return is_served(folder.path()); }
  static bool is_served(const fs::path& at) {
    std::error_code ignored;
    return fs::exists(at / "cats/1/a.txt", ignored);
  }
  bool is_dead() const {
    struct stat found;
    return ::stat(folder.path().c_str(), &found) != 0 && errno == ENOTCONN;
  }
  bool is_plain_folder() const { return is_plain_folder(folder.path()); }
  static bool is_plain_folder(const fs::path& at) {
    std::error_code error;
    return fs::is_empty(at, error) && !error;
  }

  TemporaryFolder source, folder;
  CreatedStore created;

 private:
  pid_t server_process_ = 0;
};

TEST_F(FuseServerTest, UnmountsOnEachEndingSignal) {
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) {
    start_server();
    EXPECT_EQ(end_server(signal), signal);
    EXPECT_TRUE(is_plain_folder());
  }
}

TEST_F(FuseServerTest, UnmountsOnASignalEvenWhileAFileIsOpen) {
  start_server();
  const FileDescriptor file = open_file(folder / "cats/1/a.txt", O_RDONLY);
  EXPECT_EQ(end_server(SIGTERM), SIGTERM);
  EXPECT_TRUE(is_plain_folder());
}

TEST_F(FuseServerTest, LeavesNoMountBehindWhenKilled) {
  start_server();
  EXPECT_EQ(end_server(SIGKILL), 128 + SIGKILL);
  EXPECT_TRUE(becomes_true([&] { return is_plain_folder(); }));
}

TEST_F(FuseServerTest, RemovesADeadMountBeforeMounting) {
  start_server({.unmount_on_death = false});
  end_server(SIGKILL);
  ASSERT_TRUE(becomes_true([&] { return is_dead(); }));
  start_server();
  EXPECT_TRUE(is_served());
  EXPECT_EQ(end_server(SIGTERM), SIGTERM);
  EXPECT_TRUE(is_plain_folder());
}

TEST_F(FuseServerTest, LeavesNoMountBehindAfterItsFolderWasMoved) {
  for (const int signal : {SIGTERM, SIGKILL}) {
    const fs::path parent = folder / "parent", moved = folder / "moved elsewhere";
    fs::create_directories(parent / "m");
    start_server({}, parent / "m");
    fs::rename(parent, moved);
    fs::create_directories(parent / "m");  // and nothing is mounted here
    EXPECT_EQ(testing::read_file(moved / "m/cats/1/a.txt"), "text");
    end_server(signal);
    EXPECT_TRUE(becomes_true([&] { return is_plain_folder(moved / "m"); }));
    fs::remove_all(moved);
    fs::remove_all(parent);
  }
}

TEST_F(FuseServerTest, EndsWhenUnmounted) {
  start_server();
  unmount(folder.path(), UnmountMode::refuse_if_busy);
  EXPECT_TRUE(is_plain_folder());
  EXPECT_EQ(end_server(0), 0);
}

TEST_F(FuseServerTest, LeavesTheNextMountAloneWhenItEndsLate) {
  start_server();
  unmount(folder.path(), UnmountMode::refuse_if_busy);
  Filesystem filesystem(created.store());
  FuseServer next(filesystem, {});
  next.mount(folder.path());
  std::thread serving([&] { next.serve(); });
  EXPECT_EQ(end_server(0), 0);
  EXPECT_TRUE(is_served());
  next.stop();
  serving.join();
}

TEST_F(FuseServerTest, RefusesToUnmountAMountInUse) {
  start_server();
  std::optional<FileDescriptor> file = open_file(folder / "cats/1/a.txt", O_RDONLY);
  const Error error = error_of([&] { unmount(folder.path(), UnmountMode::refuse_if_busy); });
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_EQ(std::string(error.what()),
            fmt::format("cannot unmount {0}: programs still use it (fuser -vm {0} names them; a "
                        "lazy unmount does not wait for them)",
                        folder.path().string()));
  EXPECT_TRUE(is_served());
  unmount(folder.path(), UnmountMode::lazy);
  EXPECT_TRUE(is_plain_folder());
  char text[4];
  EXPECT_EQ(::pread(file->get(), text, 4, 0), 4);
  file.reset();
  EXPECT_EQ(end_server(0), 0);
}

TEST_F(FuseServerTest, SaysWhyAFolderCannotBeMountedAt) {
  Filesystem filesystem(created.store());
  FuseServer server(filesystem, {});
  const fs::path missing = source / "missing", file = source / "a.txt";
  Error error = error_of([&] { server.mount(missing); });
  EXPECT_EQ(error.kind(), ErrorKind::not_found);
  EXPECT_EQ(std::string(error.what()), "cannot mount at " + missing.string() +
                                           ": there is no such folder (create it with mkdir)");
  error = error_of([&] { server.mount(file); });
  EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
  EXPECT_EQ(std::string(error.what()), "cannot mount at " + file.string() + ": it is not a folder");
}

TEST_F(FuseServerTest, SaysWhyAFolderCannotBeUnmounted) {
  const auto sentence = [](const fs::path& path) {
    return std::string(error_of([&] { unmount(path, UnmountMode::refuse_if_busy); }).what());
  };
  EXPECT_EQ(sentence("/proc"), "cannot unmount /proc: it is a proc mount, not one of grid's");
  EXPECT_EQ(sentence(source / "no"),
            "cannot unmount " + (source / "no").string() + ": there is no such folder");
  EXPECT_EQ(sentence(source.path()),
            "cannot unmount " + source.path().string() + ": nothing is mounted there");
}

TEST_F(FuseServerTest, MountsAtAFolderHoweverItsPathIsWritten) {
  const fs::path odd = source / "odd, \\ name\twith\nall";
  fs::create_directory(odd);
  fs::create_directory_symlink(odd, source / "link");
  for (const fs::path& path : {odd, odd / ".", odd / "", source / "link"}) {
    Filesystem filesystem(created.store());
    FuseServer server(filesystem, {.source_name = "a, b\\"});
    server.mount(path);
    std::thread serving([&] { server.serve(); });
    EXPECT_EQ(testing::read_file(odd / "cats/1/a.txt"), "text") << path;
    unmount(path, UnmountMode::refuse_if_busy);
    serving.join();
    EXPECT_TRUE(fs::is_empty(odd)) << path;
  }
}

TEST_F(FuseServerTest, StopsEvenIfStoppedBeforeItServes) {
  Filesystem filesystem(created.store());
  FuseServer server(filesystem, {});
  server.mount(folder.path());
  server.stop();
  server.serve();
  EXPECT_TRUE(is_plain_folder());
}

TEST_F(FuseServerTest, UnmountsAMountThatItNeverServed) {
  {
    Filesystem filesystem(created.store());
    FuseServer server(filesystem, {});
    server.mount(folder.path());
  }
  EXPECT_TRUE(is_plain_folder());
}

// Servers are killed one after another while a process reads: it waits, and reads the right bytes.
TEST_F(FuseServerTest, TakesOverFromAKilledServer) {
  const std::string text(300'000, 'x');
  write_file(source / "b.txt", text);
  created.create("cats", source.path());
  const FileDescriptor slots = make_slot_file();
  const FileDescriptor device = make_mount(folder.path(), {.allow_other = false}).device;
  Bytes handshake;
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  const auto start = [&] {
    const pid_t server = ::fork();
    if (server != 0) return server;
    Filesystem filesystem(created.store(), {.slot_file = slots.get()});
    FuseServer fuse(filesystem, {});
    FileDescriptor shared(::dup(device.get()));
    if (handshake.empty()) {
      handshake = fuse.adopt(std::move(shared));
      write_all(pipe[1], handshake, "pipe");
    } else {
      fuse.take_over(std::move(shared), handshake);
    }
    fuse.serve();
    ::_exit(0);
  };
  pid_t server = start();
  handshake.resize(4096);
  const ssize_t size = ::read(pipe[0], handshake.data(), handshake.size());
  ASSERT_GT(size, 0);
  handshake.resize(static_cast<std::size_t>(size));

  const pid_t reader = ::fork();
  if (reader == 0) {
    for (int i = 0; i < 400; ++i) {
      const FileDescriptor file = open_file(folder / "cats/2/b.txt", O_RDONLY);
      std::string got(text.size(), ' ');
      if (::pread(file.get(), got.data(), got.size(), 0) != ssize_t(text.size()) || got != text ||
          fs::exists(folder / fmt::format("cats/2/none{}", i)))
        ::_exit(1);
      ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    }
    ::_exit(0);
  }
  int status = 0, killed_count = 0;
  if (can_resend(handshake)) {
    for (; ::waitpid(reader, &status, WNOHANG) == 0; ++killed_count) {
      // Ever later, so that even on a slow machine some live long enough to answer.
      std::this_thread::sleep_for(1ms * (killed_count % 5) * (1 + killed_count / 20));
      ::kill(server, SIGKILL);
      ::waitpid(server, nullptr, 0);
      server = start();
    }
    EXPECT_GT(killed_count, 5);
  } else {
    ::waitpid(reader, &status, 0);
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << killed_count << " were killed";
  unmount(folder.path(), UnmountMode::lazy);
  EXPECT_EQ(::waitpid(server, &status, 0), server);
  EXPECT_FALSE(is_connected(device.get()));
  ::close(pipe[0]);
  ::close(pipe[1]);
  if (!can_resend(handshake)) GTEST_SKIP() << "this kernel cannot send requests again";
}

// The kernel gives the number of a mount that ends to one that begins meanwhile.
TEST_F(FuseServerTest, LeavesMountsAloneThatBeginWhileItEnds) {
  std::vector<std::thread> threads;
  for (int of = 0; of < 4; ++of)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const LiveMount mount(created.store());
        for (int look = 0; look < 3; ++look) {
          EXPECT_TRUE(find_mounted(kernel_path_of(mount.folder()))) << i;
          EXPECT_TRUE(fs::exists(mount / "cats/1/a.txt")) << i;
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST_F(FuseServerTest, StartsAndStopsManyTimes) {
  for (int i = 0; i < 50; ++i) {
    LiveMount mount(created.store());
    EXPECT_EQ(testing::read_file(mount / "cats/1/a.txt"), "text");
  }
}

}  // namespace
}  // namespace grid::mount
