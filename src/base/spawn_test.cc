#include "base/spawn.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "tests/support/temporary_folder.h"

namespace grid {
namespace {

int status_of(const Spawned& spawned) {
  int status = 0;
  EXPECT_EQ(spawned.error, 0);
  EXPECT_EQ(::waitpid(spawned.process, &status, 0), spawned.process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// What a shell script prints.
std::string output_of(const std::string& script, SpawnRequest request = {}) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const FileDescriptor read(ends[0]);
  FileDescriptor write(ends[1]);
  request.words = {"sh", "-c", script};
  request.descriptors = {-1, write.get()};
  EXPECT_EQ(status_of(spawn(request)), 0);
  write.reset();
  char text[4096];
  const ssize_t size = ::read(read.get(), text, sizeof text);
  return {text, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

TEST(Pointers, EndWithANull) {
  const std::vector<std::string> words = {"echo", "", "two words"};
  const std::vector<char*> pointers = pointers_to(words);
  ASSERT_EQ(pointers.size(), 4u);
  EXPECT_STREQ(pointers[0], "echo");
  EXPECT_STREQ(pointers[1], "");
  EXPECT_STREQ(pointers[2], "two words");
  EXPECT_EQ(pointers[3], nullptr);
}

TEST(Spawn, StartsAProgramOfThePath) {
  EXPECT_EQ(status_of(spawn({.words = {"sh", "-c", "exit 7"}})), 7);
  EXPECT_EQ(output_of("read -r line || printf '%s' nothing"), "nothing");
}

TEST(Spawn, SaysWhyAProgramCannotBeStarted) {
  testing::TemporaryFolder folder;
  testing::write_file(folder / "text", "no program");
  EXPECT_EQ(spawn({.words = {"no-such-program-anywhere"}}).error, ENOENT);
  EXPECT_EQ(spawn({.words = {(folder / "text").string()}}).error, EACCES);
}

TEST(Spawn, GivesItsOwnEnvironmentOrAnother) {
  ASSERT_EQ(::setenv("GRID_SPAWN_TEST", "ours", 1), 0);
  EXPECT_EQ(output_of("printf '%s' \"$GRID_SPAWN_TEST\""), "ours");
  EXPECT_EQ(output_of("printf '%s' \"$GRID_SPAWN_TEST\"",
                      {.environment = std::vector<std::string>{"GRID_SPAWN_TEST=another"}}),
            "another");
  ::unsetenv("GRID_SPAWN_TEST");
}

TEST(Spawn, DetachedLeavesTheSessionAndEveryOtherDescriptor) {
  const std::string session = std::to_string(::getsid(0));
  const std::string script = "read -r _ _ _ _ _ session _ </proc/$$/stat; printf '%s ' $session $$";
  const auto [same, own] = std::pair(output_of(script), output_of(script, {.detached = true}));
  EXPECT_EQ(same.substr(0, same.find(' ')), session);
  const std::string leader = own.substr(0, own.find(' '));
  EXPECT_EQ(own, leader + " " + leader + " ");

  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // without O_CLOEXEC
  const FileDescriptor read(ends[0]), write(ends[1]);
  const std::string is_open =
      "[ -e /proc/$$/fd/" + std::to_string(ends[1]) + " ] && printf open; :";
  EXPECT_EQ(output_of(is_open), "open");
  EXPECT_EQ(output_of(is_open, {.detached = true}), "");
}

}  // namespace
}  // namespace grid
