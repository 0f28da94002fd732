#include "source/continued_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "tests/support/gzip.h"
#include "tests/support/random_bytes.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_stream.h"

namespace grid::source {
namespace {

using testing::TemporaryFolder;
using testing::TextStream;

constexpr int member_count = 300;

std::string content_of(int number) {
  return testing::random_bytes(20'000 + static_cast<std::size_t>(number) * 37,
                               static_cast<unsigned>(number));
}
std::string path_of(int number) { return "folder/" + std::to_string(number); }

std::string header(const std::string& path, std::size_t size) {
  std::string block(512, '\0');
  path.copy(block.data(), 100);
  fmt::format("{:07o}", 0644).copy(&block[100], 8);
  fmt::format("{:011o}", size).copy(&block[124], 12);
  fmt::format("{:011o}", 1'700'000'000).copy(&block[136], 12);
  block[156] = '0';
  std::memcpy(&block[257], "ustar\00000", 8);
  block.replace(148, 8, 8, ' ');
  unsigned sum = 0;
  for (unsigned char byte : block) sum += byte;
  fmt::format("{:06o}", sum).copy(&block[148], 7);
  block[154] = '\0';
  return block;
}

const std::string& tar() {
  static const std::string bytes = [] {
    std::string all;
    for (int i = 0; i < member_count; ++i) {
      const std::string content = content_of(i);
      all += header(path_of(i), content.size()) + content;
      all.resize((all.size() + 511) / 512 * 512);
    }
    return all + std::string(1024, '\0');
  }();
  return bytes;
}

class ContinuedArchiveTest : public ::testing::TestWithParam<bool> {
 protected:
  const std::string bytes_ = GetParam() ? testing::gzip(tar(), 1) : tar();
  TemporaryFolder folder_;
  FileState state_{.size = bytes_.size(), .inode = 7};
  std::uint64_t given_ = 0;  // bytes of the archive

  ContinuedArchive open() {
    auto open_at = [this](std::uint64_t offset) {
      return std::make_unique<TextStream>(
          std::string_view(bytes_).substr(std::min<std::size_t>(offset, bytes_.size())), 64 << 10,
          &given_);
    };
    return ContinuedArchive({.stream = open_at(0), .open_at = open_at, .state = state_},
                            folder_.path());
  }
  static std::string content(ContinuedArchive& archive) {
    std::string all;
    Bytes piece(50'000);
    while (std::size_t got = archive.read(piece)) all += as_text(BytesView(piece).first(got));
    return all;
  }
  // Reads the first members as a create does, and ends.
  void read_first(int count) {
    ContinuedArchive archive = open();
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(archive.next()->path, path_of(i));
      ASSERT_EQ(content(archive), content_of(i));
    }
    given_ = 0;
  }
};

TEST_P(ContinuedArchiveTest, GivesEveryMemberWithoutAJournal) { read_first(member_count); }

TEST_P(ContinuedArchiveTest, DoesNotReadAgainWhatWasNoted) {
  read_first(250);
  ContinuedArchive archive = open();
  for (int i = 0; i < member_count; ++i) {
    const std::optional<ArchiveMember> member = archive.next();
    ASSERT_TRUE(member);
    EXPECT_EQ(member->path, path_of(i));
    EXPECT_EQ(member->size, content_of(i).size());
    EXPECT_EQ(member->mtime_ns, 1'700'000'000'000'000'000);
  }
  EXPECT_FALSE(archive.next());
  EXPECT_LT(given_, bytes_.size() / 2);
}

TEST_P(ContinuedArchiveTest, FindsAMemberWhoseBytesAreWanted) {
  read_first(250);
  for (int wanted : {0, 1, 30, 120, 249, 250, 299}) {
    ContinuedArchive archive = open();
    for (int i = 0; i < wanted; ++i) ASSERT_TRUE(archive.next());
    for (int i = wanted; i < member_count; ++i) {
      ASSERT_EQ(archive.next()->path, path_of(i));
      if (i % 3 == 2) continue;
      ASSERT_EQ(content(archive), content_of(i)) << wanted << " " << i;
    }
    EXPECT_FALSE(archive.next());
  }
}

TEST_P(ContinuedArchiveTest, ContinuesAgainAndAgain) {
  for (int done = 20; done < member_count; done += 40) {
    ContinuedArchive archive = open();
    for (int i = 0; i < done; ++i) {
      ASSERT_EQ(archive.next()->path, path_of(i));
      if (i < done - 40) continue;
      ASSERT_EQ(content(archive), content_of(i));
    }
  }
  EXPECT_LT(given_, bytes_.size() * 7 / 2) << "eight attempts would have read it four times";
}

TEST_P(ContinuedArchiveTest, ReadsAnArchiveInAnotherStateFromItsBeginning) {
  read_first(250);
  state_.inode = 8;
  ContinuedArchive archive = open();
  ASSERT_TRUE(archive.next());
  while (archive.next()) continue;
  EXPECT_GE(given_, bytes_.size() * 9 / 10 * (GetParam() ? 1 : 0));
}

TEST_P(ContinuedArchiveTest, RefusesAnArchiveThatHasBecomeShorter) {
  read_first(250);
  const_cast<std::string&>(bytes_).resize(bytes_.size() / 3);
  ContinuedArchive archive = open();
  EXPECT_THROW(
      {
        while (archive.next()) continue;
      },
      Error);
}

INSTANTIATE_TEST_SUITE_P(Kinds, ContinuedArchiveTest, ::testing::Bool(),
                         [](const auto& kind) { return kind.param ? "gzip" : "plain"; });

}  // namespace
}  // namespace grid::source
