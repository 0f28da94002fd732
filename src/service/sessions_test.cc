#include "service/sessions.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "run/session.h"
#include "tests/support/run_node.h"

namespace grid::service {
namespace {

using testing::document_of;
using testing::expect_error;
using testing::RunNode;

StartRequest session_request(const RunNode& node) {
  StartRequest request = node.request({"sh"}, "lab");
  request.session = true;
  request.datastore_names = {"cats:1"};
  return request;
}

// A session with a supervisor that answers `question_count` questions at its door.
class Lab {
 public:
  Lab(const RunNode& node, int question_count)
      : run_(node.record_run(session_request(node))),
        supervisor_(run_.folder.become_supervisor()),
        door_(run_.folder),
        thread_([this, question_count] {
          for (int i = 0; i < question_count; ++i) answer_one();
        }) {}
  ~Lab() { thread_.join(); }

 private:
  void answer_one() {
    pollfd asked{.fd = door_.descriptor(), .events = POLLIN, .revents = 0};
    ::poll(&asked, 1, 10'000);
    door_.answer(nullptr, {.attach =
                               [](const run::UsedVersion& version, const Digest&) {
                                 if (version.version == 2)
                                   fail(ErrorKind::already_exists, "cats means another version");
                               },
                           .detach = [](const std::string&) {}});
  }

  run::PreparedRun run_;
  FileLock supervisor_;
  run::SessionDoor door_;
  std::thread thread_;
};

TEST(Sessions, AreListedWhileTheyLive) {
  const RunNode node;
  EXPECT_EQ(document_of(live_sessions(node.settings())), "{\n  \"sessions\": []\n}\n");
  node.record_run(node.request({"./train"}, "single"));
  expect_error(ErrorKind::unavailable, "single is a run, not a session",
               [&] { get_session(node.settings(), "single"); });
  {
    const Lab lab(node, 0);
    EXPECT_EQ(live_sessions(node.settings()).sessions.size(), 1u);
    EXPECT_EQ(get_session(node.settings(), "lab").record.name, "lab");
  }
  expect_error(ErrorKind::unavailable, "the session lab has ended",
               [&] { get_session(node.settings(), "lab"); });
  expect_error(ErrorKind::unavailable, "the session lab has ended",
               [&] { delete_session(node.settings(), "lab", {}); });
}

TEST(Sessions, AttachAndDetachVersions) {
  const RunNode node;
  const Lab lab(node, 3);
  Session session = get_session(node.settings(), "lab");
  EXPECT_EQ(document_of(attach_to_session(session, node.store(), {"cats", 1, false})),
            "{\n  \"session\": \"lab\",\n  \"name\": \"cats\",\n  \"version\": 1\n}\n");
  expect_error(ErrorKind::already_exists, "another version", [&] {
    attach_to_session(session, node.store(), {"cats", {}, false});
  });
  EXPECT_EQ(document_of(detach_from_session(session, "cats")),
            "{\n  \"session\": \"lab\",\n  \"name\": \"cats\"\n}\n");
  session.record.store_id = "another";
  expect_error(ErrorKind::invalid_argument, "lab reads another store", [&] {
    attach_to_session(session, node.store(), {"cats", 1, false});
  });
}

TEST(Sessions, ResolveReferencesInCommandsToTheirPins) {
  const RunNode node;
  const Lab lab(node, 0);
  const Session session = get_session(node.settings(), "lab");
  const SessionCommandRequest request{.command = {"ls", "grid:cats"},
                                      .environment = {"PATH=/usr/bin:/bin", "GRID_RUN_NAME=other"}};
  const SessionCommand command = prepare_command(node.settings(), session, request);
  EXPECT_EQ(command.program.arguments, (std::vector<std::string>{"ls", "/datastores/cats/1"}));
  EXPECT_EQ(run::find_variable(command.environment, "GRID_RUN_NAME"), "lab");
  expect_error(ErrorKind::invalid_argument, "no command",
               [&] { prepare_command(node.settings(), session, {}); });

  SessionCommandRequest literal = request;
  literal.literal = true;
  EXPECT_EQ(prepare_command(node.settings(), session, literal).program.arguments, request.command);
}

}  // namespace
}  // namespace grid::service
