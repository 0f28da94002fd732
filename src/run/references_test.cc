#include "run/references.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/expect_error.h"

namespace grid::run {
namespace {

using testing::expect_error;

using dataset::Reference;
using dataset::Version;

// A store with cats 1, 2 and 5, and dogs 1; the first of each has the tag best.
Version resolve(const Reference& reference) {
  const std::map<std::string, std::vector<dataset::VersionNumber>> ready = {{"cats", {1, 2, 5}},
                                                                            {"dogs", {1}}};
  auto found = ready.find(reference.name);
  if (found == ready.end()) fail(ErrorKind::not_found, "there is no datastore {}", reference.name);
  const auto& numbers = found->second;
  if (!reference.tag.empty() && reference.tag != "best")
    fail(ErrorKind::not_found, "{} has no tag {}", reference.name, reference.tag);
  const auto number =
      reference.version.value_or(reference.tag.empty() ? numbers.back() : numbers.front());
  if (std::find(numbers.begin(), numbers.end(), number) == numbers.end())
    fail(ErrorKind::not_found, "{} has no version {}", reference.name, number);
  Version version;
  version.record.number = number;
  return version;
}

ResolvedReferences resolved(std::vector<std::string> command, ReferenceRequest options = {}) {
  options.command = std::move(command);
  return resolve_references(options, resolve);
}

std::vector<std::string> versions_of(const ResolvedReferences& resolved) {
  std::vector<std::string> out;
  for (const AttachedVersion& version : resolved.versions)
    out.push_back(fmt::format("{}:{}{}", version.name, version.record.number,
                              version.newest ? " newest" : ""));
  return out;
}

TEST(References, AreReplacedByThePathsOfTheirVersions) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"grid:cats:2", "/datastores/cats/2"},
      {"grid:cats:latest", "/datastores/cats/5"},
      {"grid:cats", "/datastores/cats/5"},
      {"grid:cats@best", "/datastores/cats/1"},
      {"--data=grid:cats@best/train/a.jpg", "--data=/datastores/cats/1/train/a.jpg"},
      {"grid:cats@best,grid:cats", "/datastores/cats/1,/datastores/cats/5"},
      {"grid:cats:2/train/a.jpg", "/datastores/cats/2/train/a.jpg"},
      {"grid:cats/train/", "/datastores/cats/5/train/"},
      {"--data=grid:cats:1", "--data=/datastores/cats/1"},
      {"--data=/datastores/cats/1/x=y", "--data=/datastores/cats/1/x=y"},
      {"data.path=grid:dogs", "data.path=/datastores/dogs/1"},
      {"/datastores/cats", "/datastores/cats/5"},
      {"/datastores/cats/", "/datastores/cats/5/"},
      {"/datastores/cats/latest/a", "/datastores/cats/5/a"},
      {"/datastores/cats/train", "/datastores/cats/5/train"},
      {"/datastores/cats/007", "/datastores/cats/5/007"},
      {"/datastores/cats/2x", "/datastores/cats/5/2x"},
      {"/datastores/cats/1", "/datastores/cats/1"},
      {"/datastores/cats/1/", "/datastores/cats/1/"},
      {"/datastores//cats//1//a", "/datastores/cats/1//a"},
      {"/datastores/cats/a,b.jpg", "/datastores/cats/5/a,b.jpg"},
      {"/datastores/cats/2024-01/x", "/datastores/cats/5/2024-01/x"},
      {"/datastores/cats/*.png", "/datastores/cats/5/*.png"},
  };
  for (const auto& [argument, expected] : cases)
    EXPECT_EQ(resolved({"main.py", argument}).command[1], expected) << argument;
}

TEST(References, InListsAreReplacedEach) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"/datastores/cats/1,/datastores/dogs/1", "/datastores/cats/1,/datastores/dogs/1"},
      {"/datastores/cats/1:/datastores/dogs", "/datastores/cats/1:/datastores/dogs/1"},
      {"/datastores/cats;/datastores/dogs/1/a", "/datastores/cats/5;/datastores/dogs/1/a"},
      {"/datastores/cats/1 /datastores/dogs", "/datastores/cats/1 /datastores/dogs/1"},
      {"--dirs=grid:cats:2,grid:dogs", "--dirs=/datastores/cats/2,/datastores/dogs/1"},
      {"grid:cats:2:grid:dogs", "/datastores/cats/2:/datastores/dogs/1"},
      {"grid:cats/train,grid:dogs", "/datastores/cats/5/train,/datastores/dogs/1"},
      {"/tmp/x,/datastores/cats", "/tmp/x,/datastores/cats/5"},
      {"/datastores/cats:/out", "/datastores/cats/5:/out"},
      {"grid:cats:1:/out", "/datastores/cats/1:/out"},
  };
  for (const auto& [argument, expected] : cases)
    EXPECT_EQ(resolved({"main.py", argument}).command[1], expected) << argument;
}

