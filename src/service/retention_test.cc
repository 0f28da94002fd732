#include "service/retention.h"

#include <gtest/gtest.h>

#include "base/utc.h"
#include "service/tags.h"
#include "store/layout.h"
#include "tests/support/expect_error.h"
#include "tests/support/node.h"

namespace grid::service {
namespace {

// The versions that are kept, of versions 1, 2, … made at these times.
std::vector<dataset::VersionNumber> kept(const std::vector<const char*>& times,
                                         const RetentionRules& rules) {
  std::vector<DatedVersion> versions;
  for (const char* time : times)
    versions.push_back(
        {static_cast<dataset::VersionNumber>(versions.size() + 1), *parse_rfc3339(time)});
  std::vector<dataset::VersionNumber> numbers;
  const std::vector<std::string> reasons = reasons_to_keep(versions, rules);
  for (std::size_t i = 0; i < versions.size(); ++i)
    if (!reasons[i].empty()) numbers.push_back(versions[i].number);
  return numbers;
}

using Numbers = std::vector<dataset::VersionNumber>;
const std::vector<const char*> times = {
    "2026-09-30T10:00:00Z", "2026-10-01T00:00:00Z", "2026-11-22T23:59:59Z",  // a Sunday
    "2026-11-23T00:00:00Z", "2026-11-23T09:00:00Z", "2026-11-25T08:00:00Z"};

TEST(Retention, KeepsTheNewestSoMany) {
  EXPECT_EQ(kept(times, {.last = 2}), (Numbers{5, 6}));
  EXPECT_EQ(kept(times, {.last = 100}), (Numbers{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(kept({}, {.last = 2}), Numbers());
}

TEST(Retention, KeepsTheNewestOfEachPeriodThatHasOne) {
  EXPECT_EQ(kept(times, {.daily = 2}), (Numbers{5, 6}));
  EXPECT_EQ(kept(times, {.daily = 3}), (Numbers{3, 5, 6}));
  EXPECT_EQ(kept(times, {.weekly = 2}), (Numbers{3, 6}));  // weeks begin on Monday
  EXPECT_EQ(kept(times, {.monthly = 3}), (Numbers{1, 2, 6}));
  EXPECT_EQ(kept(times, {.last = 1, .daily = 2, .monthly = 2}), (Numbers{2, 5, 6}));
}

// A clock that was wrong when a version was made.
TEST(Retention, KeepsTheNewestNumberWhateverItsTime) {
  EXPECT_EQ(kept({"2026-11-25T08:00:00Z", "1999-01-01T00:00:00Z"}, {.daily = 1}), (Numbers{1, 2}));
}

TEST(Retention, SaysWhyEachIsKept) {
  const std::vector<DatedVersion> versions = {{3, *parse_rfc3339("2026-11-25T08:00:00Z")}};
  EXPECT_EQ(reasons_to_keep(versions, {.last = 1, .weekly = 1}),
            std::vector<std::string>{"newest, last, weekly 2026-W48"});
}

class PruneTest : public ::testing::Test {
 protected:
  PruneTest() : store_(node_.open()) {
    for (const char* content : {"1", "2", "3"}) {
      testing::write_file(node_ / "source/a", content);
      node_.create(*store_, "cats", "source");
    }
  }
  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
};

TEST_F(PruneTest, PlansAndThenDeletes) {
  PrunePlan plan = plan_prune(node_.settings(), *store_, "cats", {.last = 1});
  EXPECT_EQ(plan.deleted.numbers, (Numbers{1, 2}));
  ASSERT_EQ(plan.versions.size(), 3u);
  EXPECT_EQ(plan.versions[0].number, 3u);
  EXPECT_EQ(store_->datastores->ready_numbers("cats"), (Numbers{1, 2, 3}));
  delete_versions(*store_, plan.deleted);
  EXPECT_EQ(store_->datastores->ready_numbers("cats"), (Numbers{3}));
  EXPECT_TRUE(plan_prune(node_.settings(), *store_, "cats", {.last = 1}).deleted.numbers.empty());
}

TEST_F(PruneTest, KeepsWhatHasATag) {
  set_tag(*store_, dataset::Reference::parse("cats:1"), "best");
  const PrunePlan plan = plan_prune(node_.settings(), *store_, "cats", {.tagged = true});
  EXPECT_EQ(plan.deleted.numbers, (Numbers{2}));
  EXPECT_EQ(plan.versions.back().kept, "tagged best");
  EXPECT_EQ(plan_prune(node_.settings(), *store_, "cats", {.last = 1}).deleted.numbers,
            (Numbers{2}));
}

TEST_F(PruneTest, FollowsTheStoredRulesWhenAsked) {
  EXPECT_EQ(read_retention(*store_, "cats").rules, RetentionRules());
  write_retention(*store_, "cats", {.last = 2});
  EXPECT_EQ(read_retention(*store_, "cats").rules.last, 2u);
  EXPECT_EQ(store_->datastores->ready_numbers("cats"), (Numbers{1, 2, 3}));
  EXPECT_EQ(apply_retention(node_.settings(), *store_, true).plans[0].deleted.numbers,
            (Numbers{1}));
  EXPECT_EQ(store_->datastores->ready_numbers("cats"), (Numbers{1, 2, 3}));
  const AppliedRetention applied = apply_retention(node_.settings(), *store_, false);
  EXPECT_TRUE(applied.left_alone.empty());
  EXPECT_FALSE(applied.plans[0].deleted.until.empty());
  EXPECT_EQ(store_->datastores->ready_numbers("cats"), (Numbers{2, 3}));
  write_retention(*store_, "cats", {});
  EXPECT_TRUE(apply_retention(node_.settings(), *store_, false).plans.empty());
  EXPECT_TRUE(read_retention(*store_, "cats").set.empty());
}

// An older retention may keep less, and a tag that cannot be read may be of any version.
TEST_F(PruneTest, DeletesNothingByRulesOrTagsThatAreDamaged) {
  write_retention(*store_, "cats", {.last = 1});
  store_->backend->create(store::tag_key("cats", "best", 1), as_bytes("{}"));
  AppliedRetention applied = apply_retention(node_.settings(), *store_, false);
  ASSERT_EQ(applied.left_alone.size(), 1u);
  EXPECT_NE(applied.left_alone[0].find("cats@best"), std::string::npos) << applied.left_alone[0];
  remove_tag(*store_, "cats", "best");
  store_->backend->create(store::retention_key("cats", 2), as_bytes("{}"));
  applied = apply_retention(node_.settings(), *store_, false);
  EXPECT_EQ(applied.left_alone.size(), 1u);
  EXPECT_EQ(store_->datastores->ready_numbers("cats"), (Numbers{1, 2, 3}));
  write_retention(*store_, "cats", {.last = 2});
  EXPECT_EQ(apply_retention(node_.settings(), *store_, false).plans[0].deleted.numbers,
            (Numbers{1}));
}

TEST_F(PruneTest, RefusesToKeepNothingAndUnknownNames) {
  testing::expect_error(ErrorKind::invalid_argument, "--keep-last",
                        [&] { plan_prune(node_.settings(), *store_, "cats", {}); });
  testing::expect_error(ErrorKind::not_found, "cat",
                        [&] { plan_prune(node_.settings(), *store_, "cat", {.last = 1}); });
}

}  // namespace
}  // namespace grid::service
