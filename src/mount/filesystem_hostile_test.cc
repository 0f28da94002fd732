// A mount of a version that someone has made to break it: every question is answered or fails as an
// error, and damage to one name is not damage to another.
#include <gtest/gtest.h>

#include <atomic>
#include <limits>

#include "base/error.h"
#include "mount/filesystem.h"
#include "store/chunk_session.h"
#include "tests/support/created_store.h"
#include "tree/manifest_writer.h"

namespace grid::mount {
namespace {

using tree::Entry;
using tree::EntryKind;

class FilesystemHostileTest : public ::testing::Test {
 protected:
  // Version 1 of `cats` with these entries, whether or not they make a valid tree.
  void publish(const std::vector<Entry>& entries) {
    std::atomic<std::uint64_t> stored = 0;
    store::ChunkSession session(*store_->chunks, stored);
    std::vector<std::unique_ptr<store::ChunkWriter>> writers;
    writers.push_back(std::make_unique<store::ChunkWriter>(session));
    writers[0]->put(as_bytes("text"));
    tree::ManifestWriter writer(*writers[0]);
    for (const Entry& entry : entries) writer.add(entry);
    const Digest root = writer.finish();
    session.finish(std::move(writers));
    store_->datastores->publish(
        "cats", {.root = root, .created = "2026-01-01T00:00:00Z", .totals = writer.totals()});
  }
  static Entry file(std::string folder, std::string name) {
    return {.folder = std::move(folder),
            .name = std::move(name),
            .size = 4,
            .content = {digest_of(as_bytes("text")), 0}};
  }

  // The node at a path; empty if there is none, or if an error says so.
  static std::optional<Attributes> find(Filesystem& filesystem, std::string_view path) {
    Attributes found{.node = top_node, .kind = NodeKind::folder};
    try {
      while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        const auto result = filesystem.lookup(found.node, path.substr(0, slash));
        if (!result.attributes) return std::nullopt;
        found = *result.attributes;
        path.remove_prefix(std::min(slash + 1, path.size()));
      }
    } catch (const Error&) {
      return std::nullopt;
    }
    return found;
  }
  static std::size_t count_entries(Filesystem& filesystem, Node folder) {
    std::size_t count = 0;
    filesystem.read_folder(folder, 0, [&](const FolderEntry&) { return ++count < 1000; });
    return count;
  }

  testing::CreatedStore created_;
  const std::shared_ptr<dataset::OpenStore> store_ = created_.store();
};

TEST_F(FilesystemHostileTest, WhatHasNoFolderOrALinkAboveItIsNotReached) {
  publish({{.name = "link", .kind = EntryKind::symlink, .target = "/"},
           file("", "well"),
           file("link", "below-a-link"),
           file("lost", "without-a-folder"),
           file("well", "below-a-file")});
  Filesystem filesystem(store_);
  for (const char* path : {"cats/1/lost", "cats/1/lost/without-a-folder",
                           "cats/1/link/below-a-link", "cats/1/well/below-a-file"})
    EXPECT_FALSE(find(filesystem, path)) << path;
  // Which is damage to be named by `verify`; a reader may refuse all of the segment.
  if (const auto well = find(filesystem, "cats/1/well")) {
    Bytes scratch;
    EXPECT_EQ(as_text(filesystem.read_node(well->node, 0, 4, scratch)), "text");
  }
}

TEST_F(FilesystemHostileTest, HardLinksThatLeadNowhereAreErrors) {
  publish({{.name = "f", .kind = EntryKind::folder},
           {.name = "to-a-folder", .kind = EntryKind::hard_link, .target = "f"},
           {.name = "to-nothing", .kind = EntryKind::hard_link, .target = "none"}});
  Filesystem filesystem(store_);
  for (const char* path : {"cats/1/to-a-folder", "cats/1/to-nothing"})
    EXPECT_FALSE(find(filesystem, path)) << path;
  if (const auto top = find(filesystem, "cats/1")) {
    try {
      EXPECT_LE(count_entries(filesystem, top->node), 7u);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt) << error.what();
    }
  }
}

TEST_F(FilesystemHostileTest, NumbersThatMeanNothingAreErrors) {
  publish({file("", "a")});
  Filesystem filesystem(store_);
  find(filesystem, "cats/1/a");
  for (const Node node : {Node{0}, Node{2}, Node{1} << 40, ~Node{0}, (Node{3} << 40) + 99}) {
    try {
      Bytes scratch;
      filesystem.read_node(node, 0, 10, scratch);
      ADD_FAILURE() << node;
    } catch (const Error&) {  // as it should be
    }
  }
}

TEST_F(FilesystemHostileTest, TimesAtTheLimitsAreKept) {
  constexpr auto first = std::numeric_limits<std::int64_t>::min();
  constexpr auto last = std::numeric_limits<std::int64_t>::max();
  Entry early = file("", "early"), late = file("", "late");
  early.mtime_ns = first;
  late.mtime_ns = last;
  publish({early, late});
  Filesystem filesystem(store_);
  const auto found_early = find(filesystem, "cats/1/early");
  const auto found_late = find(filesystem, "cats/1/late");
  ASSERT_TRUE(found_early && found_late);
  EXPECT_EQ(found_early->mtime_ns, first);
  EXPECT_EQ(found_late->mtime_ns, last);
}

}  // namespace
}  // namespace grid::mount
