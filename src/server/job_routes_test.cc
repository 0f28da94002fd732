// Jobs, events, the store as a whole, and what is counted.
#include <filesystem>
#include <thread>

#include "run/runs.h"
#include "server/api_fixture.h"
#include "service/datastores.h"

namespace grid::server {
namespace {

using service::Role;

class JobRoutesTest : public ApiTest {
 protected:
  Response post(const std::string& target, const std::string& bearer,
                const std::string& body = "") {
    Request request = request_of("POST", target, bearer);
    request.body = body;
    return send(std::move(request));
  }
  // The job once it is over.
  nlohmann::json end_of(const std::string& id) {
    for (int i = 0; i < 3000; ++i) {
      auto job = nlohmann::json::parse(get("/api/v1/jobs/" + id).body);
      if (job["status"] != "queued" && job["status"] != "running") return job;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return {};
  }
  Response follow(const std::string& bearer, const std::string& last = "") {
    Request request = request_of("GET", "/api/v1/events", bearer);
    if (!last.empty()) request.headers.add("Last-Event-ID", last);
    return send(std::move(request));
  }
  // What the stream gives next; empty: it has ended.
  static std::string next_of(BodySource& source) {
    for (int i = 0; i < 1000; ++i) {
      const auto pause = source.pause();
      if (pause.count() == 0) return std::string(as_text(source.next(1 << 20)));
      std::this_thread::sleep_for(pause);
    }
    ADD_FAILURE() << "nothing comes";
    return {};
  }
  void restart(ApiOptions options) {
    api_ = std::make_unique<Api>(node_.settings(), store_, AccessOptions{}, std::move(options));
  }

  const std::string cats = "/api/v1/datastores/cats";
};

TEST_F(JobRoutesTest, FreeingSpaceIsAJobOfAdmins) {
  EXPECT_EQ(post("/api/v1/store/gc", token(Role::writer)).status, 403);
  EXPECT_EQ(post("/api/v1/store/gc", token(Role::admin, {"cats"})).status, 403);
  EXPECT_EQ(post("/api/v1/store/gc", admin_, R"({"dry_run": "yes"})").status, 400);
  service::delete_versions(*store_, {"cats", {1}}, service::Undo::none);
  service::delete_versions(*store_, {"cats-secret", {1}}, service::Undo::none);
  const auto run = [&](const std::string& body) {
    const Response started = post("/api/v1/store/gc", admin_, body);
    EXPECT_EQ(started.status, 202) << started.body;
    const auto job = end_of(nlohmann::json::parse(started.body)["id"]);
    EXPECT_EQ(job["kind"], "gc");
    EXPECT_EQ(job["status"], "done") << job.dump();
    return job["result"];
  };
  const auto planned = run(R"({"dry_run": true})");
  EXPECT_EQ(planned["dry_run"], true);
  EXPECT_GT(planned["bytes_freed"], 0);
  const auto done = run("");
  EXPECT_EQ(done["bytes_freed"], planned["bytes_freed"]);
  EXPECT_EQ(run("")["bytes_freed"], 0);
}

TEST_F(JobRoutesTest, VerifyIsAJob) {
  Response started = post(cats + "/verify?version=1", admin_);
  ASSERT_EQ(started.status, 202) << started.body;
  const std::string id = nlohmann::json::parse(started.body)["id"];
  EXPECT_EQ(started.headers.get("Location"), "/api/v1/jobs/" + id);
  const auto job = end_of(id);
  EXPECT_EQ(job["status"], "done");
  EXPECT_EQ(job["about"], "cats:1");
  EXPECT_EQ(job["result"]["versions"], 1);
  EXPECT_EQ(nlohmann::json::parse(get("/api/v1/jobs").body)["jobs"].size(), 1u);
  EXPECT_EQ(post("/api/v1/jobs/" + id + "/stop", admin_).status, 200);
  EXPECT_EQ(get("/api/v1/jobs/0123").status, 404);
  EXPECT_EQ(post("/api/v1/datastores/none/verify", admin_).status, 404);
  EXPECT_EQ(post("/api/v1/store/verify", admin_).status, 202);

  const std::string other = token(Role::admin, {"cats-*"});
  EXPECT_EQ(status("GET", "/api/v1/jobs/" + id, other), 404);
  EXPECT_EQ(status("POST", "/api/v1/jobs/" + id + "/stop", other), 404);
  EXPECT_EQ(status("POST", "/api/v1/store/verify", other), 403);
  const auto list = nlohmann::json::parse(send(request_of("GET", "/api/v1/jobs", other)).body);
  EXPECT_EQ(list["jobs"].size(), 0u);
}

TEST_F(JobRoutesTest, CreatesAreOffUnlessTheyAreSwitchedOn) {
  const std::string body = R"({"source": "http://127.0.0.1:9/a.txt"})";
  EXPECT_EQ(post(cats + "/versions", admin_, body).status, 403);
  restart({.fetch = FetchPolicy::internet});
  for (const char* bad : {"", "{}", R"({"source": 1})", R"({"source": "/etc/passwd"})",
                          R"({"source": "http://h/a", "extract": 1})",
                          R"({"source": "http://h/a", "in_place": true})"})
    EXPECT_EQ(post(cats + "/versions", admin_, bad).status, 400) << bad;
  Response started = post(cats + "/versions", admin_, body);
  ASSERT_EQ(started.status, 202) << started.body;
  const auto job = end_of(nlohmann::json::parse(started.body)["id"]);
  EXPECT_EQ(job["status"], "failed");
  EXPECT_NE(job["reason"].get<std::string>().find("address"), std::string::npos) << job;
  EXPECT_EQ(status("POST", cats + "/versions", token(Role::writer, {"dogs"})), 404);
}

TEST_F(JobRoutesTest, WhatARunWroteNeedsNoFetchingAndTheWholeStore) {
  const run::RunFolder run = run::Runs(node_.settings().run_folder).make("train");
  run.write({.name = "train"});
  testing::write_file(run.artifacts() / "model", "weights");
  const std::string body = R"({"source": "grid:run:train", "message": "of a run"})";
  EXPECT_EQ(post(cats + "/versions", token(Role::writer, {"cats"}), body).status, 403);
  EXPECT_EQ(post(cats + "/versions", token(Role::reader), body).status, 403);
  EXPECT_EQ(post(cats + "/versions", admin_, R"({"source": "grid:run:none"})").status, 404);
  const Response started = post(cats + "/versions", token(Role::writer), body);
  ASSERT_EQ(started.status, 202) << started.body;
  const auto job = end_of(nlohmann::json::parse(started.body)["id"]);
  EXPECT_EQ(job["status"], "done") << job;
  EXPECT_EQ(body_of(get("/api/v1/datastores/cats/versions/2/files/model")), "weights");
}

TEST_F(JobRoutesTest, EventsTellOfVersionsAndGoOnAfterABreak) {
  Response stream = follow(admin_);
  ASSERT_EQ(stream.status, 200);
  EXPECT_EQ(stream.headers.get("Content-Type"), "text/event-stream");
  const std::string ready = next_of(*stream.source);
  EXPECT_NE(ready.find("event: ready\n"), ready.npos) << ready;
  const std::size_t at = ready.find("id: ") + 4;
  const std::string id = ready.substr(at, ready.find('\n', at) - at);
  api_->event_watch().look();
  testing::write_file(node_ / "source/new", "file");
  node_.create(*store_, "cats", "source");
  node_.create(*store_, "cats-secret", "source");
  api_->event_watch().look();
  const std::string told = next_of(*stream.source);
  EXPECT_NE(told.find("event: version\ndata: {\"name\": \"cats\", \"version\": 2}\n\n"), told.npos)
      << told;
  // A client that lost its line after `ready` gets what it missed; a limited one sees its own.
  Response again = follow(token(Role::reader, {"cats"}), id);
  const std::string missed = next_of(*again.source) + next_of(*again.source);
  EXPECT_NE(missed.find("\"version\": 2"), missed.npos) << missed;
  EXPECT_EQ(missed.find("cats-secret"), missed.npos) << missed;
  EXPECT_EQ(missed.find("event: re"), missed.npos) << missed;
  Response stranger = follow(admin_, "0123-4");
  EXPECT_NE(next_of(*stranger.source).find("event: reset"), std::string::npos);
}

TEST_F(JobRoutesTest, AStreamIsCutWithItsToken) {
  const service::CreatedToken created = service::create_token(node_.settings(), {});
  Response stream = follow(created.text);
  next_of(*stream.source);
  service::revoke_token(node_.settings(), created.token.id);
  EXPECT_THROW(
      {
        while (true) next_of(*stream.source);
      },
      Error);
}

TEST_F(JobRoutesTest, RunsHaveLogsThatFollowAndArtifacts) {
  const std::filesystem::path run = node_.settings().run_folder / "train-1";
  run::RunRecord record{.name = "train-1"};
  run::RunFolder folder(run);
  std::filesystem::create_directories(folder.artifacts() / "sub");
  folder.write(record);
  testing::write_file(folder.log(), "epoch 1\n");
  testing::write_file(folder.artifacts() / "sub/loss.csv", "1,2\n");
  std::filesystem::create_symlink("/etc/passwd", folder.artifacts() / "link");
  const std::string target = "/api/v1/runs/train-1";
  EXPECT_EQ(body_of(get(target + "/artifacts/sub/loss.csv")), "1,2\n");
  EXPECT_EQ(body_of(get(target + "/artifacts/sub/loss.csv", {{"Range", "bytes=2-"}})), "2\n");
  EXPECT_EQ(get(target + "/artifacts/sub/loss.csv").headers.get("Cache-Control"),
            "private, no-cache");
  EXPECT_EQ(get(target + "/artifacts/link").status, 404);
  EXPECT_EQ(get(target + "/artifacts/sub").status, 400);
  EXPECT_EQ(get(target + "/artifacts/none").status, 404);
  Response log = get(target + "/log/follow?offset=6");
  EXPECT_EQ(next_of(*log.source), "1\n");
  EXPECT_EQ(next_of(*log.source), "") << "no process supervises the run: it is lost";
}

TEST_F(JobRoutesTest, TheStoreIsShownInNumbers) {
  const auto store = nlohmann::json::parse(get("/api/v1/store").body);
  EXPECT_EQ(store["datastores"], 2);
  EXPECT_EQ(store["versions"], 2);
  EXPECT_EQ(store["bytes"], 2 * (10 + 25 + (3 << 20)));
  EXPECT_EQ(store["growth"].size(), 2u);
  EXPECT_GT(store["pack_bytes"], 0);
  EXPECT_LT(store["pack_bytes"], store["bytes"]);
  EXPECT_EQ(status("GET", "/api/v1/store", token(Role::reader, {"cats"})), 403);
  EXPECT_EQ(nlohmann::json::parse(get("/api/v1/creates").body)["incomplete"].size(), 0u);
  const std::string policy = "/api/v1/buckets/photos/policy";
  EXPECT_NE(get(policy).body.find("arn:aws:s3:::photos/*"), std::string::npos) << get(policy).body;
  EXPECT_NE(get(policy + "?principal=123456789012").body.find("Principal"), std::string::npos);
  EXPECT_EQ(get(policy + "?principal=me").status, 400);
  EXPECT_EQ(get("/api/v1/buckets/B/policy").status, 400);
  EXPECT_EQ(nlohmann::json::parse(get("/api/v1/used-by").body)["used_by"].size(), 0u);
  EXPECT_EQ(status("DELETE", "/api/v1/creates/0123", admin_), 404);
  EXPECT_EQ(get("/api/v1/runs/none/explain").status, 404);
  const std::string diff = cats + "/diff?from=1&to=1";
  EXPECT_EQ(nlohmann::json::parse(get(diff + "&count=5").body)["total"], 0);
  EXPECT_EQ(get(diff + "&change=moved").status, 400);
  EXPECT_EQ(get(cats + "/diff/folder?from=1&to=1&path=folder").status, 200);
  EXPECT_EQ(get(cats + "/diff/folder?from=1").status, 400);
  EXPECT_EQ(status("DELETE", cats, admin_), 200);
  EXPECT_EQ(get(cats + "/versions/1").status, 404);
}

TEST_F(JobRoutesTest, AnswersAreCountedAndLogged) {
  std::vector<nlohmann::json> lines;
  restart(
      {.access_log = [&](std::string_view line) { lines.push_back(nlohmann::json::parse(line)); }});
  get(cats + "?secret=1");
  send(request_of("GET", "/nowhere", ""));
  body_of(get(version + "/files/folder/big"));
  get(version + "/files/folder/big");  // the client goes away
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0]["path"], "/api/v1/datastores/cats");
  EXPECT_EQ(lines[0]["route"], "/api/v1/datastores/{name}");
  EXPECT_EQ(lines[0]["token"].get<std::string>().size(), 12u);
  EXPECT_EQ(lines[1]["status"], 404);
  EXPECT_EQ(lines[1]["route"], "");
  EXPECT_EQ(lines[2]["sent"], 3 << 20);
  EXPECT_EQ(lines[2]["whole"], true);
  EXPECT_EQ(lines[3]["whole"], false);
  const std::string metrics = get("/metrics").body;
  for (const char* line :
       {"grid_http_requests_total{method=\"GET\",route=\"/api/v1/datastores/"
        "{name}\",status=\"200\"} 1\n",
        "grid_http_requests_total{method=\"\",route=\"\",status=\"404\"} 1\n",
        "grid_http_request_seconds_count{route=\"/api/v1/datastores/{name}\"} 1\n",
        "grid_http_streams 0\n", "grid_jobs_running 0\n", "grid_cache_bytes 0\n"})
    EXPECT_NE(metrics.find(line), metrics.npos) << line << metrics;
}

}  // namespace
}  // namespace grid::server
