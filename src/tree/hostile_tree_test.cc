// Each rule of docs/format.md that concerns segments, roots and trees, broken by itself.

#include <gtest/gtest.h>

#include "store/chunk_store.h"
#include "tests/support/expect_error.h"
#include "tests/support/hostile_store.h"
#include "tests/support/memory_backend.h"
#include "tree/manifest.h"
#include "tree/root.h"
#include "tree/rules.h"
#include "tree/tree_check.h"

namespace grid::tree {
namespace {

using namespace testing;

const Digest some_digest = digest_of(as_bytes("some content"));
const std::string etag = "\"0123456789abcdef\"";

// A segment with an entry of each kind. Numbers of the entries: see below.
HostileSegment valid_segment() {
  return {.entries = {folder_entry("", "a"), file_entry("", "b", 3, some_digest),
                      link_entry(hostile_hard_link, "", "h", "b"),
                      link_entry(hostile_symlink, "", "s", "../anywhere"), file_entry("a", "x"),
                      in_place_entry("a", "y", object_text("bucket", "key/", 2, etag, "v.1"))}};
}
constexpr std::size_t a_folder = 0, a_file = 1, a_hard_link = 2, a_symlink = 3, an_empty_file = 4,
                      a_file_in_place = 5;

template <class Structure>
struct Harm {
  const char* reason;  // part of the refusal
  std::function<void(Structure&)> done;
};

TEST(HostileSegment, TheOneThatIsHarmedBelowIsValid) {
  const Segment segment(hostile_bytes(valid_segment()));
  EXPECT_EQ(segment.count(), 6u);
  EXPECT_EQ(segment.object(a_file_in_place),
            (ObjectRef{.bucket = "bucket", .key = "key/y", .etag = etag, .version_id = "v.1"}));
  HostileSegment odd = valid_segment();
  odd.entries[a_file].mtime_ns = INT64_MIN;
  odd.entries[a_hard_link].mtime_ns = INT64_MAX;
  odd.entries[a_file].flags = hostile_executable;
  odd.entries[a_file].size = file_size_max;
  odd.entries[a_file].depth = 8;
  odd.entries[a_hard_link] = link_entry(hostile_hard_link, "", "h", "somewhere/else");
  Segment{hostile_bytes(odd)};
}

TEST(HostileSegment, IsRefusedWhateverRuleItBreaks) {
  using S = HostileSegment;
  auto spoiled = [](auto at, auto value) {
    return [=](S& s) { s.spoil = [=](Bytes& bytes) { overwrite(bytes, at, value); }; };
  };
  auto object = [](std::string text) {
    return [=](S& s) { s.entries[a_file_in_place].behind = text; };
  };
  const std::vector<Harm<S>> harms = {
      {"not zero", spoiled(6, std::uint16_t{1})},
      {"not zero", spoiled(20, std::uint8_t{1})},
      {"not zero", spoiled(31, std::uint8_t{1})},
      {"no segment header", spoiled(0, std::uint8_t{0})},
      {"no entries", [](S& s) { s.entries.clear(); }},
      {"has none", [](S& s) { s.entries.pop_back(), s.format = 2; }},
      {"reference to an object", [](S& s) { s.format = 1; }},
      {"length", [](S& s) { s.spoil = [](Bytes& bytes) { append(bytes, std::uint8_t{0}); }; }},
      {"length", [](S& s) { s.spoil = [](Bytes& bytes) { bytes.pop_back(); }; }},
      {"kind is damaged", [](S& s) { s.entries[a_file].kind = 0; }},
      {"kind is damaged", [](S& s) { s.entries[a_file].kind = 5; }},
      {"kind is damaged", [](S& s) { s.entries[a_file].flags = 32; }},
      {"kind is damaged", [](S& s) { s.entries[a_folder].flags = 128; }},
      {"executable", [](S& s) { s.entries[a_folder].flags = hostile_executable; }},
      {"executable", [](S& s) { s.entries[a_symlink].flags = hostile_executable; }},
      {"executable", [](S& s) { s.entries[a_hard_link].flags = hostile_executable; }},
      {"invalid name", [](S& s) { s.entries[a_folder].name = ".."; }},
      {"invalid name", [](S& s) { s.entries[a_folder].name = "."; }},
      {"invalid name", [](S& s) { s.entries[a_folder].name = ""; }},
      {"invalid name", [](S& s) { s.entries[a_folder].name = "a/b"; }},
      {"invalid name", [](S& s) { s.entries[a_folder].name = std::string("a\0b", 3); }},
      {"path is damaged", [](S& s) { s.entries[4].folder = s.entries[5].folder = "/a"; }},
      {"path is damaged", [](S& s) { s.entries[4].folder = s.entries[5].folder = "a/"; }},
      {"path is damaged", [](S& s) { s.entries[4].folder = s.entries[5].folder = "a//b"; }},
      {"path is damaged", [](S& s) { s.entries[4].folder = s.entries[5].folder = "a/../b"; }},
      {"out of order", [](S& s) { std::swap(s.entries[a_folder], s.entries[a_file]); }},
      {"out of order", [](S& s) { s.entries[a_folder].name = "b"; }},
      {"out of order",
       [](S& s) { std::rotate(s.entries.begin(), s.entries.begin() + 4, s.entries.end()); }},
      {"to itself",
       [](S& s) {
         s.entries[a_hard_link].behind = "h";
         s.entries[a_hard_link].size = 1;
       }},
      {"a path",
       [](S& s) { s.entries[a_hard_link] = link_entry(hostile_hard_link, "", "h", "../x"); }},
      {"a path", [](S& s) { s.entries[a_hard_link] = link_entry(hostile_hard_link, "", "h", ""); }},
      {"a path",
       [](S& s) { s.entries[a_hard_link] = link_entry(hostile_hard_link, "", "h", "/b"); }},
      {"a path",
       [](S& s) { s.entries[a_hard_link] = link_entry(hostile_hard_link, "", "h", "a/"); }},
      {"empty", [](S& s) { s.entries[a_symlink] = link_entry(hostile_symlink, "", "s", ""); }},
      {"zero byte", [](S& s) { s.entries[a_symlink].behind[3] = '\0'; }},
      {"name or target", [](S& s) { s.entries[a_symlink].size = 1'000'000; }},
      {"name or target", [](S& s) { s.entries[a_symlink].size = UINT64_MAX; }},
      {"128 TiB", [](S& s) { s.entries[a_file].size = file_size_max + 1; }},
      {"128 TiB", [](S& s) { s.entries[a_file_in_place].size = file_size_max + 1; }},
      {"unknown depth", [](S& s) { s.entries[a_file].depth = 9; }},
      {"unknown depth", [](S& s) { s.entries[a_file].depth = 255; }},
      {"is empty", [](S& s) { s.entries[a_file].size = 0; }},
      {"is empty", [](S& s) { s.entries[an_empty_file].depth = 1; }},
      {"a chunk", [](S& s) { s.entries[a_file].size = (256 << 20) + 1; }},
      {"has a size", [](S& s) { s.entries[a_folder].size = 1; }},
      {"has a content", [](S& s) { s.entries[a_folder].content = some_digest; }},
      {"has a content", [](S& s) { s.entries[a_symlink].depth = 1; }},
      {"has a content", [](S& s) { s.entries[a_hard_link].content = some_digest; }},
      {"reference to an object", [](S& s) { s.entries[a_folder].flags = hostile_in_place; }},
      {"a content too", [](S& s) { s.entries[a_file_in_place].depth = 1; }},
      {"a content too", [](S& s) { s.entries[a_file_in_place].content = some_digest; }},
      {"reference to an object", object("")},
      {"reference to an object", object(object_text("bucket", "key/", 4, etag))},
      {"reference to an object", object(object_text("bucket", "key/", 2, etag).substr(0, 30))},
      {"no key", object(object_text("bucket", "", 3, etag))},
      {"1024", object(object_text("bucket", std::string(1024, 'k'), 2, etag))},
      {"zero byte", object(object_text("bucket", std::string_view("\0", 1), 2, etag))},
      {"ETag", object(object_text("bucket", "key/", 2, ""))},
      {"ETag", object(object_text("bucket", "key/", 2, "\"\""))},
      {"ETag", object(object_text("bucket", "key/", 2, "\"a\r\nX-Evil: 1\""))},
      {"ETag", object(object_text("bucket", "key/", 2, "\"a b\""))},
      {"ETag", object(object_text("bucket", "key/", 2, "\"a\"b\""))},
      {"version id", object(object_text("bucket", "key/", 2, etag, "a\nb"))},
      {"version id", object(object_text("bucket", "key/", 2, etag, "\xff"))},
      {"bucket", object(object_text("", "key/", 2, etag))},
      {"bucket", object(object_text("b", "key/", 2, etag))},
      {"bucket", object(object_text("a..b", "key/", 2, etag))},
      {"bucket", object(object_text("evil.example/x", "key/", 2, etag))},
  };
  for (std::size_t i = 0; i < harms.size(); ++i) {
    SCOPED_TRACE(i);
    HostileSegment segment = valid_segment();
    harms[i].done(segment);
    expect_error(ErrorKind::corrupt, harms[i].reason, [&] { Segment{hostile_bytes(segment)}; });
  }
  HostileSegment newer = valid_segment();
  newer.format = 3;
  expect_error(ErrorKind::unsupported, "format 3", [&] { Segment{hostile_bytes(newer)}; });
}

// The folder records of the valid segment, spoiled: u32 offset, u32 length, u32 first entry each.
TEST(HostileSegment, FolderRecordsMustCoverTheEntriesWithoutAGap) {
  const std::size_t records = 32 + 52 * 6;
  for (auto [at, value] :
       {std::pair{8, 1}, {20, 0}, {20, 6}, {20, 7}, {4, 100'000}, {0, 100'000}}) {
    SCOPED_TRACE(fmt::format("{} {}", at, value));
    HostileSegment segment = valid_segment();
    segment.spoil = [&, at = at, value = value](Bytes& bytes) {
      overwrite(bytes, records + static_cast<std::size_t>(at), value);
    };
    EXPECT_THROW(Segment{hostile_bytes(segment)}, Error);
  }
}

// 5,000 names of 60,000 bytes that overlap in 120,000: checking them must not cost more than a
// segment without shared texts can.
TEST(HostileSegment, TextsAreNotSharedWithoutEnd) {
  static constexpr std::size_t count = 5000, size = 60'000;
  HostileSegment segment;
  for (std::size_t i = 0; i < count; ++i)
    segment.entries.push_back(file_entry("", std::string(1, static_cast<char>(1 + i % 100))));
  segment.spoil = [](Bytes& bytes) {
    bytes.resize(32 + 56 * count + 12);
    overwrite(bytes, 16, static_cast<std::uint32_t>(2 * size));
    append(bytes, as_bytes(std::string(size, 'a') + std::string(size, 'b')));
    for (std::size_t i = 0; i < count; ++i) {
      overwrite(bytes, 32 + 48 * count + 4 * i, static_cast<std::uint32_t>(i));
      overwrite(bytes, 32 + 52 * count + 12 + 2 * i, static_cast<std::uint16_t>(size));
    }
    overwrite(bytes, 32 + 52 * count + 4, std::uint32_t{0});
  };
  expect_error(ErrorKind::corrupt, "shared too often", [&] { Segment{hostile_bytes(segment)}; });
}

class HostileTree : public ::testing::Test {
 protected:
  std::shared_ptr<const Manifest> open(const HostileRoot& root) {
    return Manifest::open(chunks_, std::make_shared<SegmentCache>(1 << 20), store_.put(root));
  }
  // What TreeCheck reports: "path: reason", one a line.
  std::string check(const HostileRoot& root) {
    std::string text;
    const std::shared_ptr<const Manifest> manifest = open(root);
    TreeCheck check(manifest, [&](std::string path, std::string reason) {
      text += fmt::format("{}: {}\n", path, reason);
    });
    for (std::size_t i = 0; i < manifest->segments().size(); ++i) check.add(manifest->segment(i));
    check.finish();
    return text;
  }
  std::string check(std::vector<HostileEntry> entries) {
    return check(store_.root_of({{.entries = std::move(entries)}}));
  }
  // Two segments: a folder with two files, and a second folder.
  HostileRoot valid_root() {
    return store_.root_of(
        {{.entries = {folder_entry("", "a"), folder_entry("", "b"), file_entry("a", "x")}},
         {.entries = {file_entry("a", "y"), link_entry(hostile_hard_link, "b", "z", "a/x")}}});
  }

