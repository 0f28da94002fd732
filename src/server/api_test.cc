#include "server/api_fixture.h"
#include "server/page_files.h"

namespace grid::server {
namespace {

using service::Role;

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

TEST_F(ApiTest, LetsBrowsersInWithATokenForAsLongAsItLives) {
  const service::CreatedToken created =
      service::create_token(node_.settings(), {.role = Role::reader, .datastores = {"cats"}});
  const auto sign_in = [&](const std::string& token, const std::string& site) {
    Request request = request_of("POST", "/api/v1/session", "");
    request.headers.add("Sec-Fetch-Site", site);
    request.body = token;
    return send(std::move(request));
  };
  EXPECT_EQ(sign_in(created.text + "0", "same-origin").status, 403);
  EXPECT_EQ(sign_in(created.text, "cross-site").status, 403);
  Response signed_in = sign_in(created.text + "\n", "same-origin");
  ASSERT_EQ(signed_in.status, 204);
  const std::string set(signed_in.headers.get("Set-Cookie"));
  const auto with_cookie = [&](const std::string& method, const std::string& target) {
    Request request = request_of(method, target, "");
    request.headers.add("Cookie", set.substr(0, set.find(';')));
    request.headers.add("Sec-Fetch-Site", "same-origin");
    return send(std::move(request));
  };
  const auto caller = nlohmann::json::parse(with_cookie("GET", "/api/v1/session").body);
  EXPECT_EQ(caller["role"], "reader");
  EXPECT_EQ(caller["datastores"][0], "cats");
  EXPECT_EQ(with_cookie("GET", "/api/v1/datastores/cats").status, 200);
  EXPECT_EQ(with_cookie("GET", "/api/v1/datastores/cats-secret").status, 404);
  EXPECT_EQ(with_cookie("PUT", "/api/v1/datastores/cats/description").status, 403);
  service::revoke_token(node_.settings(), created.token.id);
  EXPECT_EQ(with_cookie("GET", "/api/v1/session").status, 401);
}

TEST_F(ApiTest, SignsBrowsersOut) {
  const Response signed_in =
      send(request_of("GET", "/login?code=" + api_->access().make_code(), ""));
  const std::string set(signed_in.headers.get("Set-Cookie"));
  const auto with_cookie = [&](const std::string& method) {
    Request request = request_of(method, "/api/v1/session", "");
    request.headers.add("Cookie", set.substr(0, set.find(';')));
    request.headers.add("Sec-Fetch-Site", "same-origin");
    return send(std::move(request)).status;
  };
  EXPECT_EQ(with_cookie("GET"), 200);
  EXPECT_EQ(with_cookie("DELETE"), 204);
  EXPECT_EQ(with_cookie("GET"), 401);
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

TEST_F(ApiTest, SearchesAVersionInParts) {
  const auto found = nlohmann::json::parse(get(version + "/search?q=*T*&count=1").body);
  ASSERT_EQ(found["entries"].size(), 1u);
  EXPECT_EQ(found["entries"][0]["path"], "a.txt");
  const std::string token = found["token"];
  const auto rest = nlohmann::json::parse(get(version + "/search?q=*T*&token=" + token).body);
  EXPECT_EQ(rest["entries"].size(), 2u);  // empty, page.html
  EXPECT_TRUE(rest["token"].is_null());
  EXPECT_EQ(get(version + "/search").status, 400);
  EXPECT_EQ(get(version + "/search?q=a&path=a.txt").status, 400);
  EXPECT_EQ(get(version + "/search?q=a&token=9-0").status, 409);
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

TEST_F(ApiTest, GivesThePageAtEveryAddressOfItsViews) {
  if (page_files().empty()) GTEST_SKIP() << "built without the page";
  Response page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.get("Cache-Control"), "no-cache");
  for (const char* part : {"default-src 'none'", "frame-ancestors 'none'", "script-src 'self' "})
    EXPECT_NE(page.headers.get("Content-Security-Policy").find(part), std::string_view::npos);
  EXPECT_NE(page.body.find("<div id=\"page\">"), page.body.npos);
  for (const char* place : {"/datastores", "/datastores/cats/1/folder/a.txt", "/runs", "/runs/r",
                            "/compare/cats/1/2", "/store", "/create"})
    EXPECT_EQ(get(place).body, page.body) << place;
  EXPECT_EQ(get("/", {{"If-None-Match", std::string(page.headers.get("ETag"))}}).status, 304);
}

TEST_F(ApiTest, PacksThePageForThoseWhoCanUnpackIt) {
  for (const PageFile& file : page_files()) {
    if (!file.path.starts_with("/assets/")) continue;
    const std::string path(file.path);
    Response packed = get(path, {{"Accept-Encoding", "br, gzip;q=0.5"}});
    EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
    EXPECT_EQ(packed.headers.get("Cache-Control"), "public, immutable, max-age=31536000");
    Response plain = get(path, {{"Accept-Encoding", "br, gzip;q=0"}});
    EXPECT_FALSE(plain.headers.contains("Content-Encoding"));
    // What is tiny may grow.
    EXPECT_GT(plain.body.size() + 100, packed.body.size());
  }
  EXPECT_EQ(get("/assets/missing.js").status, 404);
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

TEST_F(ApiTest, SetsFollowsAndRemovesTags) {
  const auto ask = [&](const char* method, const std::string& path, std::string body = "") {
    Request request = request_of(method, "/api/v1/datastores/cats/" + path, admin_);
    request.body = std::move(body);
    return send(request);
  };
  EXPECT_EQ(ask("GET", "tags/best").status, 404);
  EXPECT_EQ(ask("PUT", "tags/best", R"({"version": 99})").status, 404);
  EXPECT_EQ(ask("PUT", "tags/7", R"({"version": 1})").status, 400);
  EXPECT_EQ(ask("PUT", "tags/best", "1").status, 400);
  EXPECT_EQ(ask("PUT", "tags/best", R"({"version": 1})").status, 200);
  EXPECT_EQ(nlohmann::json::parse(ask("GET", "tags").body)["tags"][0]["version"], 1);
  EXPECT_EQ(ask("GET", "versions/@best").status, 200);
  EXPECT_EQ(ask("GET", "versions/@bets").status, 404);
  EXPECT_EQ(ask("DELETE", "versions/1").status, 503);
  EXPECT_EQ(ask("DELETE", "versions/1?force=maybe").status, 400);
  EXPECT_EQ(ask("DELETE", "tags/best").status, 200);
  EXPECT_EQ(ask("DELETE", "tags/best").status, 404);
}

TEST_F(ApiTest, KeepsTheRetentionOfADatastore) {
  const auto ask = [&](const char* method, std::string body = "") {
    Request request = request_of(method, "/api/v1/datastores/cats/retention", admin_);
    request.body = std::move(body);
    return send(request);
  };
  EXPECT_EQ(ask("PUT", R"({"keep_last": 0})").status, 400);
  EXPECT_EQ(ask("PUT", R"({"keep_last": 5, "keep_tagged": true})").status, 200);
  EXPECT_EQ(nlohmann::json::parse(ask("GET").body)["keep_last"], 5);
  EXPECT_EQ(ask("DELETE").status, 200);
  EXPECT_EQ(nlohmann::json::parse(ask("GET").body)["set"], "");
}

TEST_F(ApiTest, RefusesBeforeABodyIsRead) {
  const auto refusal = [&](const std::string& bearer) {
    return api_->admit(request_of("PUT", "/api/v1/datastores/cats/description", bearer)).refusal;
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
