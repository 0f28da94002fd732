// Git is the reference: with random patterns in nested ignore files over a tree of tricky names,
// each path is compared with `git check-ignore`.

#include "source/ignore_patterns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "source/walker.h"
#include "tests/support/temporary_folder.h"

namespace grid::source {
namespace {

using testing::TemporaryFolder;
using testing::write_file;

TEST(IgnorePatterns, MatchesAName) {
  struct Case {
    const char *pattern, *name;
    bool matches;
  };
  for (const Case& c :
       {Case{"*.tmp", "a.tmp", true}, Case{"*.tmp", ".tmp", true}, Case{"a*b*c", "axbxbc", true},
        Case{"a*b*c", "axbxb", false}, Case{"[a-c]x", "bx", true}, Case{"[!a-c]x", "bx", false},
        Case{"[^a-c]x", "dx", true}, Case{"[]]", "]", true}, Case{"[a", "[a", false},
        Case{"[[:digit:]]", "7", true}, Case{"[[:nonsense:]]", "7", false}, Case{"[a-]", "-", true},
        Case{"\\*", "*", true}, Case{"\\*", "x", false}, Case{"x\\", "x", false},
        Case{"?", "", false}, Case{"", "", true}, Case{"**", "abc", true},
        Case{"[\\]]", "]", true}})
    EXPECT_EQ(matches_name(c.pattern, c.name), c.matches) << c.pattern << " and " << c.name;
  // No pattern is slow: this one would take the age of the universe by trying everything.
  std::string stars, name(2000, 'a');
  for (int i = 0; i < 100; ++i) stars += "*a";
  EXPECT_FALSE(matches_name(stars + "b", name));
}

TEST(IgnorePatterns, TheLastPatternOfTheCommandLineDecides) {
  IgnorePatterns patterns;
  for (const char* pattern : {"*.jpg", "!keep/*.jpg", "/top"}) patterns.add(pattern);
  IgnoreRules rules(patterns);
  EXPECT_TRUE(rules.ignores("a/b.jpg", false));
  EXPECT_FALSE(rules.ignores("keep/b.jpg", false));
  EXPECT_TRUE(rules.ignores("top", true));
  EXPECT_FALSE(rules.ignores("a/top", true));
  EXPECT_FALSE(rules.ignores("top/x", false));
  EXPECT_TRUE(rules.ignores_within("top/x", false));
  // It overrides the lists of folders.
  IgnoreRules with_list = rules.with(IgnorePatterns::parse("*.jpg\nother", "keep"));
  EXPECT_FALSE(with_list.ignores("keep/b.jpg", false));
  EXPECT_TRUE(with_list.ignores("keep/x/other", false));
}

std::string run(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  char buffer[4096];
  while (std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, got);
  ::pclose(pipe);
  return out;
}

TEST(IgnorePatterns, AgreesWithGit) {
  if (std::system("git --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "there is no git";
  TemporaryFolder folder;
  std::filesystem::path top = folder / "source";
  const std::vector<std::string> names = {"a",       "b",       "ab",  "a.o",   "foo",
                                          "foo.txt", "bar ",    "[x]", "#hash", "!bang",
                                          "b\\c",    ".hidden", "**",  "x-y_1", "ä"};
  std::vector<std::string> folders = {"", "a", "foo", "a/b", "a/foo", "foo/a", "foo/a/b", "a/b/ab"};
  for (const std::string& above : folders)
    for (const std::string& name : names) {
      std::filesystem::path path = top / above / name;
      if (!std::filesystem::exists(path) &&
          std::find(folders.begin(), folders.end(), above.empty() ? name : above + "/" + name) ==
              folders.end())
        write_file(path, "x");
    }
  std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const std::vector<std::string> atoms = {
      "a",       "b",     "ab",           "foo",       "foo.txt", "*",     "*.o",     "?",
      "a*",      "**",    "*/b",          "[ab]",      "[!a]*",   "f*o",   "bar\\ ",  "bar ",
      "\\[x\\]", "[[]x]", "***",          "b\\\\c",    "ä",       "[a-f]", "\\#hash", "#hash",
      "\\!bang", ".*",    "*[[:alpha:]]", "x-y_[0-9]", "a**",     "**b",   "[",       "a\\"};
  for (int round = 0; round < 40; ++round) {
    for (const std::string& above : folders) {
      std::string text;
      for (std::size_t lines = random() % 4; lines > 0; --lines) {
        if (random() % 3 == 0) text += "!";
        if (random() % 4 == 0) text += "/";
        for (std::size_t i = 0, count = 1 + random() % 3; i < count; ++i)
          text += (i ? "/" : "") + atoms[random() % atoms.size()];
        if (random() % 4 == 0) text += "/";
        text += random() % 8 == 0 ? "  \r\n" : "\n";
      }
      for (const char* file : {".gitignore", ".gridignore"}) {
        std::filesystem::remove(top / above / file);
        if (!text.empty()) write_file(top / above / file, text);
      }
    }
    std::set<std::string> all, kept;
    for (bool ignoring : {false, true}) {
      Walker walker({.source = top, .use_ignore_files = ignoring}, [](const Problem&) {});
      while (std::optional<WalkedEntry> walked = walker.next())
        (ignoring ? kept : all).insert(walked->entry.path());
    }
    std::string list;
    for (const std::string& path : all) list += path + '\0';
    write_file(folder / "paths", list);
    run("rm -rf " + (folder / "git").string() + " && git init -q " + (folder / "git").string());
    std::string ignored =
        run("cd " + top.string() + " && git --git-dir=" + (folder / "git/.git").string() +
            " --work-tree=. -c core.excludesFile=/dev/null check-ignore --no-index -z --stdin < " +
            (folder / "paths").string());
    std::set<std::string> by_git;
    for (std::size_t at = 0; at < ignored.size();) {
      std::size_t end = ignored.find('\0', at);
      by_git.insert(ignored.substr(at, end - at));
      at = end + 1;
    }
    for (const std::string& path : all)
      ASSERT_EQ(by_git.contains(path), !kept.contains(path))
          << "round " << round << ": " << path << " with\n"
          << run("cd " + top.string() + " && grep -r '' --include=.gridignore .");
  }
}

}  // namespace
}  // namespace grid::source
