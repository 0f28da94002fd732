#include "service/event_watch.h"

#include <gtest/gtest.h>

#include "service/datastores.h"
#include "service/retention.h"
#include "service/tags.h"
#include "tests/support/node.h"

namespace grid::service {
namespace {

using Told = std::vector<std::string>;

TEST(EventLog, GoesOnAfterAnIdOfItsOwn) {
  EventLog log, other;
  log.add("version", "cats", "{}\n");
  log.add("run", "", "{}");
  EXPECT_EQ(log.newest(), 2u);
  EXPECT_EQ(log.parse(log.spell(1)), 1u);
  EXPECT_EQ(log.parse(log.spell(0)), 0u);
  EXPECT_FALSE(log.parse(log.spell(3)));
  EXPECT_FALSE(log.parse(other.spell(1)));
  for (const char* id : {"", "1", "-1", "x-y"}) EXPECT_FALSE(log.parse(id)) << id;
  ASSERT_EQ(log.after(1, 10).size(), 1u);
  EXPECT_EQ(log.after(1, 10)[0].kind, "run");
  EXPECT_EQ(log.after(0, 1)[0].data, "{}");
  for (std::size_t i = 0; i < EventLog::kept_max; ++i) log.add("run", "", "{}");
  EXPECT_FALSE(log.parse(log.spell(1))) << "what followed it was forgotten";
  EXPECT_TRUE(log.parse(log.spell(2)));
}

class EventWatchTest : public ::testing::Test {
 protected:
  EventWatchTest() : store_(node_.open()) {
    testing::write_file(node_ / "source/a", "content");
    node_.create(*store_, "cats", "source");
    watch_.look();
  }
  Told told() {
    const std::uint64_t before = log_.newest();
    watch_.look();
    Told told;
    for (const Event& event : log_.after(before, 100))
      told.push_back(event.kind + " " + event.name + " " + event.data);
    return told;
  }

  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
  Jobs jobs_;
  EventLog log_;
  EventWatch watch_{node_.settings(), [this] { return store_; }, jobs_, log_};
};

TEST_F(EventWatchTest, TellsOfVersionsWhoeverMakesThem) {
  EXPECT_EQ(log_.newest(), 0u) << "what was there before is no event";
  EXPECT_EQ(told(), Told{});
  const auto other = node_.open();
  testing::write_file(node_ / "source/b", "more");
  node_.create(*other, "cats", "source");
  node_.create(*other, "dogs", "source");
  EXPECT_EQ(told(), (Told{R"(version cats {"name": "cats", "version": 2})",
                          R"(version dogs {"name": "dogs", "version": 1})"}));
  write_description(*other, "cats", "37 breeds");
  delete_versions(*other, {"dogs", {1}});
  EXPECT_EQ(told(), (Told{R"(described cats {"name": "cats"})",
                          R"(deleted dogs {"name": "dogs", "version": 1})"}));
  EXPECT_EQ(told(), Told{});
  set_tag(*other, dataset::Reference::parse("cats"), "best");
  EXPECT_EQ(told(), Told{R"(tagged cats {"name": "cats"})"});
  remove_tag(*other, "cats", "best");
  write_retention(*other, "cats", {.last = 5});
  EXPECT_EQ(told(),
            (Told{R"(tagged cats {"name": "cats"})", R"(retention cats {"name": "cats"})"}));
}

TEST_F(EventWatchTest, TellsOfJobsWhenTheyChange) {
  std::atomic<bool> go_on = false;
  const std::string id = jobs_
                             .start({"verify", "cats", "",
                                     [&](JobControl&) {
                                       while (!go_on) std::this_thread::yield();
                                       return JobResult();
                                     }})
                             .id;
  const Told begun = told();
  ASSERT_EQ(begun.size(), 1u);
  EXPECT_TRUE(begun[0].starts_with("job cats {\"id\": \"" + id)) << begun[0];
  EXPECT_EQ(told(), Told{});
  go_on = true;
  while (!is_over(jobs_.show(id).state)) std::this_thread::yield();
  const Told ended = told();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_NE(ended[0].find(R"("status": "done")"), std::string::npos) << ended[0];
}

TEST_F(EventWatchTest, LooksByItselfWhileSomeoneFollows) {
  const EventWatch::Follower follower(watch_);
  testing::write_file(node_ / "source/b", "more");
  node_.create(*store_, "cats", "source");
  for (int i = 0; i < 1000 && log_.newest() == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(log_.newest(), 1u);
}

}  // namespace
}  // namespace grid::service
