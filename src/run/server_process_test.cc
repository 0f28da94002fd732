// How a server of datastores is replaced and left, seen from its supervisor. Processes are fake.
#include "run/server_process.h"

#include <gtest/gtest.h>

#include <csignal>

#include "base/error.h"
#include "mount/fuse_device.h"
#include "tests/support/fake_fuse.h"
#include "tests/support/fake_processes.h"
#include "tests/support/temporary_folder.h"

namespace grid::run {
namespace {

using namespace std::chrono_literals;
using testing::FakeFuse;
using testing::FakeProcesses;
using testing::TemporaryFolder;

constexpr ExitStatus killed{.status = 0, .signal = SIGKILL};

class ServerProcessTest : public ::testing::Test {
 protected:
  // The first server sends at its start what it would send when it has the device.
  void begin(bool kernel_can_resend = true) {
    processes.when_started("grid-serve", [=, this](pid_t first) {
      processes.say(first, "r" + FakeFuse::handshake(kernel_can_resend));
    });
    server.emplace(processes, request, board);
    server->serve(fuse.open_device());
    processes.when_started("grid-serve", [this](pid_t next) { processes.say(next, "r"); });
  }

  pid_t newest_server() const { return processes.newest("grid-serve"); }

  // Waits as the supervisor does: until there is news, at most two minutes.
  ServerNews wait_for_news() {
    for (int i = 0; i < 120; ++i) {
      pollfd event{.fd = server->channel(), .events = POLLIN, .revents = 0};
      if (!processes.poll({&event, 1}, 1s) && server->channel() >= 0) continue;
      if (ServerNews news = server->take_news(); news.kind != ServerNews::Kind::nothing)
        return news;
    }
    return {};
  }

  std::vector<UsedVersion> versions_held() const {
    std::vector<UsedVersion> held;
    for (const Attachment& attachment : live_attachments(request.attachment_folder))
      held.insert(held.end(), attachment.versions.begin(), attachment.versions.end());
    return held;
  }

