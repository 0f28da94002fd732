#include "run/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace grid::run {
namespace {

using Words = std::vector<std::string>;

// Programs python3 and tool in the PATH; the current folder holds what a test puts there.
class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() : former_(std::filesystem::current_path()) {
    make_executable("bin/python3");
    make_executable("bin/tool");
    std::filesystem::create_directory(folder_ / "here");
    std::filesystem::current_path(folder_ / "here");
  }
  ~ProgramTest() override { std::filesystem::current_path(former_); }

  void make_executable(const std::string& name) {
    testing::write_file(folder_ / name, "#!/bin/sh\n");
    ::chmod((folder_ / name).c_str(), 0755);
  }
  std::string bin(const std::string& name) const { return (folder_ / "bin" / name).string(); }
  Program find(Words command) const {
    return find_program(
        {.command = std::move(command), .search_path = "/nowhere:" + (folder_ / "bin").string()});
  }
  void expect_failure(const std::string& word, std::string_view part) const {
    try {
      find({word});
      ADD_FAILURE() << word << " was found";
    } catch (const Error& error) {
      EXPECT_NE(std::string_view(error.what()).find(part), std::string_view::npos) << error.what();
      EXPECT_NE(std::string_view(error.what()).find(word), std::string_view::npos) << error.what();
    }
  }

  testing::TemporaryFolder folder_;

 private:
  const std::filesystem::path former_;
};

TEST_F(ProgramTest, RunsPythonScriptsWithThePythonInThePath) {
  testing::write_file(folder_ / "here/main.py", "");
  EXPECT_EQ(find({"main.py", "-x"}), (Program{bin("python3"), {"python3", "main.py", "-x"}}));
  make_executable("here/executable.py");
  EXPECT_EQ(find({"./executable.py"}).arguments, (Words{"python3", "./executable.py"}));
}

TEST_F(ProgramTest, RunsExecutableFilesAsTheyAre) {
  make_executable("here/train");
  EXPECT_EQ(find({"./train", "a"}), (Program{"./train", {"./train", "a"}}));
  EXPECT_EQ(find({"train", "a"}), (Program{"./train", {"./train", "a"}}));
}

TEST_F(ProgramTest, FindsOtherWordsInThePath) {
  EXPECT_EQ(find({"tool", "a"}), (Program{bin("tool"), {"tool", "a"}}));
  std::filesystem::create_directory("tool");
  EXPECT_EQ(find({"tool"}).file, bin("tool")) << "a folder does not count";
}

TEST_F(ProgramTest, SaysWhatIsWrongWithAScript) {
  std::filesystem::create_directory("folder");
  testing::write_file(folder_ / "here/notes", "");
  expect_failure("missing", "no such file here");
  expect_failure("missing.py", "No such file");
  expect_failure("./missing", "No such file");
  expect_failure("folder", "is a folder");
  expect_failure("./folder", "is a folder");
  expect_failure("notes", "chmod +x");
  expect_failure("./notes", "chmod +x");
  std::filesystem::create_directory("folder.py");
  expect_failure("folder.py", "is a folder");
}

TEST_F(ProgramTest, DoesNotLookAtWhatIsAttachedLater) {
  ProgramRequest request{.command = {"/datastores/code/1/run"}, .is_attached_later = true};
  EXPECT_EQ(find_program(request).file, "/datastores/code/1/run");
  request = {.command = {"/datastores/code/1/main.py"},
             .search_path = (folder_ / "bin").string(),
             .is_attached_later = true};
  EXPECT_EQ(find_program(request).arguments, (Words{"python3", "/datastores/code/1/main.py"}));
}

TEST(Variables, AreReplacedNotRepeated) {
  Words environment = {"AB=1", "A=2", "A=3", "B"};
  set_variable(environment, "A", "x=y");
  EXPECT_EQ(environment, (Words{"AB=1", "B", "A=x=y"}));
  EXPECT_EQ(find_variable(environment, "A"), "x=y");
  EXPECT_EQ(find_variable(environment, "B"), "");
  EXPECT_EQ(find_variable(environment, "C"), "");
}

}  // namespace
}  // namespace grid::run
