#include "tree/manifest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/error.h"
#include "store/chunk_session.h"
#include "tests/support/memory_backend.h"
#include "tree/manifest_writer.h"

namespace grid::tree {
namespace {

class ManifestTest : public ::testing::Test {
 protected:
  static void sort(std::vector<Entry>& entries) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return compare_keys(a.folder, a.name, b.folder, b.name) < 0;
    });
  }

  std::shared_ptr<const Manifest> write(const std::vector<Entry>& entries) {
    store::ChunkSession session(*chunks_, stored_);
    std::vector<std::unique_ptr<store::ChunkWriter>> writers;
    writers.push_back(std::make_unique<store::ChunkWriter>(session));
    ManifestWriter writer(*writers[0]);
    for (const Entry& entry : entries) writer.add(entry);
    Digest root = writer.finish();
    session.finish(std::move(writers));
    return Manifest::open(chunks_, segments_, root);
  }

  // `folders` × `files` files and their folders.
  static std::vector<Entry> many(int folders, int files) {
    std::vector<Entry> entries;
    for (int i = 0; i < folders; ++i) {
      std::string folder = "class-" + std::to_string(i);
      entries.push_back({.name = folder, .kind = EntryKind::folder});
      for (int j = 0; j < files; ++j) {
        std::string name = std::to_string(j) + ".png";
        entries.push_back({.folder = folder,
                           .name = name,
                           .executable = j % 2 == 0,
                           .size = static_cast<std::uint64_t>(i * j),
                           .mtime_ns = i - j,
                           .content = {digest_of(as_bytes(i * j == 0 ? "" : folder + name)), 0}});
      }
    }
    sort(entries);
    return entries;
  }

  std::shared_ptr<testing::MemoryBackend> backend_ = std::make_shared<testing::MemoryBackend>();
  std::shared_ptr<store::ChunkStore> chunks_ =
      std::make_shared<store::ChunkStore>(backend_, store::make_store(*backend_));
  std::shared_ptr<SegmentCache> segments_ = std::make_shared<SegmentCache>(1 << 20);
  std::atomic<std::uint64_t> stored_ = 0;
};

TEST_F(ManifestTest, GivesBackEveryEntryInPlace) {
  std::vector<Entry> entries = many(50, 400);
  entries.push_back({.name = "link", .kind = EntryKind::symlink, .size = 7, .target = "../away"});
  entries.push_back({.folder = "class-3",
                     .name = "again",
                     .kind = EntryKind::hard_link,
                     .size = 13,
                     .target = "class-1/0.png"});
  sort(entries);
  std::shared_ptr<const Manifest> manifest = write(entries);
  EXPECT_GT(manifest->segments().size(), 2u);
  ASSERT_EQ(manifest->totals().entries, entries.size());
  EXPECT_EQ(manifest->totals().folders, 50u);
  EXPECT_EQ(manifest->totals().files, 20001u);
  EXPECT_EQ(manifest->totals().symlinks, 1u);
  EntryCursor cursor(manifest, {0, entries.size()});
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(cursor.next()->to_entry(), entries[i]);
    if (i % 97 == 0) {
      EXPECT_EQ(manifest->at(i).to_entry(), entries[i]);
      EXPECT_EQ(manifest->find(entries[i].folder, entries[i].name)->ordinal(), i);
      EXPECT_EQ(manifest->find_path(entries[i].path())->ordinal(), i);
    }
  }
  EXPECT_FALSE(cursor.next());
  for (const char* path : {"", "class-3/none", "none", "class-3/", "/class-3", "zzz", "link/x"})
    EXPECT_FALSE(manifest->find_path(path)) << path;
}