TEST(References, LeaveEverythingElseAlone) {
  for (const std::string argument : {"",
                                     "=",
                                     "cats:3",
                                     "a=b=grid:cats",
                                     "xgrid:cats",
                                     "the grid:cats",
                                     "/datastoresx/cats/9",
                                     "datastores/cats/9",
                                     "/datastores",
                                     "/datastores/",
                                     "/data/datastores/cats/9",
                                     "http://host/datastores/cats/9",
                                     "--x=/tmp=/datastores/nosuch",
                                     "http://h/?p=/datastores/cats",
                                     "http://h/?a=b&p=/datastores/nosuch,1",
                                     "grid:",
                                     "grid:/cats",
                                     "grid: search",
                                     "--title=grid: search",
                                     "grid:lr=0.1",
                                     "grid:one two",
                                     "grid:nosuch:one",
                                     "host:/datastores/cats",
                                     "/datastores/*/1/*.png",
                                     "/datastores/{cats,dogs}/1",
                                     "/datastores/%s/1",
                                     "/datastores/$NAME/1",
                                     "/datastores/cats/{1,2}/a",
                                     "/datastores/cats/*/a",
                                     "/datastores/cats/[12]",
                                     "/datastores/cats/%d",
                                     "/datastores/cats*",
                                     "/datastores/cats/1,2",
                                     "--d=/datastores/-cats",
                                     "/datastores/Cats",
                                     "sh -c 'cat /datastores/cats/x'",
                                     "open('/datastores/cats')"})
    EXPECT_EQ(resolved({"main.py", argument}).command[1], argument) << argument;
}

TEST(References, ThatAreOnlyMentionedAttachTheirVersions) {
  const ResolvedReferences all =
      resolved({"sh", "-c", "wc /datastores/cats/2/a '/datastores/dogs/1' /datastores/cats/9/a",
                "/data/datastores/cats/1"});
  EXPECT_EQ(all.command[2], "wc /datastores/cats/2/a '/datastores/dogs/1' /datastores/cats/9/a");
  EXPECT_EQ(versions_of(all), (std::vector<std::string>{"cats:2", "dogs:1"}));
}

TEST(References, AreNoneInALiteralCommand) {
  const std::vector<std::string> command = {"m", "grid:cats", "/datastores/nosuch/1",
                                            "grid:Cats:1"};
  const ResolvedReferences all = resolved(command, {.literal = true});
  EXPECT_EQ(all.command, command);
  EXPECT_TRUE(all.versions.empty());
}

TEST(References, BelowAFolderThatIsNotTheMountMayBeFilesOfTheMachine) {
  const ReferenceRequest elsewhere{.mount_folder = "/data"};
  EXPECT_EQ(resolved({"m", "/datastores/birds/1", "/datastores/cats/1"}, elsewhere).command,
            (std::vector<std::string>{"m", "/datastores/birds/1", "/data/cats/1"}));
}

TEST(References, AreNamedInTheErrorIfTheyAreMalformed) {
  for (const std::string argument : {"grid:Cats", "grid:Cats:1", "grid:cats:0", "grid:cats:1:2",
                                     "grid:cats:", "--d=grid:cats:one", "/datastores/Cats/1",
                                     "/datastores/cats/99999999999999999999"})
    expect_error(ErrorKind::invalid_argument, argument, [&] { resolved({"main.py", argument}); });
}

TEST(References, ToMissingVersionsOrDatastoresFail) {
  expect_error(ErrorKind::not_found, "cats has no version 3", [] {
    resolved({"main.py", "grid:cats:3"});
  });
  expect_error(ErrorKind::not_found, "cats has no version 4", [] {
    resolved({"main.py", "--x=/datastores/cats/4/a"});
  });
  expect_error(ErrorKind::not_found, "no datastore birds", [] {
    resolved({"main.py", "/datastores/birds"});
  });
}