  TemporaryFolder folder;
  FakeProcesses processes;
  FakeFuse fuse;
  Scoreboard board;
  ServerRequest request{.open_store = {},
                        .pins = {},
                        .mount_folder = "/datastores",
                        .attachment_folder = folder / "attachments",
                        .attachment = {.kind = AttachmentKind::run,
                                       .label = "quiet-otter-42",
                                       .store_id = std::string(32, 'b'),
                                       .versions = {{"cats", 3}}}};
  std::optional<ServerProcess> server;
};

TEST_F(ServerProcessTest, IsGivenTheDeviceAndServes) {
  begin();
  EXPECT_EQ(processes.heard_by(newest_server()), std::vector<std::string>{"d"});
  EXPECT_EQ(wait_for_news().kind, ServerNews::Kind::nothing);
  EXPECT_EQ(server->replaced_count(), 0u);
}

TEST_F(ServerProcessTest, ThrowsTheErrorThatKeptTheFirstFromServing) {
  processes.when_started("grid-serve", [&](pid_t first) {
    processes.fail(first, Error(ErrorKind::not_found, "there is no store"));
    processes.end(first);
  });
  server.emplace(processes, request, board);
  try {
    server->serve(fuse.open_device());
    FAIL() << "it serves";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::not_found);
    EXPECT_STREQ(error.what(), "there is no store");
  }
}

TEST_F(ServerProcessTest, ThrowsIfTheFirstDiesBeforeItServes) {
  processes.when_started("grid-serve", [&](pid_t first) { processes.end(first, killed); });
  server.emplace(processes, request, board);
  EXPECT_THROW(server->serve(fuse.open_device()), Error);
}

TEST_F(ServerProcessTest, ThrowsIfNoProcessCanBeMade) {
  processes.fail_starts("grid-serve", 1);
  EXPECT_THROW(server.emplace(processes, request, board), Error);
}

TEST_F(ServerProcessTest, KeepsProblemsThatArriveBeforeItServes) {
  processes.when_started("grid-serve", [&](pid_t first) {
    processes.say(first, "pcats:3 cannot be shown");
    processes.say(first, "r" + FakeFuse::handshake());
  });
  server.emplace(processes, request, board);
  server->serve(fuse.open_device());
  EXPECT_EQ(server->take_problems(), std::vector<std::string>{"cats:3 cannot be shown"});
  EXPECT_TRUE(server->take_problems().empty());
}

TEST_F(ServerProcessTest, PassesOnProblemsWhileItServes) {
  begin();
  processes.after(3s, [&] { processes.say(newest_server(), "pchunk 5f2c91 is damaged"); });
  const ServerNews news = wait_for_news();
  EXPECT_EQ(news.kind, ServerNews::Kind::problem);
  EXPECT_EQ(news.sentence, "chunk 5f2c91 is damaged");
}

TEST_F(ServerProcessTest, IsReplacedAtOnceWhenItIsKilled) {
  begin();
  processes.after(5s, [&] { processes.end(newest_server(), killed); });
  EXPECT_EQ(wait_for_news().kind, ServerNews::Kind::replaced);
  EXPECT_EQ(processes.elapsed(), 5s);
  EXPECT_EQ(processes.count_of("grid-serve"), 2u);
  EXPECT_EQ(server->replaced_count(), 1u);
  EXPECT_TRUE(processes.heard_by(newest_server()).empty()) << "it has the device from its parent";
  EXPECT_TRUE(mount::is_connected(fuse.device()));
  EXPECT_EQ(wait_for_news().kind, ServerNews::Kind::nothing);
}

TEST_F(ServerProcessTest, IsReplacedHoweverOftenItIsKilled) {
  begin();
  for (unsigned i = 1; i <= 50; ++i) {
    processes.end(newest_server(), killed);
    ASSERT_EQ(wait_for_news().kind, ServerNews::Kind::replaced);
    ASSERT_EQ(server->replaced_count(), i);
  }
  EXPECT_EQ(processes.elapsed(), 0s);
  EXPECT_EQ(processes.count_of("grid-serve"), 51u);
}

TEST_F(ServerProcessTest, EndsWhenServersCrashOneAfterTheOther) {
  begin();
  for (int i = 0; i < 5; ++i) {
    processes.end(newest_server(), {.status = 0, .signal = SIGSEGV});
    ASSERT_EQ(wait_for_news().kind, ServerNews::Kind::replaced);
  }
  processes.end(newest_server(), {.status = 0, .signal = SIGSEGV});
  const ServerNews news = wait_for_news();
  EXPECT_EQ(news.kind, ServerNews::Kind::ended);
  EXPECT_NE(news.sentence.find("failed 6 times in a row"), std::string::npos) << news.sentence;
  EXPECT_TRUE(processes.all_were_waited_for());
}

TEST_F(ServerProcessTest, RetriesWhileTheStoreCannotBeOpened) {
  begin();
  processes.when_started("grid-serve", [&](pid_t next) {
    if (processes.count_of("grid-serve") > 4) return processes.say(next, "r");
    processes.fail(next, Error(ErrorKind::unavailable, "the store does not answer"));
    processes.end(next);
  });
  processes.end(newest_server(), killed);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(wait_for_news().kind, ServerNews::Kind::replaced);
  EXPECT_EQ(wait_for_news().kind, ServerNews::Kind::nothing);
  EXPECT_EQ(processes.count_of("grid-serve"), 5u);
}

TEST_F(ServerProcessTest, GivesUpWhenTheStoreCannotBeOpenedForAMinute) {
  begin();
  processes.when_started("grid-serve", [&](pid_t next) {
    processes.fail(next, Error(ErrorKind::unavailable, "the store does not answer"));
    processes.end(next);
  });
  processes.after(10s, [&] { processes.end(newest_server(), killed); });
  ServerNews news;
  do {
    news = wait_for_news();
  } while (news.kind == ServerNews::Kind::replaced);
  EXPECT_EQ(news.kind, ServerNews::Kind::ended);
  EXPECT_NE(news.sentence.find("the store does not answer"), std::string::npos) << news.sentence;
  EXPECT_GE(processes.elapsed(), 70s);
  EXPECT_LE(processes.elapsed(), 72s);
  EXPECT_LE(processes.count_of("grid-serve"), 122u);
}

// The failure may be reported or not; what counts is that readers still wait.
TEST_F(ServerProcessTest, IsReplacedLaterIfNoProcessCanBeMadeNow) {
  begin();
  processes.fail_starts("grid-serve", 1);
  processes.end(newest_server(), killed);
  try {
    EXPECT_NE(server->take_news().kind, ServerNews::Kind::ended);
  } catch (const Error&) {
  }
  EXPECT_TRUE(mount::is_connected(fuse.device()));
  EXPECT_EQ(wait_for_news().kind, ServerNews::Kind::replaced);
  EXPECT_EQ(wait_for_news().kind, ServerNews::Kind::nothing);
  EXPECT_EQ(processes.count_of("grid-serve"), 2u);
}

TEST_F(ServerProcessTest, EndsIfTheKernelCannotResendRequests) {
  begin(false);
  processes.end(newest_server(), killed);
  const ServerNews news = wait_for_news();
  EXPECT_EQ(news.kind, ServerNews::Kind::ended);
  EXPECT_NE(news.sentence.find("was killed: the run ends"), std::string::npos) << news.sentence;
  EXPECT_EQ(processes.count_of("grid-serve"), 1u);
}

TEST_F(ServerProcessTest, IsNotReplacedWhenTheMountIsOver) {
  begin();
  fuse.end_mount();
  processes.end(newest_server());
  const ServerNews news = wait_for_news();
  EXPECT_EQ(news.kind, ServerNews::Kind::ended);
  EXPECT_EQ(news.sentence, "");
  EXPECT_EQ(processes.count_of("grid-serve"), 1u);
}

TEST_F(ServerProcessTest, PinsAVersion) {
  begin();
  processes.say(newest_server(), "pdogs:1 cannot be shown");
  processes.say(newest_server(), "y");
  EXPECT_TRUE(server->pin({"dogs", 1}));
  processes.say(newest_server(), "n");
  EXPECT_FALSE(server->pin({"dogs", 2}));
  processes.fail(newest_server(), Error(ErrorKind::not_found, "there is no cows:7"));
  EXPECT_THROW(server->pin({"cows", 7}), Error);
  EXPECT_EQ(processes.heard_by(newest_server()),
            (std::vector<std::string>{"d", "vdogs:1", "vdogs:2", "vcows:7"}));
  EXPECT_EQ(server->take_problems(), std::vector<std::string>{"dogs:1 cannot be shown"});
}

TEST_F(ServerProcessTest, AsksTheNextOneToPinWhenItDies) {
  begin();
  processes.when_started("grid-serve", [&](pid_t next) {
    processes.say(next, "r");
    processes.say(next, "y");
  });
  processes.end(newest_server(), killed);
  EXPECT_TRUE(server->pin({"dogs", 1}));
  EXPECT_EQ(processes.heard_by(newest_server()), std::vector<std::string>{"vdogs:1"});
  EXPECT_EQ(server->replaced_count(), 1u);
}

TEST_F(ServerProcessTest, IsLeftWhenTheLastReaderHasGone) {
  begin();
  processes.after(3ms, [&] {
    fuse.end_mount();
    processes.end(newest_server());
  });
  server->leave();
  EXPECT_EQ(processes.elapsed(), 3ms);
  EXPECT_EQ(processes.count_of("grid-keep"), 0u);
  EXPECT_TRUE(processes.all_were_waited_for());
}

TEST_F(ServerProcessTest, IsHandedOverWhileProcessesAreStillInside) {
  begin();
  // The keeper closes its channel once it has marked the versions in use.
  processes.when_started("grid-keep", [&](pid_t keeper) { processes.close_channel(keeper); });
  server->leave();
  EXPECT_EQ(processes.elapsed(), end_of_connection);
  EXPECT_EQ(processes.count_of("grid-keep"), 1u);
  EXPECT_TRUE(processes.is_running(newest_server()));
}

TEST_F(ServerProcessTest, IsReplacedAndHandedOverIfItDiesWhileBeingLeft) {
  begin();
  processes.when_started("grid-keep", [&](pid_t keeper) { processes.close_channel(keeper); });
  processes.after(10ms, [&] { processes.end(newest_server(), killed); });
  server->leave();
  EXPECT_EQ(processes.started(),
            (std::vector<std::string>{"grid-serve", "grid-serve", "grid-keep"}));
}

// In the keeper, the first server is not a child of this process.
TEST_F(ServerProcessTest, IsLookedAfterUntilTheLastReaderHasGone) {
  begin();
  processes.disown(newest_server());
  board.counter({"dogs", 1}, digest_of(as_bytes("root"))) += 5;
  Channel channel = make_channel();

  processes.after(2500ms, [&] {
    pollfd released{.fd = channel.ours.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&released, 1, 0), 1) << "the supervisor still waits";
    EXPECT_EQ(versions_held(), (std::vector<UsedVersion>{{"cats", 3}, {"dogs", 1}}));
    processes.end(newest_server(), killed);
  });
  processes.after(10s, [&] {
    EXPECT_EQ(processes.count_of("grid-serve"), 2u);
    EXPECT_EQ(versions_held(), (std::vector<UsedVersion>{{"cats", 3}, {"dogs", 1}}));
    fuse.end_mount();
    processes.end(newest_server());
  });
  server->look_after(std::move(channel.theirs));
  EXPECT_EQ(processes.elapsed(), 10s);
  EXPECT_TRUE(versions_held().empty());
}

}  // namespace
}  // namespace grid::run