TEST_F(ManifestTest, KeepsTheObjectOfAFileInPlace) {
  auto in_place = [](std::string folder, std::string name, ObjectRef object) {
    Entry entry{.folder = std::move(folder), .name = std::move(name), .size = 9};
    entry.object = std::move(object);
    entry.content = source::content_in_place(entry.object, entry.size);
    return entry;
  };
  std::vector<Entry> entries = many(2, 3);
  // Keys that end like the path in every possible way, and one that does not.
  entries.push_back(in_place("", "x", {"bucket", "x", "\"e1\"", ""}));
  entries.push_back(in_place("", "y", {"bucket", "pre/y", "\"e2\"", "version-7"}));
  entries.push_back(in_place("class-0", "z", {"bucket", "pre/class-0/z", "\"e3\"", ""}));
  entries.push_back(in_place("class-1", "z", {"another", "other", "\"e4\"", ""}));
  sort(entries);
  std::shared_ptr<const Manifest> manifest = write(entries);
  for (std::size_t i = 0; i < entries.size(); ++i)
    EXPECT_EQ(manifest->at(i).to_entry(), entries[i]);
  EXPECT_EQ(manifest->totals().files_in_place, 4u);
  EXPECT_EQ(manifest->totals().bytes_in_place, 36u);
  EXPECT_EQ(manifest->totals().files, 10u);

  // Everything that names the object is covered by the root's digest.
  for (Entry& entry : entries)
    for (std::string* text :
         {&entry.object.bucket, &entry.object.key, &entry.object.etag, &entry.object.version_id}) {
      if (!entry.is_in_place()) continue;
      const Entry before = entry;
      text->insert(text->size() / 2, "x");
      entry.content = source::content_in_place(entry.object, entry.size);
      EXPECT_NE(write(entries)->root_digest(), manifest->root_digest());
      entry = before;
    }
}

// The model is a sorted vector; the tree is deliberately odd.
TEST_F(ManifestTest, RangesAreThoseOfASortedList) {
  std::uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  std::vector<Entry> entries;
  std::vector<std::string> folders = {""};
  for (int i = 0; i < 6000; ++i) {
    std::string folder = folders[random() % folders.size()];
    std::string name;
    do name += static_cast<char>("\x01 -.abc\xff"[random() % 8]);
    while (random() % 3 != 0);
    if (!is_valid_name(name)) continue;
    bool taken = std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      return entry.folder == folder && entry.name == name;
    });
    if (taken) continue;
    bool is_folder = random() % 4 == 0;
    entries.push_back({.folder = folder,
                       .name = name,
                       .kind = is_folder ? EntryKind::folder : EntryKind::file,
                       .content = {is_folder ? Digest() : digest_of({}), 0}});
    if (is_folder) folders.push_back(entries.back().path());
  }
  sort(entries);
  std::shared_ptr<const Manifest> manifest = write(entries);
  for (const std::string& folder : folders) {
    EntryRange children = manifest->children(folder), subtree = manifest->subtree(folder);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      bool child = entries[i].folder == folder;
      bool below = folder.empty() || child || entries[i].folder.starts_with(folder + "/");
      EXPECT_EQ(child, i - children.first < children.count) << folder << " " << entries[i].path();
      EXPECT_EQ(below, i - subtree.first < subtree.count) << folder << " " << entries[i].path();
    }
  }
  EXPECT_EQ(manifest->children("none").count, 0u);
}

TEST_F(ManifestTest, OneChangedFileWritesOneSegment) {
  std::vector<Entry> entries = many(50, 400);
  std::shared_ptr<const Manifest> before = write(entries);
  entries[10000].mtime_ns = 5;
  std::shared_ptr<const Manifest> after = write(entries);
  ASSERT_EQ(before->segments().size(), after->segments().size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < before->segments().size(); ++i)
    if (before->segments()[i].digest != after->segments()[i].digest) ++different;
  EXPECT_EQ(different, 1u);
}

