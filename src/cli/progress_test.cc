#include "cli/progress.h"

#include <gtest/gtest.h>

#include "cli/text.h"
#include "tests/support/progress_states.h"

namespace grid::cli {
namespace {

using testing::half_way;
using testing::steady;
using testing::storing;

TEST(ProgressLine, ShowsEverythingIfThereIsRoom) {
  EXPECT_EQ(progress_line("cats", half_way, steady, 110),
            "cats  [===============               ]   50 %  4,512/9,024 files  550 MB/1.1 GB  "
            "0:10 left  55.0 MB/s");
  EXPECT_EQ(progress_line("cats", storing(), steady, 130),
            "cats  storing  [===============               ]   50 %  4,512/9,024 files  "
            "550 MB/1.1 GB  0:10 left  55.0 MB/s  250 MB known");
}

TEST(ProgressLine, HasNoBarAndNoLimitInALog) {
  EXPECT_EQ(progress_line("cats", storing(), steady, std::nullopt),
            "cats  storing   50 %  4,512/9,024 files  550 MB/1.1 GB  0:10 left  55.0 MB/s  "
            "250 MB known");
}

TEST(ProgressLine, NeverExceedsItsWidth) {
  for (std::size_t width = 1; width < 120; ++width)
    EXPECT_LE(display_width(progress_line("cats", half_way, steady, width)), width);
}

TEST(ProgressLine, LeavesOutTheLeastImportantFirst) {
  std::string line = progress_line("cats", half_way, steady, 45);
  EXPECT_NE(line.find("50 %"), std::string::npos) << line;
  EXPECT_NE(line.find("4,512/9,024 files"), std::string::npos) << line;
  EXPECT_EQ(line.find("MB/s"), std::string::npos) << line;
}

TEST(ProgressLine, ShowsNoPercentageWhileTheTotalGrows) {
  ProgressState counting = half_way;
  counting.total_known = false;
  EXPECT_EQ(progress_line("cats", counting, {.bytes_per_second = 55'000'000}, 80),
            "cats  4,512 files  550 MB so far  55.0 MB/s");
}

TEST(ProgressLine, ReachesAHundredOnlyAtTheEnd) {
  ProgressState almost = half_way;
  almost.files_done = almost.files_total;
  almost.bytes_done = almost.bytes_total - 1;
  EXPECT_NE(progress_line("cats", almost, steady, 80).find(" 99 %"), std::string::npos);
  almost.bytes_done = almost.bytes_total;
  EXPECT_NE(progress_line("cats", almost, steady, 80).find("100 %"), std::string::npos);
}

}  // namespace
}  // namespace grid::cli
