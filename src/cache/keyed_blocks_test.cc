#include "cache/keyed_blocks.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/error.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"

namespace grid::cache {
namespace {

class KeyedBlocksTest : public ::testing::Test {
 protected:
  static Digest name_of(int number) { return digest_of(as_bytes(std::to_string(number))); }
  static std::string bytes_of(int number) {
    return testing::random_bytes(1 + static_cast<std::size_t>(number) * 997 % 9000,
                                 static_cast<std::uint64_t>(number));
  }
  std::shared_ptr<DiskCache> cache(std::uint64_t size_max = 1 << 30) {
    return std::make_shared<DiskCache>(folder_ / "cache", size_max);
  }
  static std::optional<std::string> read(KeyedBlocks& blocks, int number) {
    Bytes out(bytes_of(number).size());
    if (!blocks.read_block(name_of(number), out.size(), 0, out)) return std::nullopt;
    return std::string(as_text(out));
  }
  // What the files of the cache take on the disk.
  std::uint64_t allocated() const {
    std::uint64_t size = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ / "cache")) {
      struct stat st;
      if (file.is_regular_file() && ::stat(file.path().c_str(), &st) == 0)
        size += static_cast<std::uint64_t>(st.st_blocks) * 512;
    }
    return size;
  }

  testing::TemporaryFolder folder_;
};

TEST_F(KeyedBlocksTest, SharesBlocksWithAnotherProcess) {
  KeyedBlocks blocks(cache(), "in-place");
  for (int i = 0; i < 2000; ++i) {
    EXPECT_FALSE(blocks.present(name_of(i)));
    blocks.put(name_of(i), as_bytes(bytes_of(i)));
  }
  KeyedBlocks other(cache(), "in-place");
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(read(other, i), bytes_of(i));
  EXPECT_FALSE(read(other, 2000));
  const std::string bytes = bytes_of(7);
  Bytes part(5);
  EXPECT_TRUE(other.read_block(name_of(7), bytes.size(), 3, part));
  EXPECT_EQ(as_text(part), bytes.substr(3, 5));
  const std::string large = testing::random_bytes(block_size, 1);
  other.put(name_of(5000), as_bytes(large));
  Bytes out(block_size);
  EXPECT_TRUE(blocks.read_block(name_of(5000), block_size, 0, out));
  EXPECT_EQ(as_text(out), large);
}

TEST_F(KeyedBlocksTest, ManySmallBlocksStayWithinTheLimit) {
  const std::uint64_t limit = 4 << 20;
  auto small = cache(limit);
  KeyedBlocks blocks(small, "in-place");
  for (int i = 0; i < 3000; ++i) blocks.put(name_of(i), as_bytes(bytes_of(i)));
  EXPECT_LE(small->statistics().size, limit);
  EXPECT_LE(allocated(), limit + (512 << 10));  // maps and folders are not counted
  int here = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto bytes = read(blocks, i);
    EXPECT_EQ(bytes.value_or(bytes_of(i)), bytes_of(i));
    here += bytes ? 1 : 0;
  }
  EXPECT_GT(here, 100);
  EXPECT_EQ(small->statistics().blocks_damaged, 0u);
}

TEST_F(KeyedBlocksTest, DamageIsNoticedAndNotReturned) {
  {
    KeyedBlocks blocks(cache(4 << 20), "in-place");
    for (int i = 0; i < 50; ++i) blocks.put(name_of(i), as_bytes(bytes_of(i)));
  }
  // Damages every page of every block and every tenth record.
  for (const auto& file : std::filesystem::directory_iterator(folder_ / "cache/in-place")) {
    FileDescriptor fd = open_file(file.path(), O_RDWR);
    const bool names = file.path().filename().string().starts_with("names");
    const std::uint64_t begin = names ? 0 : CachedObject::map_end;
    Bytes piece(64);
    for (std::uint64_t at = begin; read_at(fd.get(), piece, at, "a shelf") == piece.size();
         at += names ? 640 : 4096) {
      for (std::byte& byte : piece) byte ^= std::byte{1};
      if (std::any_of(piece.begin(), piece.end(), [](std::byte b) { return b != std::byte{1}; }))
        write_at(fd.get(), piece, at, "a shelf");
    }
  }
  auto again = cache(4 << 20);
  KeyedBlocks blocks(again, "in-place");
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(read(blocks, i)) << i;
  EXPECT_GT(again->statistics().blocks_damaged, 0u);
  for (int i = 0; i < 50; ++i) blocks.put(name_of(i), as_bytes(bytes_of(i)));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(read(blocks, i), bytes_of(i));
}

TEST_F(KeyedBlocksTest, ARecordedDigestOutlivesItsBlock) {
  auto one = cache();
  KeyedBlocks blocks(one, "in-place");
  blocks.put(name_of(1), as_bytes("what it was"));
  one->set_size_max(1);  // everything leaves
  EXPECT_FALSE(blocks.present(name_of(1)));
  one->set_size_max(1 << 30);
  EXPECT_THROW(blocks.put(name_of(1), as_bytes("what it is ")), Error);
  blocks.put(name_of(1), as_bytes("what it was"));
  EXPECT_TRUE(blocks.present(name_of(1)));
}

}  // namespace
}  // namespace grid::cache
