#include "service/run_artifacts.h"

#include <gtest/gtest.h>

#include "tests/support/run_node.h"

namespace grid::service {
namespace {

using testing::document_of;
using testing::expect_error;
using testing::RunNode;

TEST(RunArtifacts, AreFilteredByARegularExpression) {
  const RunNode node;
  const run::PreparedRun run = node.record_run(node.request({"./train"}, "single"));
  EXPECT_TRUE(list_artifacts(node.settings(), "single").artifacts.empty());
  testing::write_file(run.folder.artifacts() / "a/model.ckpt", "1234");
  testing::write_file(run.folder.artifacts() / "log.txt", "1");
  EXPECT_EQ(list_artifacts(node.settings(), "single").artifacts.size(), 2u);
  EXPECT_EQ(document_of(list_artifacts(node.settings(), "single", "\\.ckpt$")),
            "{\n  \"run\": \"single\",\n  \"folder\": \"" + run.folder.artifacts().string() +
                "\",\n  \"artifacts\": [\n    {\n      \"path\": \"a/model.ckpt\",\n"
                "      \"size\": 4\n    }\n  ]\n}\n");
  expect_error(ErrorKind::invalid_argument, "this is not a regular expression",
               [&] { list_artifacts(node.settings(), "single", "("); });
}

}  // namespace
}  // namespace grid::service
