#include "service/creates.h"

#include <gtest/gtest.h>

#include "service/incomplete_creates.h"
#include "tests/support/node.h"
#include "tests/support/random_bytes.h"

namespace grid::service {
namespace {

class CreatesTest : public ::testing::Test {
 protected:
  CreatesTest() : store_(node_.open()) { testing::write_file(node_ / "source/a", "text"); }

  // Stopped before it has read anything.
  void interrupt() {
    std::atomic<bool> stop = true;
    CreateRequest request = node_.create_request("cats", "source");
    request.options.storing.stop = &stop;
    EXPECT_THROW(DatastoreCreate(node_.settings(), *store_, std::move(request)).run(),
                 create::Interrupted);
  }
  IncompleteCreates incomplete() { return find_incomplete_creates(node_.settings()); }

  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
};

TEST_F(CreatesTest, RecordTheirRequest) {
  const CreatedVersion created = node_.create(*store_, "cats", "source");
  EXPECT_EQ(created.name, "cats");
  EXPECT_EQ(created.result.record.number, 1u);
  EXPECT_EQ(created.result.record.created_by, "ann@box");
  EXPECT_EQ(created.result.record.program, "grid 1.2.3");
  EXPECT_GT(created.bytes_stored, 0u);
  EXPECT_TRUE(node_.create(*store_, "cats", "source").result.same);
  EXPECT_TRUE(incomplete().empty());
}

TEST_F(CreatesTest, AreListedFromTheirConstructionOn) {
  {
    DatastoreCreate create(node_.settings(), *store_, node_.create_request("cats", "source"));
    EXPECT_EQ(create.keeping_problem(), "");
    ASSERT_EQ(incomplete().size(), 1u);
    EXPECT_TRUE(incomplete()[0].live);
    EXPECT_EQ(incomplete()[0].record.created_by, "ann@box");
    EXPECT_EQ(create.progress().phase, "scanning");
    create.run();
    EXPECT_EQ(create.progress().files_done, 1u);
    EXPECT_EQ(create.progress().phase, "finishing");
  }
  EXPECT_TRUE(incomplete().empty());
}

TEST_F(CreatesTest, StayWithTheReasonUntilTheyAreContinued) {
  interrupt();
  ASSERT_EQ(incomplete().size(), 1u);
  EXPECT_EQ(incomplete()[0].reason(), "interrupted");
  const std::string id = incomplete()[0].record.id;
  interrupt();
  ASSERT_EQ(incomplete().size(), 1u);
  EXPECT_EQ(incomplete()[0].record.id, id);
  node_.create(*store_, "cats", "source");
  EXPECT_TRUE(incomplete().empty());
}

TEST_F(CreatesTest, RunWithoutAStateFolder) {
  testing::write_file(node_ / "state", "a file");
  DatastoreCreate create(node_.settings(), *store_, node_.create_request("cats", "source"));
  EXPECT_NE(create.keeping_problem(), "");
  EXPECT_EQ(create.run().result.record.number, 1u);
}

TEST_F(CreatesTest, LeaveNothingBehindWithoutACommand) {
  std::atomic<bool> stop = true;
  CreateRequest request = node_.create_request("cats", "source");
  request.command.reset();
  request.options.storing.stop = &stop;
  DatastoreCreate create(node_.settings(), *store_, std::move(request));
  EXPECT_EQ(create.keeping_problem(), "");
  EXPECT_THROW(create.run(), create::Interrupted);
  EXPECT_TRUE(incomplete().empty());
}

TEST_F(CreatesTest, AreChosenByIdOrByName) {
  interrupt();
  const std::string id = incomplete()[0].record.id;
  EXPECT_EQ(choose_create(incomplete(), id).record.id, id);
  EXPECT_EQ(choose_create(incomplete(), "cats").record.id, id);
  EXPECT_THROW(choose_create(incomplete(), "cast"), Error);
  check_resumable(incomplete()[0]);
  create::IncompleteCreate of_stream = incomplete()[0];
  of_stream.record.words = {"datastore", "create", "--", "-"};
  EXPECT_THROW(check_resumable(of_stream), Error);
  DatastoreCreate live(node_.settings(), *store_, node_.create_request("cats", "source"));
  EXPECT_THROW(check_resumable(incomplete()[0]), Error);
}

TEST_F(CreatesTest, AreClearedUnlessAProcessWorksOnThem) {
  interrupt();
  {
    DatastoreCreate live(node_.settings(), *store_, node_.create_request("cats", "source"));
    EXPECT_TRUE(creates_to_clear(node_.settings(), std::nullopt).empty());
    EXPECT_THROW(creates_to_clear(node_.settings(), "cats"), Error);
  }
  const IncompleteCreates creates = creates_to_clear(node_.settings(), "cats");
  EXPECT_EQ(clear_creates(node_.settings(), creates).ids,
            std::vector<std::string>{creates[0].record.id});
  EXPECT_TRUE(incomplete().empty());
  EXPECT_TRUE(clear_creates(node_.settings(), creates).ids.empty());
}

}  // namespace
}  // namespace grid::service
