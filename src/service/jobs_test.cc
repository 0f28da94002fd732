#include "service/jobs.h"

#include <gtest/gtest.h>

#include <future>

#include "base/error.h"
#include "create/create.h"
#include "run/runs.h"
#include "service/entries.h"
#include "service/server_jobs.h"
#include "service/verification.h"
#include "tests/support/node.h"

namespace grid::service {
namespace {

// Waits until the job is over.
ShownJob end_of(const Jobs& jobs, const std::string& id) {
  for (int i = 0; i < 3000; ++i) {
    ShownJob job = jobs.show(id);
    if (is_over(job.state)) return job;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << "the job does not end";
  return jobs.show(id);
}

JobWork until_stopped() {
  return [](JobControl& control) -> JobResult {
    while (!control.stop()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    throw create::Interrupted();
  };
}

TEST(Jobs, TellTheirResultOrTheirReason) {
  Jobs jobs;
  const ShownJob good = jobs.start({"verify", "cats", "cats:1", [](JobControl& control) {
                                      control.report([] { return ProgressState{.bytes_done = 7}; });
                                      return [](JsonWriter& json) {
                                        json.begin_object().member("answer", 42).end_object();
                                      };
                                    }});
  const ShownJob bad = jobs.start({"create", "cats", "x", [](JobControl&) -> JobResult {
                                     fail(ErrorKind::unavailable, "the line is cut");
                                   }});
  EXPECT_EQ(end_of(jobs, bad.id).reason, "the line is cut");
  EXPECT_EQ(jobs.show(bad.id).state, JobState::failed);
  const ShownJob done = end_of(jobs, good.id);
  EXPECT_EQ(done.state, JobState::done);
  EXPECT_EQ(done.progress.bytes_done, 7u);
  const std::string text = testing::line_of(done);
  EXPECT_NE(text.find(R"("status": "done", "reason": "")"), text.npos) << text;
  EXPECT_NE(text.find(R"("result": {"answer": 42}})"), text.npos) << text;
  EXPECT_EQ(jobs.list().jobs[0].id, bad.id) << "the newest is first";
  EXPECT_THROW(jobs.show("x"), Error);
}

TEST(Jobs, WaitForTheirTurnAndStop) {
  Jobs jobs;
  const std::string one = jobs.start({"create", "a", "", until_stopped()}).id;
  const std::string two = jobs.start({"create", "b", "", until_stopped()}).id;
  const std::string three = jobs.start({"create", "c", "", until_stopped()}).id;
  const std::string four = jobs.start({"create", "d", "", until_stopped()}).id;
  EXPECT_EQ(jobs.counts().running, 2u);
  EXPECT_EQ(jobs.show(three).state, JobState::queued);
  EXPECT_EQ(jobs.stop(three).state, JobState::stopped) << "before it began";
  jobs.stop(one);
  EXPECT_EQ(end_of(jobs, one).state, JobState::stopped);
  EXPECT_EQ(jobs.show(four).state, JobState::running);
  EXPECT_EQ(jobs.counts().stopped, 2u);
  for (std::size_t i = 0; i < Jobs::queued_max; ++i)
    jobs.start({"create", "e", "", until_stopped()});
  EXPECT_THROW(jobs.start({"create", "f", "", until_stopped()}), Error);
  EXPECT_EQ(jobs.show(two).state, JobState::running);
}

TEST(Jobs, ForgetThoseThatEndedLongAgo) {
  Jobs jobs;
  const auto nothing = [](JobControl&) { return JobResult(); };
  const std::string first = jobs.start({"verify", "", "", nothing}).id;
  for (std::size_t i = 0; i < Jobs::kept_max + 5; ++i)
    end_of(jobs, jobs.start({"verify", "", "", nothing}).id);
  EXPECT_LE(jobs.list().jobs.size(), Jobs::kept_max + 1);
  EXPECT_THROW(jobs.show(first), Error);
  EXPECT_EQ(jobs.counts().done, Jobs::kept_max + 6);
}

TEST(ServerJobs, VerifyAStore) {
  testing::Node node;
  testing::write_file(node / "source/a", "content");
  const auto store = node.open();
  node.create(*store, "cats", "source");
  Jobs jobs;
  const ShownJob job = end_of(jobs, jobs.start(verify_job(store, "cats", {{.name = "cats"}})).id);
  EXPECT_EQ(job.state, JobState::done);
  EXPECT_EQ(job.progress.bytes_done, job.progress.bytes_total);
  const std::string text = testing::line_of(job);
  EXPECT_NE(text.find(R"("damages": [])"), text.npos) << text;
}

TEST(ServerJobs, AVerifyThatIsStoppedEndsSoon) {
  testing::Node node;
  testing::write_file(node / "source/a", "content");
  const auto store = node.open();
  node.create(*store, "cats", "source");
  const std::atomic<bool> stop = true;
  care::VerifyProgress progress{};
  progress.stop = &stop;
  EXPECT_THROW(verify_versions(*store, {}, progress), create::Interrupted);
}

TEST(ServerJobs, NothingButUrlsCanBeNamed) {
  testing::Node node;
  for (const char* source : {"/etc", "./x", "-", "cats:1", "grid:run:r", "file:///etc/passwd",
                             "ftp://host/x", "http://host/", ""})
    EXPECT_THROW(fetch_job(node.settings(), {.name = "cats", .source = source}), Error) << source;
  EXPECT_THROW(fetch_job(node.settings(), {.name = "../x", .source = "http://h/a"}), Error);
  EXPECT_THROW(fetch_job(node.settings(), {.name = "a", .source = "http://h/a", .in_place = true}),
               Error);
}

TEST(ServerJobs, WhatARunWroteBecomesAVersion) {
  testing::Node node;
  const auto store = node.open();
  const run::RunFolder run = run::Runs(node.settings().run_folder).make("train");
  run.write({.name = "train"});
  testing::write_file(run.artifacts() / "out/model", "weights");
  Jobs jobs;
  const FetchRequest request{.name = "models", .source = "grid:run:train"};
  const ShownJob job = end_of(jobs, jobs.start(fetch_job(node.settings(), request)).id);
  ASSERT_EQ(job.state, JobState::done) << job.reason;
  EXPECT_EQ(job.about, "grid:run:train");
  const OpenVersion version = open_version(*store, {.name = "models"});
  EXPECT_EQ(entry_at(version, "out/model").size(), 7u);
  for (const FetchRequest& wrong :
       {FetchRequest{.name = "models", .source = "grid:run:none"},
        FetchRequest{.name = "models", .source = "grid:run:../runs/train"},
        FetchRequest{.name = "models", .source = "grid:run:train", .in_place = true}})
    EXPECT_THROW(fetch_job(node.settings(), wrong), Error) << wrong.source;
}

TEST(ServerJobs, FetchesLeadToNoPrivateAddress) {
  testing::Node node;
  Jobs jobs;
  const ShownJob job =
      end_of(jobs, jobs.start(fetch_job(node.settings(), {.name = "cats",
                                                          .source = "http://127.0.0.1:9/a.txt",
                                                          .public_addresses_only = true}))
                       .id);
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_NE(job.reason.find("address"), std::string::npos) << job.reason;
}

}  // namespace
}  // namespace grid::service
