#include "care/archive_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "tests/support/created_store.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"

namespace grid::care {
namespace {

namespace fs = std::filesystem;
using testing::write_file;

class ArchiveStreamTest : public ::testing::Test {
 protected:
  ArchiveStreamTest() {
    const fs::path top = folder_ / "source";
    write_file(top / "a.txt", "0123456789");
    write_file(top / "empty", "");
    write_file(top / "sub/\xff\xfe name", "not UTF-8");
    write_file(top / "sub/K\xc3\xa4tzchen", "UTF-8");
    write_file(top / ("sub/" + std::string(120, 'l')), "long");
    write_file(top / "sub/big", testing::random_bytes(3000000, 1));
    write_file(top / "sub/middle", testing::random_bytes(500000, 2));
    write_file(top / "sub/exact", testing::random_bytes(17 * 65535, 3));
    fs::permissions(top / "a.txt", fs::perms::owner_all);
    fs::create_directory(top / "hollow");
    fs::create_symlink("a.txt", top / "link");
    fs::create_hard_link(top / "sub/middle", top / "sub/other");
    fs::create_hard_link(top / "a.txt", top / "sub/outside");
    store_.create("cats", top);
  }

  std::shared_ptr<const tree::Manifest> manifest(const std::string& name) {
    return store_.store()->manifest(store_.store()->datastores->resolve({.name = name}).record);
  }
  std::string archive(ArchiveFormat format, const std::string& path = "") {
    return archive(format, Selection::all_of(manifest("cats"), path), path);
  }
  std::string archive(ArchiveFormat format, const Selection& selection, const std::string& path) {
    std::string text;
    ArchiveStream stream(store_.store(), selection, path, "top", format);
    for (BytesView piece; !(piece = stream.next()).empty();) {
      EXPECT_LT(piece.size(), 4u << 20);
      text += as_text(piece);
    }
    return text;
  }
  // What grid itself finds in an archive: a line for each entry below its top folder.
  std::vector<std::string> entries_of(const std::string& name, const std::string& top,
                                      bool times_to_the_second) {
    std::vector<std::string> lines;
    const auto tree = manifest(name);
    tree::EntryCursor cursor(tree, tree->subtree(top));
    while (const auto entry = cursor.next()) {
      tree::EntryRef file = *entry;
      if (entry->kind() == tree::EntryKind::hard_link) file = *tree->find_path(entry->target());
      const std::int64_t unit = times_to_the_second ? 1'000'000'000 : 1;
      const bool is_file = file.kind() == tree::EntryKind::file;
      lines.push_back(fmt::format(
          "{} {} {} {} {}", entry->path().substr(top.empty() ? 0 : top.size() + 1),
          tree::name_of(file.kind()), file.mtime_ns() / unit, is_file && file.executable(),
          is_file ? file.content().digest.hex() : file.target()));
    }
    return lines;
  }
  std::vector<std::string> unpacked(const std::string& text, const std::string& suffix) {
    const fs::path path = folder_ / ("archive." + suffix);
    write_file(path, text);
    create::CreateProgress progress;
    create::create_version(*store_.store(),
                           {.input = {.sources = {{.where = path.string(), .extract = true}}},
                            .storing = {.workers = 1},
                            .note = {.name = suffix}},
                           progress);
    return entries_of(suffix, "top", suffix == "zip");
  }
  // What a zip has of it: times to the second, and a name that is no UTF-8 is taken for code page
  // 437 by those who read the zip.
  std::vector<std::string> as_zipped(const std::string& path) {
    std::vector<std::string> lines = entries_of("cats", path, true);
    for (std::string& line : lines)
      if (const std::size_t at = line.find("\xff\xfe"); at != line.npos)
        line.replace(at, 2, "\xc2\xa0\xe2\x96\xa0");
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  static std::vector<std::string> sorted(std::vector<std::string> lines) {
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  testing::TemporaryFolder folder_;
  testing::CreatedStore store_;
};

TEST_F(ArchiveStreamTest, ATarHasEverything) {
  EXPECT_EQ(unpacked(archive(ArchiveFormat::tar), "tar"), entries_of("cats", "", false));
}

TEST_F(ArchiveStreamTest, AZipHasEverythingWithTimesToTheSecond) {
  EXPECT_EQ(sorted(unpacked(archive(ArchiveFormat::zip), "zip")), as_zipped(""));
}

TEST_F(ArchiveStreamTest, APartHasCopiesOfFilesThatAreLinkedToFromOutside) {
  EXPECT_EQ(unpacked(archive(ArchiveFormat::tar, "sub"), "tar"), entries_of("cats", "sub", false));
  EXPECT_EQ(sorted(unpacked(archive(ArchiveFormat::zip, "sub"), "zip")), as_zipped("sub"));
}

TEST_F(ArchiveStreamTest, ASelectionHasWhatWasPickedAndAllBelowIt) {
  const auto picked = [&](const std::vector<std::string>& paths) {
    return Selection::some_of(manifest("cats"), paths);
  };
  // In any order, twice, and what lies in a folder that is picked too.
  const Selection some = picked({"sub", "a.txt", "sub/middle", "a.txt", "hollow"});
  std::vector<std::string> expected = entries_of("cats", "", false);
  std::erase_if(expected, [](const std::string& line) {
    return line.starts_with("empty ") || line.starts_with("link ");
  });
  EXPECT_EQ(unpacked(archive(ArchiveFormat::tar, some, ""), "tar"), expected);
  const Selection one = picked({"sub/other"});  // a link to a file that is not picked
  const std::string zip = archive(ArchiveFormat::zip, one, "sub");
  EXPECT_NE(zip.find("top/other"), zip.npos);
  EXPECT_GT(zip.size(), 500'000u);
  EXPECT_THROW(picked({"a.txt", "missing"}), Error);
  EXPECT_TRUE(some.has(*manifest("cats")->find_path("sub/big")));
  EXPECT_FALSE(some.has(*manifest("cats")->find_path("empty")));
}

TEST_F(ArchiveStreamTest, AnEmptyFolderIsAnArchiveToo) {
  EXPECT_EQ(archive(ArchiveFormat::tar, "hollow"), std::string(1024, '\0'));
  EXPECT_EQ(archive(ArchiveFormat::zip, "hollow"), std::string("PK\5\6") + std::string(18, '\0'));
}

TEST(ArchiveMemberTest, SizesBeyondFourGigabytesHaveRoom) {
  const std::uint64_t size = std::uint64_t{5} << 30;
  const ArchiveMember member{.path = "top/huge", .size = size};
  const ZipMember zip{.member = member, .large = true, .crc = 7};
  EXPECT_TRUE(zip.is_zip64());
  EXPECT_EQ(zip.trailer().size(), 24u);
  EXPECT_EQ(zip.whole_size(), zip.header().size() + 24 + size + 5 * ((size + 65534) / 65535));
  // Both sizes and the place lie in the entry's extra field.
  EXPECT_EQ(zip.directory_entry(size).size(), 46 + 8 + 9 + 4 + 24u);
  EXPECT_EQ(zip_end(1, size, 99).size(), 56 + 20 + 22u);
  EXPECT_EQ(zip_end(70'000, 5, 99).size(), 56 + 20 + 22u);
  EXPECT_EQ(zip_end(1, 5, 99).size(), 22u);
  EXPECT_EQ(tar_header({.path = "huge", .size = std::uint64_t{9} << 30}).size(), 3 * 512u);
}

TEST(ArchiveMemberTest, TimesBeforeNineteenSeventyKeepTheirFraction) {
  const std::string header = tar_header({.path = "old", .mtime_ns = -1'500'000'000});
  EXPECT_NE(header.find("14 mtime=-1.5\n"), header.npos);
}

}  // namespace
}  // namespace grid::care