TEST(References, ToSeveralDatastoresWorkInOneCommand) {
  ResolvedReferences all =
      resolved({"main.py", "--train=grid:cats:1", "/datastores/cats", "grid:dogs", "grid:cats:1"});
  EXPECT_EQ(all.command,
            (std::vector<std::string>{"main.py", "--train=/datastores/cats/1", "/datastores/cats/5",
                                      "/datastores/dogs/1", "/datastores/cats/1"}));
  EXPECT_EQ(versions_of(all),
            (std::vector<std::string>{"cats:1", "cats:5 newest", "dogs:1 newest"}));
  EXPECT_EQ(all.pins, (std::map<std::string, dataset::VersionNumber>{{"cats", 5}, {"dogs", 1}}));
}

TEST(References, InTheScriptItselfAreReplacedToo) {
  EXPECT_EQ(resolved({"grid:cats:1/main.py"}).command[0], "/datastores/cats/1/main.py");
}

TEST(References, WithoutAVersionMeanTheOneThatAnOptionNames) {
  ReferenceRequest named{.datastore_names = {"cats:2"}};
  EXPECT_EQ(resolved({"m", "/datastores/cats", "grid:cats", "grid:cats:latest"}, named).command,
            (std::vector<std::string>{"m", "/datastores/cats/2", "/datastores/cats/2",
                                      "/datastores/cats/5"}));

  ReferenceRequest version{.datastore_version = "1"};
  ResolvedReferences all = resolved({"m", "/datastores/cats/x"}, version);
  EXPECT_EQ(all.command[1], "/datastores/cats/1/x");
  EXPECT_EQ(versions_of(all), (std::vector<std::string>{"cats:1"}));

  ReferenceRequest both{.datastore_names = {"cats"}, .datastore_version = "2"};
  EXPECT_EQ(versions_of(resolved({"m", "/datastores/dogs"}, both)),
            (std::vector<std::string>{"cats:2", "dogs:1 newest"}));
}

TEST(References, AreAttachedByOptionsAlone) {
  ResolvedReferences all = resolved({"m"}, {.datastore_names = {"dogs", "cats:1"}});
  EXPECT_EQ(versions_of(all), (std::vector<std::string>{"cats:1", "dogs:1 newest"}));
  EXPECT_EQ(all.pins, (std::map<std::string, dataset::VersionNumber>{{"cats", 1}, {"dogs", 1}}));
}

TEST(References, RefuseOptionsThatContradictEachOther) {
  expect_error(ErrorKind::invalid_argument, "both cats:1 and cats:2", [] {
    resolved({"m"}, {.datastore_names = {"cats:1", "cats:2"}});
  });
  expect_error(ErrorKind::invalid_argument, "both cats:1 and cats:2",
               [] { resolved({"m"}, {.datastore_names = {"cats:1"}, .datastore_version = "2"}); });
}

TEST(References, RefuseAVersionThatIsNotForOneDatastore) {
  expect_error(ErrorKind::invalid_argument, "names none", [] {
    resolved({"m", "x"}, {.datastore_version = "1"});
  });
  expect_error(ErrorKind::invalid_argument, "names several", [] {
    resolved({"m", "grid:cats", "grid:dogs"}, {.datastore_version = "1"});
  });
  expect_error(ErrorKind::invalid_argument, "names several", [] {
    resolved({"m"}, {.datastore_names = {"cats", "dogs"}, .datastore_version = "1"});
  });
  expect_error(ErrorKind::invalid_argument, "a number from 1", [] {
    resolved({"m", "grid:cats"}, {.datastore_version = "one"});
  });
}

TEST(References, FollowTheMountFolder) {
  ReferenceRequest elsewhere{.mount_folder = "/data/sets"};
  EXPECT_EQ(resolved({"m", "grid:cats:1", "--d=/datastores/cats", "/data/sets/dogs/1/a"}, elsewhere)
                .command,
            (std::vector<std::string>{"m", "/data/sets/cats/1", "--d=/data/sets/cats/5",
                                      "/data/sets/dogs/1/a"}));
}

TEST(References, AskForEachVersionOnce) {
  int count = 0;
  resolve_references({.command = {"m", "grid:cats", "/datastores/cats", "grid:cats:latest"}},
                     [&](const Reference& reference) {
                       ++count;
                       return resolve(reference);
                     });
  EXPECT_EQ(count, 1);  // else a version published in between would give one run two newest ones
}

}  // namespace
}  // namespace grid::run
