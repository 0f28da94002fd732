#include "server/api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/node.h"

namespace grid::server {
namespace {

using service::Role;

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() : store_(node_.open()) {
    testing::write_file(node_ / "source/a.txt", "0123456789");
    testing::write_file(node_ / "source/page.html", "<script>alert(1)</script>");
    testing::write_file(node_ / "source/empty", "");
    testing::write_file(node_ / "source/folder/big", std::string(3 << 20, 'x'));
    node_.create(*store_, "cats", "source");
    node_.create(*store_, "cats-secret", "source");
    api_ = std::make_unique<Api>(node_.settings(), store_, AccessOptions{.host_names = {"box"}});
    admin_ = token(Role::admin);
  }

  std::string token(Role role, std::vector<std::string> datastores = {}) {
    return service::create_token(node_.settings(), {.role = role, .datastores = datastores}).text;
  }
  Response send(Request request) { return api_->answer(request); }
  Request request_of(const std::string& method, const std::string& target,
                     const std::string& bearer) {
    Request request{.method = method, .target = target, .headers = {{"Host", "localhost:8080"}}};
    if (!bearer.empty()) request.headers.add("Authorization", "Bearer " + bearer);
    return request;
  }
  Response get(const std::string& target, HttpHeaders more = {}) {
    Request request = request_of("GET", target, admin_);
    for (const net::HttpHeader& header : more) request.headers.set(header.name, header.value);
    return send(std::move(request));
  }
  int status(const std::string& method, const std::string& target, const std::string& bearer) {
    return send(request_of(method, target, bearer)).status;
  }
  static std::string body_of(Response response) {
    std::string body = std::move(response.body);
    if (response.source != nullptr)
      for (BytesView piece; !(piece = response.source->next()).empty();) body += as_text(piece);
    EXPECT_EQ(body.size(), response.size.value_or(body.size()));
    return body;
  }

