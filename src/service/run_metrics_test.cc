#include "service/run_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/run_node.h"

namespace grid::service {
namespace {

using testing::RunNode;

class RunMetrics : public ::testing::Test {
 protected:
  RunMetrics() : run_(node_.record_run(node_.request({"./train"}, "baseline"))) {}

  std::vector<RunMetric> metrics_of(const std::string& lines) {
    testing::write_file(run_.folder.artifacts() / "metrics.jsonl", lines);
    return newest_metrics(node_.settings(), "baseline");
  }
  const RunNode node_;
  const run::PreparedRun run_;
};

TEST_F(RunMetrics, AreTheNewestOfEachName) {
  const auto metrics = metrics_of(
      "{\"name\": \"loss\", \"value\": 0.5, \"step\": 1}\n"
      "{\"name\": \"accuracy\", \"value\": \"nan\", \"step\": null}\n"
      "{\"name\": \"loss\", \"value\": 0.25, \"step\": 2}\n");
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].name, "loss");
  EXPECT_EQ(metrics[0].value, 0.25);
  EXPECT_EQ(metrics[0].step, 2);
  EXPECT_EQ(metrics[0].count, 2u);
  EXPECT_TRUE(std::isnan(metrics[1].value));
  EXPECT_FALSE(metrics[1].step);
}

TEST_F(RunMetrics, PassOverWhatIsNone) {
  const auto metrics =
      metrics_of("nonsense\n[1]\n{\"name\": 1, \"value\": 2}\n{\"name\": \"x\"}\n" +
                 std::string(3 << 20, 'x') +
                 "\n{\"name\": \"loss\", \"value\": 1}\n{\"name\": \"loss\", \"val");
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_EQ(metrics[0].count, 1u);
}

TEST_F(RunMetrics, AreNoneWithoutAFile) {
  EXPECT_TRUE(newest_metrics(node_.settings(), "baseline").empty());
  EXPECT_TRUE(newest_metrics(node_.settings(), "none").empty());
}

}  // namespace
}  // namespace grid::service
