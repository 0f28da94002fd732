#include "server/local_server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/start_thread.h"
#include "server/api_fixture.h"
#include "server/frames/frame_answers.h"

namespace grid::server {

namespace {

// Sends these bytes and returns all that comes until the server closes, or so many bytes.
std::string talk(const std::filesystem::path& path, std::string_view sent, std::size_t size) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const FileDescriptor folder = open_file(path.parent_path(), O_PATH | O_DIRECTORY);
  const std::string text =
      fmt::format("/proc/self/fd/{}/{}", folder.get(), path.filename().string());
  text.copy(address.sun_path, text.size());
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return "no server";
  write_all(socket.get(), as_bytes(sent), "the socket");
  std::string got(size, '\0');
  const ssize_t count = ::recv(socket.get(), got.data(), got.size(), MSG_WAITALL);
  got.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return got;
}

class LocalServerTest : public ApiTest {
 protected:
  LocalServerTest()
      : http_(*api_, {.address = {}}), thread_(start_thread([this] { http_.run(false); })) {}
  ~LocalServerTest() override {
    http_.stop();
    thread_.join();
  }

  HttpServer http_;
  std::thread thread_;
};

TEST_F(LocalServerTest, AnswersFramesAndHttpAtOneSocket) {
  const std::filesystem::path path = node_ / "socket";
  const LocalServer server(*api_, http_, path);
  EXPECT_EQ(talk(path, frames::greeting, 8), frames::greeting);
  const std::string answer =
      talk(path, "GET /api/v1/datastores HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
           1 << 20);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("\"cats-secret\""), answer.npos);
  EXPECT_EQ(talk(path, std::string_view("\0GRIDF9\n", 8), 8), "");
}

TEST_F(LocalServerTest, ListensWhereAPathIsLongerThanAnAddress) {
  const std::filesystem::path path = node_ / std::string(150, 'x') / "socket";
  make_folders(path.parent_path());
  const LocalServer server(*api_, http_, path);
  EXPECT_EQ(talk(path, frames::greeting, 8), frames::greeting);
}

TEST_F(LocalServerTest, IsPrivateAndLeavesNothingBehind) {
  const std::filesystem::path path = node_ / "socket";
  {
    const LocalServer server(*api_, http_, path);
    EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms{0600});
    EXPECT_THROW(LocalListener{path}, Error);  // one at a time
    EXPECT_EQ(talk(path, frames::greeting, 8), frames::greeting);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(LocalServerTest, ReplacesWhatAKilledServerLeft) {
  const std::filesystem::path path = node_ / "socket";
  {
    const FileDescriptor dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  const LocalServer server(*api_, http_, path);
  EXPECT_EQ(talk(path, frames::greeting, 8), frames::greeting);
}

TEST_F(LocalServerTest, LeavesAFileAlone) {
  testing::write_file(node_ / "file", "mine");
  EXPECT_THROW(LocalListener{node_ / "file"}, Error);
  EXPECT_TRUE(std::filesystem::exists(node_ / "file"));
}

}  // namespace

}  // namespace grid::server