  testing::Node node_;
  std::shared_ptr<dataset::OpenStore> store_;
  std::unique_ptr<Api> api_;
  std::string admin_;
};

const std::string version = "/api/v1/datastores/cats/versions/1";

TEST_F(ApiTest, AnswersWithTheDocumentsOfTheCommands) {
  const auto list = nlohmann::json::parse(get("/api/v1/datastores").body);
  ASSERT_EQ(list["datastores"].size(), 2u);
  EXPECT_EQ(list["datastores"][0]["name"], "cats");
  const auto page = nlohmann::json::parse(get(version + "/entries?count=2&offset=1").body);
  EXPECT_EQ(page["total"], 4);
  EXPECT_EQ(page["entries"][0]["path"], "empty");
  EXPECT_EQ(nlohmann::json::parse(get("/api/v1/datastores/cats").body)["name"], "cats");
  EXPECT_EQ(get("/api/v1/datastores/cats/diff?from=1&to=1").status, 200);
  EXPECT_EQ(get("/api/v1/runs").status, 200);
  EXPECT_EQ(get("/api/v1/sessions").status, 200);
  EXPECT_EQ(get("/api/v1/cache").status, 200);
}

TEST_F(ApiTest, LetsNobodyInWithoutAToken) {
  for (const Route& route : api_routes()) {
    if (route.needs == Needs::nobody) continue;
    std::string target(route.pattern);
    for (const auto& [part, value] : std::vector<std::pair<std::string, std::string>>{
             {"{name}", "cats"}, {"{version}", "1"}, {"{path...}", "a.txt"}, {"{run}", "r"}})
      if (const std::size_t at = target.find(part); at != target.npos)
        target.replace(at, part.size(), value);
    const std::string method(route.method);
    EXPECT_EQ(status(method, target, ""), 401) << target;
    EXPECT_EQ(status(method, target, "grid_0123456789ab_" + std::string(48, '0')), 401) << target;
    // A token of one datastore sees nothing of another, whatever the route.
    if (target.find("cats") != target.npos) {
      EXPECT_EQ(status(method, target, token(Role::admin, {"cat", "dogs*"})), 404) << target;
    }
    if (route.needs != Needs::reader) {
      EXPECT_EQ(status(method, target, token(Role::reader)), 403) << target;
    }
  }
}

TEST_F(ApiTest, LimitsTokensToTheirDatastores) {
  const std::string bearer = token(Role::admin, {"cats"});
  const auto list =
      nlohmann::json::parse(send(request_of("GET", "/api/v1/datastores", bearer)).body);
  ASSERT_EQ(list["datastores"].size(), 1u);
  EXPECT_EQ(list["datastores"][0]["name"], "cats");
  EXPECT_EQ(status("GET", "/api/v1/datastores/cats-secret", bearer), 404);
  EXPECT_EQ(status("GET", "/api/v1/datastores/cats", bearer), 200);
  EXPECT_EQ(status("GET", "/api/v1/runs", bearer), 403);
}

TEST_F(ApiTest, RefusesRevokedTokensAtOnce) {
  const service::CreatedToken created = service::create_token(node_.settings(), {});
  EXPECT_EQ(status("GET", "/api/v1/datastores", created.text), 200);
  service::revoke_token(node_.settings(), created.token.id);
  EXPECT_EQ(status("GET", "/api/v1/datastores", created.text), 401);
}

TEST_F(ApiTest, KnowsItsOwnNames) {
  for (const char* host :
       {"localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:80", "10.1.2.3", "box", "Box:8080"})
    EXPECT_EQ(get("/healthz", {{"Host", host}}).status, 200) << host;
  for (const char* host : {"", "evil.example", "localhost.evil.example", "box.evil.example",
                           "127.0.0.1.evil.example", "[::1", "evil.example#box"})
    EXPECT_EQ(get("/healthz", {{"Host", host}}).status, 421) << host;
  EXPECT_EQ(api_->answer({.method = "GET", .target = "/healthz"}).status, 421);
}

TEST_F(ApiTest, LetsTheLinkInOnceAndOnlyItsOwnPagesWrite) {
  const std::string link = "/login?code=" + api_->access().make_code();
  Response signed_in = send(request_of("GET", link, ""));
  ASSERT_EQ(signed_in.status, 303);
  const std::string set(signed_in.headers.get("Set-Cookie"));
  for (const char* part : {"HttpOnly", "SameSite=Strict"})
    EXPECT_NE(set.find(part), set.npos) << part;
  EXPECT_EQ(send(request_of("GET", link, "")).status, 403);
  EXPECT_EQ(send(request_of("GET", "/login?code=", "")).status, 403);

  const std::string cookie = set.substr(0, set.find(';'));
  const auto with_cookie = [&](const std::string& method, HttpHeaders more) {
    Request request = request_of(method, "/api/v1/datastores/cats/description", "");
    request.headers.add("Cookie", "a=b; " + cookie);
    for (const net::HttpHeader& header : more) request.headers.add(header.name, header.value);
    return send(std::move(request)).status;
  };
  EXPECT_EQ(with_cookie("GET", {}), 200);
  EXPECT_EQ(with_cookie("GET", {{"Sec-Fetch-Site", "cross-site"}}), 401);
  EXPECT_EQ(with_cookie("PUT", {{"Sec-Fetch-Site", "same-origin"}}), 200);
  EXPECT_EQ(with_cookie("PUT", {{"Origin", "http://localhost:8080"}}), 200);
  EXPECT_EQ(with_cookie("PUT", {}), 401);
  EXPECT_EQ(with_cookie("PUT", {{"Sec-Fetch-Site", "none"}}), 401);
  EXPECT_EQ(with_cookie("PUT", {{"Sec-Fetch-Site", "same-site"}}), 401);
  EXPECT_EQ(with_cookie("PUT", {{"Origin", "http://localhost:8081"}}), 401);
  EXPECT_EQ(with_cookie("PUT", {{"Origin", "null"}}), 401);
}

TEST_F(ApiTest, RefusesPathsThatAreNone) {
  for (const char* path : {"/api/v1/datastores/cats%2Fx", "/api//v1", "/api/v1/../v1/runs", "/%",
                           "/%zz", "/a%00", "/api/v1/datastores/%2e%2e/description",
                           "/api/v1/datastores/cats/versions/1/files/%2e%2e/a.txt",
                           "/api/v1/datastores/cats/versions/1/files/a%2Ftxt"})
    EXPECT_EQ(get(path).status, 400) << path;
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(get("/api/v1/datastores/Cats").status, 404);
  EXPECT_EQ(get("/api/v1/datastores/cats/versions/9").status, 404);
  EXPECT_EQ(get("/api/v1/datastores/cats/versions/x").status, 400);
  EXPECT_EQ(get(version + "/entries?count=x").status, 400);
  EXPECT_EQ(get(version + "/entries?sort=x").status, 400);
  EXPECT_EQ(get(version + "/entries?path=..").status, 400);
  EXPECT_EQ(status("POST", "/api/v1/datastores", admin_), 405);
  EXPECT_EQ(send(request_of("POST", "/healthz", "")).headers.get("Allow"), "GET, HEAD");
}

TEST_F(ApiTest, ReadsFilesWholeAndInRanges) {
  const std::string file = version + "/files/a.txt";
  Response whole = get(file);
  const std::string etag(whole.headers.get("ETag"));
  EXPECT_EQ(whole.headers.get("Cache-Control"), "private, immutable, max-age=31536000");
  EXPECT_EQ(body_of(std::move(whole)), "0123456789");
  EXPECT_EQ(body_of(get(file, {{"Range", "bytes=2-4"}})), "234");
  EXPECT_EQ(get(file, {{"Range", "bytes=2-4"}}).headers.get("Content-Range"), "bytes 2-4/10");
  const std::string parts = body_of(get(file, {{"Range", "bytes=0-1,-1"}}));
  EXPECT_NE(parts.find("bytes 0-1/10\r\n\r\n01\r\n"), parts.npos) << parts;
  EXPECT_NE(parts.find("bytes 9-9/10\r\n\r\n9\r\n"), parts.npos) << parts;
  EXPECT_EQ(get(file, {{"Range", "bytes=10-"}}).status, 416);
  EXPECT_EQ(body_of(get(file, {{"Range", "lines=1"}})), "0123456789");
  EXPECT_EQ(get(file, {{"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(get(file, {{"If-None-Match", "\"x\", W/" + etag}}).status, 304);
  EXPECT_EQ(get(file, {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(get(file, {{"If-Match", etag}}).status, 200);
  EXPECT_EQ(get(file, {{"Range", "bytes=1-1"}, {"If-Range", etag}}).status, 206);
  EXPECT_EQ(get(file, {{"Range", "bytes=1-1"}, {"If-Range", "\"x\""}}).status, 200);
  EXPECT_EQ(body_of(get(version + "/files/empty")), "");
  EXPECT_EQ(body_of(get(version + "/files/folder/big")), std::string(3 << 20, 'x'));
  EXPECT_EQ(get(version + "/files/folder").status, 400);
  EXPECT_EQ(get(version + "/files/missing").status, 404);
  Response head = send(request_of("HEAD", file, admin_));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.size, 10u);
  EXPECT_EQ(get("/api/v1/datastores/cats/versions/latest/files/a.txt").headers.get("Cache-Control"),
            "private, no-cache");
}

TEST_F(ApiTest, LetsNoFileActAsAPage) {
  Response page = get(version + "/files/page.html");
  EXPECT_EQ(page.headers.get("Content-Security-Policy"), "sandbox; default-src 'none'");
  EXPECT_EQ(page.headers.get("X-Content-Type-Options"), "nosniff");
  EXPECT_TRUE(page.headers.get("Content-Disposition").starts_with("attachment"));
  EXPECT_TRUE(
      get(version + "/files/a.txt").headers.get("Content-Disposition").starts_with("inline"));
  EXPECT_TRUE(get(version + "/files/a.txt?download")
                  .headers.get("Content-Disposition")
                  .starts_with("attachment"));
}

TEST_F(ApiTest, DescribesAndDeletes) {
  Request describe = request_of("PUT", "/api/v1/datastores/cats/description", admin_);
  describe.body = "37 breeds";
  EXPECT_EQ(send(describe).status, 200);
  EXPECT_EQ(nlohmann::json::parse(get("/api/v1/datastores/cats/description").body)["description"],
            "37 breeds");
  EXPECT_EQ(status("DELETE", version, admin_), 200);
  EXPECT_EQ(get(version).status, 404);
}

TEST_F(ApiTest, RefusesBeforeABodyIsRead) {
  const auto refusal = [&](const std::string& bearer) {
    return api_->refuse(request_of("PUT", "/api/v1/datastores/cats/description", bearer));
  };
  EXPECT_FALSE(refusal(admin_));
  ASSERT_TRUE(refusal(""));
  EXPECT_EQ(refusal("")->status, 401);
  EXPECT_EQ(refusal(token(Role::reader))->status, 403);
}

TEST_F(ApiTest, IsDescribedRouteByRoute) {
  const auto document = nlohmann::json::parse(get("/api/openapi.json").body);
  std::size_t operations = 0;
  for (const auto& path : document["paths"]) operations += path.size();
  EXPECT_EQ(operations, api_routes().size());
  EXPECT_EQ(document["openapi"], "3.1.0");
  const auto& files =
      document["paths"]["/api/v1/datastores/{name}/versions/{version}/files/{path}"]["get"];
  EXPECT_EQ(files["parameters"].size(), 4u);
}

}  // namespace
}  // namespace grid::server
