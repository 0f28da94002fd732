#include "source/folder_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <string>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace grid::source {
namespace {

using testing::TemporaryFolder;
using testing::write_file;

class FolderSourceTest : public ::testing::Test {
 protected:
  // Walks the whole source, so that everything can change between the walk and the reading.
  std::map<std::string, SourceEntry> walk(WalkOptions options) {
    options.source = source_;
    walked_.emplace(std::move(options));
    std::map<std::string, SourceEntry> entries;
    while (std::optional<SourceEntry> entry = walked_->next(problems_))
      entries.emplace(entry->entry.path(), std::move(*entry));
    return entries;
  }

  static std::string text_of(const SourceEntry& entry) {
    std::string text(100, '\0');
    auto file = entry.opener->open(entry, std::nullopt);
    std::size_t size = 0;
    while (std::size_t got = file->read(std::as_writable_bytes(std::span(text)).subspan(size)))
      size += got;
    return text.substr(0, size);
  }
  static std::string refusal_of(const SourceEntry& entry) {
    try {
      return "gave: " + text_of(entry);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::changed);
      return error.what();
    }
  }

  TemporaryFolder folder_;
  std::filesystem::path source_ = folder_ / "source";
  std::optional<FolderSource> walked_;
  std::vector<Problem> problems_;
};

TEST_F(FolderSourceTest, AFolderThatBecomesALinkLeadsNowhere) {
  write_file(source_ / "a/b/file", "inside");
  write_file(folder_ / "outside/b/file", "outside");
  auto entries = walk({});
  EXPECT_EQ(text_of(entries.at("a/b/file")), "inside");
  std::filesystem::rename(source_ / "a", folder_ / "aside");
  std::filesystem::create_symlink(folder_ / "outside", source_ / "a");
  EXPECT_EQ(refusal_of(entries.at("a/b/file")), "changed while it was read");
}

TEST_F(FolderSourceTest, AFileThatBecomesALinkIsNotFollowed) {
  write_file(source_ / "file", "inside");
  write_file(folder_ / "outside", "outside");
  auto entries = walk({});
  std::filesystem::remove(source_ / "file");
  std::filesystem::create_symlink(folder_ / "outside", source_ / "file");
  EXPECT_EQ(refusal_of(entries.at("file")), "changed while it was read");
  std::filesystem::remove(source_ / "file");
  EXPECT_EQ(refusal_of(entries.at("file")), "vanished while it was read");
}

// Opening a pipe waits for a writer, unless it is told not to.
TEST_F(FolderSourceTest, AFileThatBecomesAPipeOrAFolderIsNotWaitedFor) {
  write_file(source_ / "pipe", "1");
  write_file(source_ / "folder", "1");
  auto entries = walk({});
  std::filesystem::remove(source_ / "pipe");
  std::filesystem::remove(source_ / "folder");
  ASSERT_EQ(::mkfifo((source_ / "pipe").c_str(), 0666), 0);
  std::filesystem::create_directory(source_ / "folder");
  EXPECT_EQ(refusal_of(entries.at("pipe")), "changed while it was read");
  EXPECT_EQ(refusal_of(entries.at("folder")), "changed while it was read");
}

TEST_F(FolderSourceTest, ALoneFileThatBecomesAPipeIsNotWaitedFor) {
  source_ = folder_ / "file";
  write_file(source_, "1");
  auto entries = walk({});
  EXPECT_EQ(text_of(entries.at("file")), "1");
  std::filesystem::remove(source_);
  ASSERT_EQ(::mkfifo(source_.c_str(), 0666), 0);
  EXPECT_EQ(refusal_of(entries.at("file")), "changed while it was read");
}

TEST_F(FolderSourceTest, AnEmptyFileIsEmptyButOneOfProcOnlySaysSo) {
  write_file(source_ / "empty", "");
  EXPECT_EQ(text_of(walk({}).at("empty")), "");
  source_ = "/proc/version";
  struct stat st;
  if (::stat(source_.c_str(), &st) != 0 || st.st_size != 0) GTEST_SKIP() << "there is no /proc";
  EXPECT_NE(refusal_of(walk({}).at("version")).find("says that it has 0 bytes, but has some"),
            std::string::npos);
}

TEST_F(FolderSourceTest, FoldersThatBelongToNoSourceAreNamedAndLeftOut) {
  write_file(source_ / "a", "1");
  write_file(source_ / "home/.cache/grid/blocks", "1");
  auto entries = walk({.skipped = {{source_ / "home/.cache/grid", "grid's cache"},
                                   {source_ / "absent", "grid's state"}}});
  EXPECT_TRUE(entries.contains("home/.cache"));
  EXPECT_FALSE(entries.contains("home/.cache/grid"));
  EXPECT_EQ(problems_,
            (std::vector<Problem>{{"home/.cache/grid", "is grid's cache", /*unsupported=*/true}}));
}

TEST_F(FolderSourceTest, TheTimeOfTheFolderItselfIsKnownAndThatOfALoneFileIsNot) {
  write_file(source_ / "file", "1");
  const timespec times[2] = {{0, UTIME_OMIT}, {-5, 7}};
  ASSERT_EQ(::utimensat(AT_FDCWD, source_.c_str(), times, 0), 0);
  walk({});
  EXPECT_EQ(walked_->top_mtime_ns(), -4'999'999'993);
  source_ /= "file";
  walk({});
  EXPECT_EQ(walked_->top_mtime_ns(), std::nullopt);
}

}  // namespace
}  // namespace grid::source