TEST_F(ManifestTest, AnAddedFileMovesNoOtherSegment) {
  std::vector<Entry> entries = many(50, 400);
  std::shared_ptr<const Manifest> before = write(entries);
  entries.push_back({.folder = "class-17", .name = "new", .content = {digest_of({}), 0}});
  sort(entries);
  std::shared_ptr<const Manifest> after = write(entries);
  std::set<Digest> known;
  for (const auto& segment : before->segments()) known.insert(segment.digest);
  std::size_t different = 0;
  for (const auto& segment : after->segments())
    if (!known.contains(segment.digest)) ++different;
  EXPECT_LE(different, 2u);
}

TEST_F(ManifestTest, AnEmptyTreeHasNoEntries) {
  std::shared_ptr<const Manifest> manifest = write({});
  EXPECT_EQ(manifest->totals(), TreeTotals());
  EXPECT_FALSE(manifest->find_path("a"));
  EXPECT_EQ(manifest->children("").count, 0u);
}

TEST_F(ManifestTest, NoDamagedSegmentIsReadPastItsEnd) {
  std::vector<Entry> entries = {
      {.name = "a", .kind = EntryKind::folder},
      {.folder = "a", .name = "b", .size = 3, .content = {digest_of(as_bytes("b")), 0}},
      {.folder = "a", .name = "c", .kind = EntryKind::symlink, .size = 1, .target = "b"}};
  entries.push_back({.folder = "a", .name = "d", .size = 2});
  entries.back().object = {"bucket", "pre/a/d", "\"etag\"", "v"};
  entries.back().content = source::content_in_place(entries.back().object, 2);
  Bytes bytes = encode_segment(entries);
  ASSERT_EQ(Segment(bytes).entry(3), entries[3]);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (unsigned value : {0x00u, 0x01u, 0x2fu, 0x80u, 0xffu}) {
      Bytes hostile = bytes;
      hostile[i] = static_cast<std::byte>(value);
      try {
        Segment segment(hostile);
        for (std::uint32_t j = 0; j < segment.count(); ++j) {
          Entry entry = segment.entry(j);
          EXPECT_TRUE(is_valid_name(entry.name));
          EXPECT_TRUE(segment.lower_bound(entry.folder, entry.name) == j);
        }
      } catch (const Error&) {
      }
    }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(Segment(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))),
                 Error);
}

TEST_F(ManifestTest, NothingIsWrittenThatNoReaderAccepts) {
  const Content empty{digest_of({}), 0};
  const std::vector<std::vector<Entry>> refused = {
      {{.name = "..", .content = empty}},
      {{.name = "a"}},  // its content is not that of no bytes
      {{.name = "a", .kind = EntryKind::symlink}},
      {{.name = "b", .content = empty}, {.name = "a", .content = empty}},
      {{.name = "a", .content = empty}, {.name = "a", .content = empty}},
      {{.name = "a", .size = std::uint64_t{1} << 50, .content = {empty.digest, 3}}}};
  for (const std::vector<Entry>& entries : refused)
    EXPECT_THROW(write(entries), Error) << entries.back().path();
}

TEST_F(ManifestTest, NoDamagedRootIsReadPastItsEnd) {
  ManifestRoot root{
      .totals = {.entries = 5, .files = 5, .bytes = 10, .files_in_place = 1, .bytes_in_place = 2},
      .segments = {{.count = 2, .size = 1000, .first_name = "a"},
                   {.digest = digest_of({}),
                    .count = 3,
                    .size = 1000,
                    .first_folder = "b",
                    .first_name = "c"}},
      .link_counts = {{"b/c", 2}}};
  Bytes bytes = encode_root(root);
  EXPECT_EQ(decode_root(bytes).link_counts, root.link_counts);
  EXPECT_EQ(decode_root(bytes).totals, root.totals);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    for (unsigned value : {0x00u, 0x01u, 0x80u, 0xffu}) {
      Bytes hostile = bytes;
      hostile[i] = static_cast<std::byte>(value);
      try {
        decode_root(hostile);
      } catch (const Error&) {
      }
    }
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(decode_root(BytesView(bytes).first(size)), Error);
}

}  // namespace
}  // namespace grid::tree
