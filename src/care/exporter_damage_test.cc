// What is exported of a version that is damaged or hostile.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/error.h"
#include "care/exporter.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_store.h"
#include "tree/manifest_writer.h"

namespace grid::care {
namespace {

namespace fs = std::filesystem;
using testing::read_file;
using tree::Entry;
using tree::EntryKind;

// A store that has lost one chunk.
class LossyReader : public store::ChunkReader {
 public:
  LossyReader(std::shared_ptr<const store::ChunkReader> below, const Digest& lost)
      : below_(std::move(below)), lost_(lost) {}

  void read_chunks(std::span<const store::ChunkRef> chunks, MutableBytesView out) const override {
    for (const store::ChunkRef& chunk : chunks) check(chunk.digest);
    below_->read_chunks(chunks, out);
  }
  Bytes read_chunk(const Digest& digest) const override {
    check(digest);
    return below_->read_chunk(digest);
  }

 private:
  void check(const Digest& digest) const {
    if (digest == lost_) fail(ErrorKind::corrupt, "chunk {} is damaged", digest.short_hex());
  }

  const std::shared_ptr<const store::ChunkReader> below_;
  const Digest lost_;
};

class ExporterDamageTest : public ::testing::Test {
 protected:
  ExporterDamageTest() { fs::create_directory(folder_ / "outside"); }

  // Writes a tree without asking whether it is valid. Files have the chunks `texts_`.
  Digest write_tree(const std::vector<Entry>& entries) {
    std::atomic<std::uint64_t> stored = 0;
    store::ChunkSession session(*store_->chunks, stored);
    std::vector<std::unique_ptr<store::ChunkWriter>> writers;
    writers.push_back(std::make_unique<store::ChunkWriter>(session));
    for (const std::string& text : texts_) writers[0]->put(as_bytes(text));
    tree::ManifestWriter writer(*writers[0]);
    for (const Entry& entry : entries) writer.add(entry);
    const Digest root = writer.finish();
    session.finish(std::move(writers));
    return root;
  }
  Entry file(std::string folder, std::string name, std::string text) {
    texts_.push_back(text);
    return {.folder = std::move(folder),
            .name = std::move(name),
            .size = text.size(),
            .content = {digest_of(as_bytes(text)), 0}};
  }
  ExportReport export_tree_of(const std::vector<Entry>& entries) {
    const Digest root = write_tree(entries);
    ExportProgress progress;
    return export_tree(*store_, tree::Manifest::open(store_->chunks, segments_, root), "",
                       folder_ / "out", progress);
  }
  // Turns a bit of stored bytes that lie raw in a pack.
  void damage(std::string_view bytes) {
    for (const auto& object : backend_->list("packs/")) {
      Bytes data = *backend_->find(object.key);
      const std::size_t at = as_text(data).find(bytes);
      if (at == std::string_view::npos) continue;
      data[at] ^= std::byte{1};
      backend_->remove(object.key);
      backend_->create(object.key, data);
      return;
    }
    FAIL() << "these bytes are not in the store";
  }
  std::vector<std::string> written() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "out"))
      names.push_back(fs::relative(entry.path(), folder_ / "out").string());
    std::sort(names.begin(), names.end());
    return names;
  }

  testing::TemporaryFolder folder_;
  std::shared_ptr<testing::MemoryBackend> backend_ = std::make_shared<testing::MemoryBackend>();
  std::shared_ptr<dataset::OpenStore> store_ = testing::open_test_store(backend_);
  std::shared_ptr<tree::SegmentCache> segments_ = std::make_shared<tree::SegmentCache>(64 << 20);
  std::vector<std::string> texts_;
};

TEST_F(ExporterDamageTest, ALinkInTheTreeLeadsNothingOutside) {
  const ExportReport report = export_tree_of({{.name = "a",
                                               .kind = EntryKind::symlink,
                                               .size = 10,
                                               .target = (folder_ / "outside").string()},
                                              file("a", "authorized_keys", "ssh-ed25519"),
                                              file("a/b", "c", "deeper")});
  EXPECT_GE(report.failed, 1u);
  EXPECT_TRUE(fs::is_empty(folder_ / "outside"));
}

