#include "service/progress_event.h"

#include <gtest/gtest.h>

#include "tests/support/progress_states.h"

namespace grid::service {
namespace {

using testing::half_way;
using testing::steady;
using testing::storing;

TEST(ProgressEvent, IsAnObjectOnOneLine) {
  EXPECT_EQ(progress_event("progress", "", "cats", storing(), steady),
            R"({"event": "progress", "doing": "cats", "phase": "storing", "files_done": 4512, )"
            R"("bytes_done": 550000000, "files_total": 9024, "bytes_total": 1100000000, )"
            R"("bytes_unread": 100000000, "bytes_new": 300000000, "bytes_stored": 150000000, )"
            R"("bytes_per_second": 55000000, "seconds": 10, "seconds_left": 10})"
            "\n");
}

TEST(ProgressEvent, HasNoTotalWhileItGrows) {
  ProgressState counting = half_way;
  counting.total_known = false;
  EXPECT_EQ(progress_event("end", "failed", "cats", counting, {}),
            R"({"event": "end", "status": "failed", "doing": "cats", "phase": "", )"
            R"("files_done": 4512, "bytes_done": 550000000, "files_total": null, )"
            R"("bytes_total": null, "bytes_per_second": 0, "seconds": 0, "seconds_left": null})"
            "\n");
}

}  // namespace
}  // namespace grid::service
