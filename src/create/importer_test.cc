// Sources of every kind give the same tree: here one whose entries and bytes are in memory.

#include "create/importer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/error.h"
#include "source/folder_source.h"
#include "tests/support/no_more_threads.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"
#include "tree/rules.h"

namespace grid::create {
namespace {

using testing::random_bytes;
using testing::TemporaryFolder;
using testing::write_file;

class TextStream : public ByteStream {
 public:
  explicit TextStream(std::string text) : text_(std::move(text)) {}

  std::size_t read(MutableBytesView out) override {
    if (at_ == end_ && end_ < text_.size()) fail(ErrorKind::corrupt, "the test's stream is broken");
    std::size_t size = std::min({out.size(), end_ - at_, std::size_t{70'001}});
    std::memcpy(out.data(), text_.data() + at_, size);
    at_ += size;
    return size;
  }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  std::string name() const override { return "a text"; }

 private:
  const std::string text_;
  const std::size_t end_ = std::min(text_.size(), text_.find("BROKEN"));
  std::size_t at_ = 0;
};

// The text of a file that says that it has more bytes than a tree can hold.
const std::string huge = "huge";

// Gives its entries in the given order; their bytes come with them, or workers open them.
class ListSource : public source::Source, private source::FileOpener {
 public:
  struct Listed {
    tree::Entry entry;
    std::string text;
  };
  ListSource(std::vector<Listed> entries, bool streamed)
      : entries_(std::move(entries)), streamed_(streamed) {}

  source::SourceOrder order() const override { return source::SourceOrder::any; }

  std::optional<source::SourceEntry> next(std::vector<source::Problem>&) override {
    if (next_ == entries_.size()) return std::nullopt;
    const Listed& listed = entries_[next_++];
    source::SourceEntry entry{.entry = listed.entry};
    if (entry.entry.kind != tree::EntryKind::file) return entry;
    texts_[entry.entry.path()] = listed.text;
    if (streamed_) {
      stream_ = std::make_unique<TextStream>(listed.text);
      entry.stream = stream_.get();
    } else {
      entry.opener = this;
      entry.state.size = entry.entry.size =
          listed.text == huge ? tree::file_size_max + 1 : listed.text.size();
      entry.state.mtime_ns = entry.entry.mtime_ns;
    }
    return entry;
  }

 private:
  class Opened : public source::SourceFile {
   public:
    Opened(const source::SourceEntry& entry, std::string text)
        : entry_(entry), stream_(std::move(text)) {}
    std::size_t read(MutableBytesView out) override { return stream_.read(out); }
    std::optional<std::uint64_t> size() const override { return std::nullopt; }
    std::string name() const override { return "a text"; }
    source::FileState state() const override { return entry_.state; }
    bool executable() const override { return entry_.entry.executable; }
    bool settled() override { return true; }

   private:
    source::SourceEntry entry_;
    TextStream stream_;
  };

  std::unique_ptr<source::SourceFile> open(const source::SourceEntry& entry,
                                           std::optional<ByteRange> range) override {
    std::string text;
    for (const Listed& listed : entries_)
      if (listed.entry.path() == entry.entry.path()) text = listed.text;
    if (range) text = text.substr(range->begin, range->end - range->begin);
    return std::make_unique<Opened>(entry, std::move(text));
  }
  unsigned open_count() const override { return 4; }

  const std::vector<Listed> entries_;
  const bool streamed_;
  std::size_t next_ = 0;
  std::unique_ptr<TextStream> stream_;
  std::map<std::string, std::string> texts_;
};

ListSource::Listed file(const std::string& path, std::string text, std::int64_t mtime_ns = 5) {
  std::size_t slash = path.rfind('/');
  ListSource::Listed listed{.text = std::move(text)};
  if (slash != std::string::npos) listed.entry.folder = path.substr(0, slash);
  listed.entry.name = slash == std::string::npos ? path : path.substr(slash + 1);
  listed.entry.mtime_ns = mtime_ns;
  return listed;
}

ListSource::Listed other(tree::EntryKind kind, const std::string& path, std::string target = {}) {
  ListSource::Listed listed = file(path, "");
  listed.entry.kind = kind;
  listed.entry.size = target.size();
  listed.entry.target = std::move(target);
  return listed;
}

class ImporterTest : public ::testing::Test {
 protected:
  Import import(source::Source& source, unsigned workers = 2) {
    CreateProgress progress;
    ScanRecordWriter record{{}};
    return import_tree(*store_->chunks, {.workers = workers, .temporary_folder = folder_.path()},
                       source, {}, record, progress);
  }
  std::shared_ptr<const tree::Manifest> manifest(const Import& import) {
    return store_->manifest({.root = import.root});
  }
  std::string refusal(std::vector<ListSource::Listed> entries) {
    ListSource source(std::move(entries), true);
    try {
      import(source);
    } catch (const Error& error) {
      return error.what();
    }
    return "(none)";
  }

  TemporaryFolder folder_;
  std::shared_ptr<dataset::OpenStore> store_ = testing::open_test_store();
};

void set_mtime(const std::filesystem::path& path) {
  timespec times[2] = {{.tv_sec = 0, .tv_nsec = 5}, {.tv_sec = 0, .tv_nsec = 5}};
  ::utimensat(AT_FDCWD, path.c_str(), times, 0);
}

TEST_F(ImporterTest, EveryKindOfSourceGivesTheSameRoot) {
  std::map<std::string, std::string> texts;
  std::mt19937_64 random(7);
  // Sizes around every limit: chunks, blocks and slices.
  std::vector<std::size_t> sizes = {0,
                                    1,
                                    16 << 10,
                                    (16 << 10) + 1,
                                    1 << 20,
                                    (1 << 20) - 1,
                                    (1 << 20) + 1,
                                    32 << 20,
                                    (32 << 20) + 1,
                                    (32 << 20) + 7000,
                                    (64 << 20) + (5 << 10)};
  for (int i = 0; i < 300; ++i) sizes.push_back(random() % 60'000);
  for (std::size_t i = 0; i < sizes.size(); ++i)
    texts["d" + std::to_string(i % 5) + "/" + (i % 3 ? "e/" : "") + std::to_string(i)] =
        random_bytes(sizes[i], i);
  std::vector<ListSource::Listed> listed;
  for (const auto& [path, text] : texts) {
    write_file(folder_ / "source" / path, text);
    set_mtime(folder_ / "source" / path);
    listed.push_back(file(path, text));
  }
  for (int i = 0; i < 5; ++i)
    for (std::string path : {"d" + std::to_string(i) + "/e", "d" + std::to_string(i)}) {
      set_mtime(folder_ / "source" / path);
      listed.push_back(other(tree::EntryKind::folder, path));
    }
  std::shuffle(listed.begin(), listed.end(), random);
  source::FolderSource folder({.source = folder_ / "source"});
  Digest expected = import(folder).root;
  for (bool streamed : {true, false}) {
    ListSource source(listed, streamed);
    EXPECT_EQ(import(source, streamed ? 1 : 3).root, expected) << streamed;
  }
}

TEST_F(ImporterTest, FoldersNamedOnlyInPathsAreMade) {
  ListSource source(
      {file("a/b/c", "1"), file("a/d/e/f", "2"), other(tree::EntryKind::folder, "a/d")}, true);
  Import imported = import(source);
  auto tree = manifest(imported);
  EXPECT_EQ(tree->totals().folders, 4u);
  EXPECT_EQ(tree->find_path("a/b")->mtime_ns(), 0);
  EXPECT_EQ(tree->find_path("a/d")->mtime_ns(), 5);
  EXPECT_TRUE(tree->find_path("a/d/e")->target().empty());
}

TEST_F(ImporterTest, TheFirstNameInTreeOrderBecomesTheFile) {
  ListSource source({file("m", "text", 9), other(tree::EntryKind::hard_link, "z", "m"),
                     other(tree::EntryKind::hard_link, "b", "z"), file("a", "alone")},
                    true);
  auto tree = manifest(import(source));
  EXPECT_EQ(testing::read_from(*store_, *tree, "b"), "text");
  EXPECT_EQ(tree->find_path("b")->kind(), tree::EntryKind::file);
  EXPECT_EQ(tree->find_path("b")->mtime_ns(), 9);
  for (const char* path : {"m", "z"}) {
    EXPECT_EQ(tree->find_path(path)->kind(), tree::EntryKind::hard_link) << path;
    EXPECT_EQ(tree->find_path(path)->target(), "b") << path;
    EXPECT_EQ(tree->find_path(path)->mtime_ns(), 9) << path;
  }
  EXPECT_EQ(tree->link_count(*tree->find_path("b")), 3u);
  EXPECT_EQ(tree->totals().bytes, 9u);
}

// A tree has no second names of links.
TEST_F(ImporterTest, AHardLinkToALinkIsAnotherLink) {
  ListSource source({other(tree::EntryKind::symlink, "m", "no/where"),
                     other(tree::EntryKind::hard_link, "b", "m"),
                     other(tree::EntryKind::hard_link, "z", "b"), file("a", "alone")},
                    true);
  auto tree = manifest(import(source));
  for (const char* path : {"b", "m", "z"}) {
    EXPECT_EQ(tree->find_path(path)->kind(), tree::EntryKind::symlink) << path;
    EXPECT_EQ(tree->find_path(path)->target(), "no/where") << path;
  }
  EXPECT_EQ(tree->totals().symlinks, 3u);
}

TEST_F(ImporterTest, NamesThatNoFileSystemTakesAreLeftOutAndSoAreLinksToThem) {
  const std::string longer(256, 'n');
  ListSource source({file(longer, "1"), other(tree::EntryKind::hard_link, "z", longer),
                     file(longer + "/a", "2"), file(std::string(255, 'n'), "3")},
                    true);
  const Import imported = import(source);
  EXPECT_EQ(manifest(imported)->totals().entries, 1u);
  ASSERT_EQ(imported.problems.size(), 3u);
  for (const source::Problem& problem : imported.problems) EXPECT_FALSE(problem.unsupported);
}

TEST_F(ImporterTest, TimesBeyondTheRangeAreKeptAndSaidOnce) {
  ListSource source({file("a", "1", INT64_MAX), file("b", "2", INT64_MIN), file("c", "3")}, true);
  const Import imported = import(source);
  EXPECT_EQ(manifest(imported)->find_path("b")->mtime_ns(), INT64_MIN);
  ASSERT_EQ(imported.problems.size(), 1u);
  EXPECT_TRUE(imported.problems[0].kept);
  EXPECT_EQ(imported.problems[0].path, "a");
}

TEST_F(ImporterTest, WithoutThreadsItFailsAndDoesNotWait) {
  ListSource source({file("a", "1")}, true);
  testing::NoMoreThreads none;
  EXPECT_THROW(import(source), Error);
}

TEST_F(ImporterTest, ConflictingPathsAreRefusedByName) {
  EXPECT_EQ(refusal({file("a/b", "1"), file("c", "2"), file("a/b", "3")}),
            "a/b: is in the source twice");
  EXPECT_EQ(refusal({file("a/b", "1"), other(tree::EntryKind::folder, "a/b")}),
            "a/b: is in the source twice");
  EXPECT_EQ(refusal({other(tree::EntryKind::symlink, "a", "/etc"), file("a/passwd", "1")}),
            "a/passwd: its path leads through a, which is a symlink there");
  EXPECT_EQ(refusal({file("a/b/c", "1"), file("a", "1")}),
            "a/b/c: its path leads through a, which is a file there");
  EXPECT_EQ(refusal({other(tree::EntryKind::hard_link, "a", "b")}),
            "a: is a hard link to b, which is not in the source");
  EXPECT_EQ(refusal({other(tree::EntryKind::folder, "a"), other(tree::EntryKind::folder, "a"),
                     file("b", "")}),
            "(none)");
}

TEST_F(ImporterTest, WhatNoTreeCanHoldIsNamedAndNotRead) {
  ListSource source({file("a", "1"), file("sparse", huge), other(tree::EntryKind::symlink, "s"),
                     other(tree::EntryKind::hard_link, "z", "../a")},
                    false);
  const Import imported = import(source);
  ASSERT_EQ(imported.problems.size(), 3u);
  EXPECT_EQ(imported.problems[0].path, "sparse");
  EXPECT_EQ(imported.problems[0].reason, "is larger than 128 TiB, the largest file of a version");
  EXPECT_EQ(imported.problems[1].reason, "is a symbolic link to nowhere: its target is empty");
  EXPECT_EQ(imported.problems[2].reason, "is a hard link to what cannot be a path");
  EXPECT_EQ(manifest(imported)->totals().entries, 1u);
}

TEST_F(ImporterTest, AStreamThatBreaksEndsTheImport) {
  for (std::size_t size : {0u, 100u, 5u << 20, 70u << 20})
    EXPECT_EQ(
        refusal({file("a", "1"), file("b", std::string(size, 'x') + "BROKEN"), file("c", "3")})
            .substr(0, 17),
        "the test's stream")
        << size;
}

}  // namespace
}  // namespace grid::create