TEST_F(ExporterDamageTest, AHardLinkLeadsToNothingOutside) {
  testing::write_file(folder_ / "outside/secret", "secret");
  const std::vector<Entry> entries = {
      {.name = "a", .kind = EntryKind::symlink, .target = (folder_ / "outside").string()},
      {.name = "b", .kind = EntryKind::hard_link, .target = "a/secret"}};
  const ExportReport report = export_tree_of(entries);
  EXPECT_GE(report.failed, 1u);
  EXPECT_FALSE(fs::exists(fs::symlink_status(folder_ / "out/b")));
  EXPECT_EQ(fs::hard_link_count(folder_ / "outside/secret"), 1u);
}

TEST_F(ExporterDamageTest, AFileIsNoFolder) {
  const ExportReport report = export_tree_of({file("", "a", "a file"), file("a", "b", "below it")});
  EXPECT_GE(report.failed, 1u);
}

TEST_F(ExporterDamageTest, EverythingElseIsWrittenAndNothingShort) {
  const std::string large = testing::random_bytes(3 << 20, 1);
  const std::string small = testing::random_bytes(20'000, 2);
  testing::write_file(folder_ / "s/large", large);
  testing::write_file(folder_ / "s/small", small);
  fs::create_hard_link(folder_ / "s/large", folder_ / "s/linked");
  for (int i = 0; i < 20; ++i)
    testing::write_file(folder_ / "s/well" / std::to_string(i), testing::random_bytes(9000, 9 + i));
  testing::write_file(folder_ / "s/empty", "");
  const auto tree = store_->manifest(testing::create_version(*store_, folder_ / "s").record);
  damage(std::string_view(large).substr(large.size() - 100));
  damage(std::string_view(small).substr(0, 100));

  ExportProgress progress;
  const ExportReport report = export_tree(*store_, tree, "", folder_ / "out", progress);
  EXPECT_EQ(report.failed, 3u);
  ASSERT_EQ(report.failures.size(), 3u);
  EXPECT_EQ(report.failures[0].path, "large");
  EXPECT_EQ(report.failures[0].kind, ErrorKind::corrupt);
  EXPECT_EQ(report.failures[1].path, "linked");
  EXPECT_EQ(report.failures[2].path, "small");
  EXPECT_NE(report.failures[2].reason.find("chunk"), std::string::npos);
  EXPECT_EQ(written().size(), 22u);  // well, what is in it, and empty
  EXPECT_EQ(read_file(folder_ / "out/well/7"), read_file(folder_ / "s/well/7"));
  EXPECT_TRUE(fs::exists(folder_ / "out/empty"));
}

TEST_F(ExporterDamageTest, WhatIsDamagedReplacesNothing) {
  const std::string large = testing::random_bytes(3 << 20, 1);
  const std::string small = testing::random_bytes(20'000, 2);
  testing::write_file(folder_ / "s/large", large);
  fs::create_hard_link(folder_ / "s/large", folder_ / "s/larger");
  testing::write_file(folder_ / "s/small", small);
  testing::write_file(folder_ / "s/well", "new");
  fs::create_symlink("well", folder_ / "s/link");
  const auto tree = store_->manifest(testing::create_version(*store_, folder_ / "s").record);
  damage(std::string_view(large).substr(large.size() - 100));  // met when most of it is written
  damage(std::string_view(small).substr(0, 100));
  const std::vector<std::string> names = {"large", "larger", "link", "small", "well"};
  for (const std::string& name : names) testing::write_file(folder_ / "out" / name, "mine");

  ExportProgress progress;
  const ExportReport report =
      export_tree(*store_, tree, "", folder_ / "out", progress, Existing::replace);
  EXPECT_EQ(report.failed, 3u);
  for (const char* kept : {"large", "larger", "small"})
    EXPECT_EQ(read_file(folder_ / "out" / kept), "mine") << kept;
  EXPECT_EQ(read_file(folder_ / "out/well"), "new");
  EXPECT_EQ(fs::read_symlink(folder_ / "out/link"), "well");
  EXPECT_EQ(written().size(), names.size());
}

TEST_F(ExporterDamageTest, ALostSegmentLosesItsEntriesAndNothingElse) {
  std::vector<Entry> entries;
  for (int i = 0; i < 30; ++i)
    entries.push_back({.name = fmt::format("folder-{:02}", i), .kind = EntryKind::folder});
  for (int i = 0; i < 30; ++i)
    for (int j = 0; j < 500; ++j)
      entries.push_back(file(fmt::format("folder-{:02}", i), fmt::format("{:03}", j), "content"));
  texts_ = {"content"};
  const Digest root = write_tree(entries);
  const auto whole = tree::Manifest::open(store_->chunks, segments_, root);
  ASSERT_GT(whole->segments().size(), 2u);
  // The first of them has the entries of the folders.
  for (const std::size_t lost : {std::size_t{0}, whole->segments().size() - 1}) {
    const auto& segment = whole->segments()[lost];
    const auto lossy =
        tree::Manifest::open(std::make_shared<LossyReader>(store_->chunks, segment.digest),
                             std::make_shared<tree::SegmentCache>(64 << 20), root);
    ExportProgress progress;
    const ExportReport report = export_tree(*store_, lossy, "", folder_ / "out", progress);
    EXPECT_EQ(report.failed, segment.count);
    ASSERT_EQ(report.failures.size(), 1u);
    EXPECT_EQ(report.failures[0].path, "");
    EXPECT_NE(report.failures[0].reason.find("are lost"), std::string::npos);
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "out"))
      files += entry.is_regular_file() ? 1 : 0;
    const std::size_t lost_folders = lost == 0 ? 30 : 0;
    EXPECT_EQ(files, 15'000 - segment.count + lost_folders);
    fs::remove_all(folder_ / "out");
  }
}

TEST_F(ExporterDamageTest, WhatLiesBelowALostFolderIsWritten) {
  std::vector<Entry> entries;
  for (int i = 0; i < 30; ++i)
    entries.push_back({.name = fmt::format("folder-{:02}", i), .kind = EntryKind::folder});
  for (int i = 0; i < 30; ++i)
    for (int j = 0; j < 500; ++j)
      entries.push_back(file(fmt::format("folder-{:02}", i), fmt::format("{:03}", j), "content"));
  texts_ = {"content"};
  const Digest root = write_tree(entries);
  const auto whole = tree::Manifest::open(store_->chunks, segments_, root);
  const auto lossy = tree::Manifest::open(
      std::make_shared<LossyReader>(store_->chunks, whole->segments()[0].digest),
      std::make_shared<tree::SegmentCache>(64 << 20), root);
  ExportProgress progress;
  const ExportReport report = export_tree(*store_, lossy, "folder-29", folder_ / "out", progress);
  ASSERT_EQ(report.failures.size(), 1u);
  EXPECT_EQ(report.failures[0].path, "folder-29");
  EXPECT_EQ(written().size(), 500u);
  EXPECT_THROW(export_tree(*store_, lossy, "folder-", folder_ / "none", progress), Error);
  EXPECT_FALSE(fs::exists(folder_ / "none"));
}

TEST_F(ExporterDamageTest, NoRoomEndsItWithOneSentence) {
  for (int i = 0; i < 50; ++i)
    testing::write_file(folder_ / "s" / std::to_string(i), testing::random_bytes(100'000, i));
  const auto tree = store_->manifest(testing::create_version(*store_, folder_ / "s").record);
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit narrow{.rlim_cur = 50'000, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &narrow);
  std::string message;
  ErrorKind kind = ErrorKind::corrupt;
  try {
    ExportProgress progress;
    export_tree(*store_, tree, "", folder_ / "out", progress);
  } catch (const Error& error) {
    message = error.what();
    kind = error.kind();
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(kind, ErrorKind::no_space) << message;
  EXPECT_NE(message.find("is an incomplete copy"), std::string::npos) << message;
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

TEST_F(ExporterDamageTest, WhatCannotBeWrittenIsReported) {
  const std::string too_long(300, 'n');
  const ExportReport report =
      export_tree_of({{.name = too_long, .kind = EntryKind::symlink, .target = "anywhere"},
                      file("", "well", "text")});
  EXPECT_EQ(report.failed, 1u);
  EXPECT_TRUE(fs::exists(folder_ / "out/well"));
}

}  // namespace
}  // namespace grid::care