  std::shared_ptr<MemoryBackend> backend_ = std::make_shared<MemoryBackend>();
  HostileStore store_{backend_};
  std::shared_ptr<store::ChunkStore> chunks_ =
      std::make_shared<store::ChunkStore>(backend_, store::make_store(*backend_));
};

TEST_F(HostileTree, ARootIsRefusedWhateverRuleItBreaks) {
  using R = HostileRoot;
  auto spoiled = [](auto at, auto value) {
    return [=](R& r) { r.spoil = [=](Bytes& bytes) { overwrite(bytes, at, value); }; };
  };
  const std::vector<Harm<R>> harms = {
      {"no tree root header", spoiled(0, std::uint8_t{0})},
      {"not zero", spoiled(6, std::uint16_t{1})},
      {"cut off", spoiled(8, std::uint32_t{UINT32_MAX})},
      {"cut off", spoiled(12, std::uint32_t{UINT32_MAX})},
      {"cut off", spoiled(56 + 40, std::uint32_t{UINT32_MAX})},
      {"too long", [](R& r) { r.spoil = [](Bytes& bytes) { append(bytes, std::uint8_t{0}); }; }},
      {"has none", [](R& r) { r.format = 2; }},
      {"are not its entries", [](R& r) { ++r.totals.files; }},
      {"are not its entries", [](R& r) { r.totals.files = UINT64_MAX, r.totals.folders += 4; }},
      {"so many bytes", [](R& r) { r.totals.bytes = 3 * file_size_max + 1; }},
      {"in place", [](R& r) { r.totals.files_in_place = 4; }},
      {"in place", [](R& r) { r.totals.files_in_place = r.totals.bytes_in_place = 1; }},
      {"entries", [](R& r) { ++r.totals.entries, ++r.totals.folders; }},
      {"its size", [](R& r) { r.segments[0].count = 0; }},
      {"its size", [](R& r) { r.segments[0].size = 3 * 56 - 1; }},
      {"its size", [](R& r) { r.segments[0].size = (256 << 20) + 1; }},
      {"invalid path", [](R& r) { r.segments[0].first_name = ""; }},
      {"invalid path", [](R& r) { r.segments[1].first_folder = "a/.."; }},
      {"out of order", [](R& r) { std::swap(r.segments[0], r.segments[1]); }},
      {"out of order", [](R& r) { r.segments[1] = r.segments[0]; }},
      {"twice", [](R& r) { r.segments[1].digest = r.segments[0].digest; }},
      {"fewer than two", [](R& r) { r.links[0].second = 1; }},
      {"invalid path", [](R& r) { r.links[0].first = "../x"; }},
      {"unsorted",
       [](R& r) {
         r.links = {{"a/y", 2}, {"a/x", 2}}, r.totals.files += 1, r.totals.folders -= 1;
       }},
      {"unsorted",
       [](R& r) {
         r.links = {{"a/x", 2}, {"a/x", 2}}, r.totals.files += 1, r.totals.folders -= 1;
       }},
      {"more names", [](R& r) { r.links[0].second = 4; }},
  };
  EXPECT_EQ(open(valid_root())->totals().entries, 5u);
  EXPECT_EQ(check(valid_root()), "");
  for (std::size_t i = 0; i < harms.size(); ++i) {
    SCOPED_TRACE(i);
    HostileRoot root = valid_root();
    harms[i].done(root);
    expect_error(ErrorKind::corrupt, harms[i].reason, [&] { open(root); });
  }
}

TEST_F(HostileTree, ASegmentMustBeWhatTheRootSays) {
  using R = HostileRoot;
  const std::vector<Harm<R>> harms = {
      {"entries, the root says",
       [](R& r) { ++r.segments[0].count, ++r.totals.entries, ++r.totals.folders; }},
      {"bytes", [](R& r) { ++r.segments[0].size; }},
      {"begins with another", [](R& r) { r.segments[0].first_name = "0"; }},
      {"behind where the next",
       [](R& r) {
         r.segments[1].first_folder = "";
         r.segments[1].first_name = "c";
       }},
  };
  for (std::size_t i = 0; i < harms.size(); ++i) {
    SCOPED_TRACE(i);
    HostileRoot root = valid_root();
    harms[i].done(root);
    const auto manifest = open(root);
    for (int tries = 0; tries < 2; ++tries)
      expect_error(ErrorKind::corrupt, harms[i].reason, [&] { manifest->segment(0); });
    EXPECT_THROW(manifest->find_path("a/w"), Error);
  }
  const HostileSegment in_place{
      .entries = {in_place_entry("", "p", object_text("bucket", "", 0, etag))}};
  HostileRoot root = store_.root_of({in_place});
  root.totals.files_in_place = root.totals.bytes_in_place = 0;
  const auto manifest = open(root);
  expect_error(ErrorKind::corrupt, "says that there are none", [&] { manifest->segment(0); });
}

TEST_F(HostileTree, EveryFolderMustHaveAnEntryOfItsKind) {
  EXPECT_EQ(check({folder_entry("", "a"), folder_entry("a", "b"), file_entry("a/b", "c")}), "");
  EXPECT_EQ(check({file_entry("a", "x"), file_entry("a", "y"), file_entry("a/b", "z")}),
            "a: there are entries below it, but it is not there\n"
            "a/b: there are entries below it, but it is not there\n");
  EXPECT_EQ(check({link_entry(hostile_symlink, "", "a", "/etc"), file_entry("a", "passwd")}),
            "a: there are entries below it, but it is a symlink\n");
  EXPECT_EQ(check({file_entry("", "a"), file_entry("a", "x")}),
            "a: there are entries below it, but it is a file\n");
}

TEST_F(HostileTree, AHardLinkMustLeadToAFile) {
  auto hard = [](std::string name, std::string target) {
    return link_entry(hostile_hard_link, "", std::move(name), std::move(target));
  };
  EXPECT_EQ(check({file_entry("", "a"), hard("b", "a"), hard("c", "a")}), "");
  EXPECT_EQ(check({hard("a", "b"), file_entry("", "b")}), "");
  EXPECT_EQ(check({hard("b", "a"), file_entry("", "z")}),
            "a: the root says that it has 2 names, but it is not there\n"
            "b: is a hard link to a, which is not there\n");
  EXPECT_EQ(check({folder_entry("", "a"), hard("b", "a"), file_entry("", "z")}),
            "a: the root says that it has 2 names, but it is a folder\n"
            "b: is a hard link to a, which is a folder\n");
  EXPECT_EQ(check({link_entry(hostile_symlink, "", "a", "/etc/passwd"), hard("b", "a"),
                   file_entry("", "z")}),
            "a: the root says that it has 2 names, but it is a symlink\n"
            "b: is a hard link to a, which is a symlink\n");
  EXPECT_EQ(check({file_entry("", "a"), hard("b", "a"), hard("c", "b"), file_entry("", "z")}),
            "b: the root says that it has 2 names, but it is a hard_link\n"
            "c: is a hard link to b, which is a hard_link\n");
}

TEST_F(HostileTree, TheRootMustCountRightly) {
  const std::vector<Harm<HostileRoot>> harms = {
      {": the root counts 4 files, its tree has 3\n: the root counts 1 folders, its tree has 2\n",
       [](HostileRoot& r) { ++r.totals.files, --r.totals.folders; }},
      {": the root counts 1 symbolic links, its tree has 0\n",
       [](HostileRoot& r) { ++r.totals.symlinks, --r.totals.folders; }},
      {": the root counts 7 bytes, its tree has 0\n", [](HostileRoot& r) { r.totals.bytes = 7; }},
      {"b/z: is a hard link to a/x, which does not have several names",
       [](HostileRoot& r) { r.links.clear(); }},
      {"a/x: the root says that it has 3 names, its tree has 2\n",
       [](HostileRoot& r) { r.links[0].second = 3; }},
      {"a/y: the root says that it has 2 names, its tree has 1\n",
       [](HostileRoot& r) {
         r.links = {{"a/y", 2}};
       }},
  };
  for (std::size_t i = 0; i < harms.size(); ++i) {
    SCOPED_TRACE(i);
    HostileRoot root = valid_root();
    harms[i].done(root);
    const std::string found = check(root);
    EXPECT_NE(found.find(harms[i].reason), std::string::npos) << found;
  }
}

TEST_F(HostileTree, WhatDependsOnALostSegmentIsNotJudged) {
  HostileRoot root = valid_root();
  root.segments[0].digest = digest_of(as_bytes("lost"));
  std::string text;
  const auto manifest = open(root);
  TreeCheck check(manifest, [&](std::string path, std::string) { text += path + "\n"; });
  EXPECT_THROW(manifest->segment(0), Error);
  check.add_lost();
  check.add(manifest->segment(1));
  check.finish();
  EXPECT_EQ(text, "");
}

}  // namespace
}  // namespace grid::tree
