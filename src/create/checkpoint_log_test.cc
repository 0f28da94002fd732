#include "create/checkpoint_log.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace grid::create {
namespace {

using Chunks = std::vector<store::ChunkRef>;

// An index that has the chunks of these texts.
class Stored {
 public:
  Chunks chunks(std::initializer_list<std::string_view> texts) {
    Chunks chunks;
    std::vector<store::PackEntry> entries;
    for (std::string_view text : texts) {
      chunks.push_back({digest_of(as_bytes(text)), static_cast<std::uint32_t>(text.size())});
      entries.push_back({chunks.back().digest, {}});
    }
    store::PackId pack;
    pack.bytes[0] = static_cast<std::byte>(++packs_);
    index.add_pack(pack, entries);
    return chunks;
  }

  store::ChunkIndex index{{}};

 private:
  int packs_ = 0;
};

constexpr source::FileState state{.size = 9, .mtime_ns = 2, .ctime_ns = 3, .inode = 4};

void add(CheckpointLog& log, std::string_view path, std::uint64_t begin, const Chunks& chunks) {
  log.add(path, state, begin, chunks);
  log.flush();
}

class CheckpointLogTest : public ::testing::Test {
 protected:
  testing::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "checkpoint";
  Stored stored_;
};

TEST_F(CheckpointLogTest, FindsWhatAnEarlierProcessAdded) {
  Chunks first = stored_.chunks({"abc", "de"}), rest = stored_.chunks({"fghi"});
  {
    CheckpointLog log(path_);
    add(log, "a/b", 0, first);
    add(log, "a/b", 5, rest);
  }
  CheckpointLog log(path_);
  EXPECT_EQ(log.find("a/b", state, 0, stored_.index), first);
  EXPECT_EQ(log.find("a/b", state, 5, stored_.index), rest);
  EXPECT_EQ(log.find("a/b", state, 9, stored_.index), std::nullopt);
  EXPECT_EQ(log.find("a/c", state, 0, stored_.index), std::nullopt);
}

TEST_F(CheckpointLogTest, IgnoresEntriesOfAFileThatLooksDifferent) {
  {
    CheckpointLog log(path_);
    add(log, "a", 0, stored_.chunks({"abc"}));
  }
  CheckpointLog log(path_);
  for (auto member : {&source::FileState::mtime_ns, &source::FileState::ctime_ns}) {
    source::FileState other = state;
    ++(other.*member);
    EXPECT_FALSE(log.find("a", other, 0, stored_.index));
  }
  for (auto member : {&source::FileState::size, &source::FileState::inode}) {
    source::FileState other = state;
    ++(other.*member);
    EXPECT_FALSE(log.find("a", other, 0, stored_.index));
  }
}

TEST_F(CheckpointLogTest, IgnoresEntriesWhoseChunksTheStoreDoesNotHave) {
  Chunks chunks = stored_.chunks({"abc"});
  chunks.push_back({digest_of(as_bytes("de")), 2});  // its pack was lost with the process
  {
    CheckpointLog log(path_);
    add(log, "a", 0, chunks);
  }
  EXPECT_FALSE(CheckpointLog(path_).find("a", state, 0, stored_.index));
  stored_.chunks({"de"});
  EXPECT_EQ(CheckpointLog(path_).find("a", state, 0, stored_.index), chunks);
}

TEST_F(CheckpointLogTest, TheLatestOfSeveralEntriesCounts) {
  Chunks second = stored_.chunks({"fed", "cba"});
  {
    CheckpointLog log(path_);
    add(log, "a", 0, stored_.chunks({"abc"}));
    add(log, "a", 0, second);
  }
  EXPECT_EQ(CheckpointLog(path_).find("a", state, 0, stored_.index), second);
}

// Whatever a power cut leaves of the log, its whole frames are found, no torn one is, and what is
// added afterwards is found too.
TEST_F(CheckpointLogTest, SurvivesBeingTornAnywhere) {
  Chunks one = stored_.chunks({"abc"}), two = stored_.chunks({"de"}), three = stored_.chunks({"f"});
  std::size_t first_end = 0;
  {
    CheckpointLog log(path_);
    add(log, "a", 0, one);
    first_end = std::filesystem::file_size(path_);
    add(log, "a", 3, two);
  }
  const std::string whole = testing::read_file(path_);
  for (bool zeros : {false, true})
    for (std::size_t size = 0; size < whole.size(); ++size) {
      std::string torn = whole.substr(0, size) + std::string(zeros ? whole.size() - size : 0, '\0');
      testing::write_file(path_, torn);
      {
        CheckpointLog log(path_);
        EXPECT_EQ(log.find("a", state, 0, stored_.index).has_value(),
                  torn.starts_with(whole.substr(0, first_end)));
        EXPECT_EQ(log.find("a", state, 3, stored_.index).has_value(), torn == whole);
        add(log, "b", 0, three);
      }
      EXPECT_EQ(CheckpointLog(path_).find("b", state, 0, stored_.index), three) << size;
    }
}

TEST_F(CheckpointLogTest, RefusesANewerFormatAndLeavesItAsItIs) {
  { CheckpointLog log(path_); }
  std::string newer = testing::read_file(path_);
  newer[4] = 9;
  newer += "what only a newer program understands";
  testing::write_file(path_, newer);
  try {
    CheckpointLog log(path_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
  }
  EXPECT_EQ(testing::read_file(path_), newer);
}

}  // namespace
}  // namespace grid::create
