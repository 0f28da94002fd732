#include "service/uploads.h"

#include "server/api_fixture.h"

namespace grid::server {
namespace {

using service::Role;

class UploadsTest : public ApiTest {
 protected:
  const std::string base_ = "/api/v1/datastores/";

  Response post(const std::string& target, std::string body, const std::string& bearer,
                const std::string& method = "POST") {
    Request request = request_of(method, target, bearer);
    request.body = std::move(body);
    return send(std::move(request));
  }
  std::string open(const std::string& datastore, const std::string& bearer) {
    Response response = post(base_ + datastore + "/uploads", "", bearer);
    EXPECT_EQ(response.status, 201) << response.body;
    return base_ + datastore + "/uploads/" +
           nlohmann::json::parse(response.body)["upload"].get<std::string>();
  }
  static std::string bytes_of(const Digest& digest) { return std::string(as_text(digest.bytes)); }
  static std::string framed(const std::string& chunk) {
    const auto size = static_cast<std::uint32_t>(chunk.size());
    return bytes_of(digest_of(as_bytes(chunk))) +
           std::string(reinterpret_cast<const char*>(&size), sizeof size) + chunk;
  }
  static nlohmann::json file(const std::string& path, const std::vector<std::string>& chunks) {
    nlohmann::json list = nlohmann::json::array();
    for (const std::string& chunk : chunks)
      list.push_back({digest_of(as_bytes(chunk)).hex(), chunk.size()});
    return {{"path", path}, {"mtime_ns", 1'700'000'000'000'000'000}, {"chunks", list}};
  }
  static std::string listed(std::vector<nlohmann::json> files) {
    return nlohmann::json({{"files", files}}).dump();
  }
  std::string read(const std::string& datastore, const std::string& path, int number = 1) {
    return body_of(
        get(base_ + datastore + "/versions/" + std::to_string(number) + "/files/" + path));
  }
};

TEST_F(UploadsTest, SendWhatIsMissingAndMakeAVersion) {
  const std::string upload = open("dogs", admin_);
  const std::string known = "0123456789", fresh(5000, 'n'), other(70'000, 'o');  // a.txt of cats
  const std::string digests = bytes_of(digest_of(as_bytes(known))) +
                              bytes_of(digest_of(as_bytes(fresh))) +
                              bytes_of(digest_of(as_bytes(other)));
  EXPECT_EQ(post(upload + "/missing", digests, admin_).body, std::string("\0\1\1", 3));
  EXPECT_EQ(post(upload + "/chunks", framed(fresh) + framed(other), admin_).status, 200);
  EXPECT_EQ(post(upload + "/missing", digests, admin_).body, std::string(3, '\0'));
  EXPECT_EQ(post(upload + "/files",
                 listed({file("a/large", {fresh, other, known}),
                         file("small", {known}),
                         file("none", {}),
                         {{"path", "b"}, {"kind", "folder"}},
                         {{"path", "link"}, {"kind", "symlink"}, {"target", "small"}}}),
                 admin_)
                .status,
            200);
  const Response made = post(upload + "/commit?message=hello", "", admin_);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(nlohmann::json::parse(made.body)["version"], 1);
  EXPECT_EQ(read("dogs", "a/large"), fresh + other + known);
  EXPECT_EQ(read("dogs", "small"), known);
  EXPECT_EQ(read("dogs", "none"), "");
  const auto entries =
      nlohmann::json::parse(get(base_ + "dogs/versions/1/entries").body)["entries"];
  EXPECT_EQ(entries.size(), 5u);
  // The answer may have been lost: the same again is the same version.
  EXPECT_EQ(nlohmann::json::parse(post(upload + "/commit", "", admin_).body)["version"], 1);
}

TEST_F(UploadsTest, SayWhatIsMissingAtTheCommit) {
  const std::string upload = open("dogs", admin_), chunk(100, 'c');
  EXPECT_EQ(post(upload + "/files", listed({file("f", {chunk})}), admin_).status, 200);
  const Response refused = post(upload + "/commit", "", admin_);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(nlohmann::json::parse(refused.body)["missing"][0], digest_of(as_bytes(chunk)).hex());
  EXPECT_EQ(get(base_ + "dogs").status, 404);
  post(upload + "/chunks", framed(chunk), admin_);
  EXPECT_EQ(post(upload + "/commit", "", admin_).status, 201);
}

TEST_F(UploadsTest, GiveNoRightToBytesByTheirDigest) {
  const std::string limited = token(Role::writer, {"dogs"});
  const std::string upload = open("dogs", limited), secret = "0123456789";  // in cats
  const std::string digest = bytes_of(digest_of(as_bytes(secret)));
  EXPECT_EQ(post(upload + "/missing", digest, limited).body, "\1");
  EXPECT_EQ(post(upload + "/files", listed({file("stolen", {secret})}), limited).status, 200);
  EXPECT_EQ(post(upload + "/commit", "", limited).status, 409);
  // Whoever sends the bytes has them.
  EXPECT_EQ(post(upload + "/chunks", framed(secret), limited).status, 200);
  EXPECT_EQ(post(upload + "/missing", digest, limited).body, std::string(1, '\0'));
  EXPECT_EQ(post(upload + "/commit", "", limited).status, 201);
  // What the datastore's newest version has need not be sent again.
  EXPECT_EQ(post(open("dogs", limited) + "/missing", digest, limited).body, std::string(1, '\0'));
}

TEST_F(UploadsTest, BelongToTheirTokens) {
  const std::string upload = open("dogs", admin_), other = token(Role::admin);
  for (const char* step : {"/missing", "/chunks", "/files", "/commit"})
    EXPECT_EQ(post(upload + step, step == std::string("/files") ? listed({}) : "", other).status,
              404)
        << step;
  EXPECT_EQ(post(upload, "", other, "DELETE").status, 404);
  EXPECT_EQ(post(base_ + "dogs/uploads/..%2f..%2fruns", "", admin_, "GET").status, 400);
  EXPECT_EQ(post(base_ + "dogs/uploads/0123", "", admin_, "GET").status, 404);
  EXPECT_EQ(post(upload, "", admin_, "DELETE").status, 204);
  EXPECT_EQ(post(upload, "", admin_, "GET").status, 404);
}

TEST_F(UploadsTest, RefuseChunksThatAreNotWhatTheySay) {
  const std::string upload = open("dogs", admin_), good = framed("good");
  std::string wrong = framed("wrong");
  wrong.back() = '!';
  EXPECT_EQ(post(upload + "/chunks", good + wrong, admin_).status, 422);
  EXPECT_EQ(post(upload + "/chunks", good.substr(0, good.size() - 1), admin_).status, 422);
  EXPECT_EQ(post(upload + "/chunks", good.substr(0, 20), admin_).status, 422);
  EXPECT_EQ(post(upload + "/chunks", bytes_of(Digest()) + std::string(4, '\0'), admin_).status,
            422);
  EXPECT_EQ(post(upload + "/chunks", bytes_of(Digest()) + std::string(4, '\xff'), admin_).status,
            422);
  EXPECT_EQ(post(upload + "/missing", "12345", admin_).status, 400);
}

TEST_F(UploadsTest, RefuseListsOfFilesThatNoVersionCanHave) {
  const std::string upload = open("dogs", admin_);
  for (const std::string& document : std::vector<std::string>{
           "", "[]", "{}", R"({"files": 1})", R"({"files": [1]})", R"({"files": [{}]})",
           R"({"files": [{"path": "a"}]})", R"({"files": [{"path": "../a", "chunks": []}]})",
           R"({"files": [{"path": "/a", "chunks": []}]})",
           R"({"files": [{"path": "a//b", "chunks": []}]})",
           R"({"files": [{"path": "a", "kind": "pipe"}]})",
           R"({"files": [{"path": "a", "kind": "symlink"}]})",
           R"({"files": [{"path": "a", "executable": 3, "chunks": []}]})",
           R"({"files": [{"path": "a", "chunks": [["x", 1]]}]})",
           R"({"files": [{"path": "a", "chunks": [[")" + Digest().hex() + R"(", 0]]}]})",
           R"({"files": [{"path": "a", "chunks": [[")" + Digest().hex() + R"(", -1]]}]})",
           R"({"files": [{"path": "a", "chunks": [[")" + Digest().hex() + R"(", 4294967297]]}]})"})
    EXPECT_EQ(post(upload + "/files", document, admin_).status, 400) << document;
  // A path that is a file and a folder, and a size that is not the chunk's.
  post(upload + "/chunks", framed("good"), admin_);
  post(upload + "/files", listed({file("a", {"good"}), file("a/b", {"good"})}), admin_);
  EXPECT_GE(post(upload + "/commit", "", admin_).status, 400);
  const std::string second = open("dogs", admin_);
  nlohmann::json lying = file("a", {"good"});
  lying["chunks"][0][1] = 5;
  post(second + "/files", listed({lying}), admin_);
  EXPECT_EQ(post(second + "/commit", "", admin_).status, 400);
  EXPECT_GE(post(open("dogs", admin_) + "/commit", "", admin_).status, 400);  // it is empty
  EXPECT_EQ(get(base_ + "dogs").status, 404);
}

TEST_F(UploadsTest, TakeWholeFilesPieceByPiece) {
  const std::string upload = open("dogs", admin_), bytes(3 << 20, 'w');
  const auto put = [&](const std::string& offset, const std::string& part) {
    return post(upload + "/files/folder/wh%20ole?size=" + std::to_string(bytes.size()) +
                    "&mtime_ns=1700000000000000000&offset=" + offset,
                part, admin_, "PUT");
  };
  EXPECT_EQ(put("0", bytes.substr(0, 1 << 20)).status, 200);
  EXPECT_EQ(put("0", bytes.substr(0, 10)).status, 409);  // it has arrived already
  EXPECT_EQ(put("2097152", bytes.substr(0, 1 << 20)).status, 409);
  EXPECT_EQ(put("3145728", "more").status, 400);
  const auto state = nlohmann::json::parse(post(upload, "", admin_, "GET").body);
  EXPECT_EQ(state["parts"][0]["path"], "folder/wh ole");
  EXPECT_EQ(state["parts"][0]["received"], 1 << 20);
  EXPECT_EQ(post(upload + "/commit", "", admin_).status, 409);
  EXPECT_EQ(put("1048576", bytes.substr(1 << 20)).status, 200);
  EXPECT_EQ(post(upload + "/files/x/..%2f..%2fup", "1", admin_, "PUT").status, 400);
  EXPECT_EQ(post(upload + "/files/once", "first", admin_, "PUT").status, 200);
  EXPECT_EQ(post(upload + "/files/once", "again", admin_, "PUT").status, 200);
  EXPECT_EQ(post(upload + "/commit", "", admin_).status, 201);
  EXPECT_EQ(read("dogs", "folder/wh%20ole"), bytes);
  EXPECT_EQ(read("dogs", "once"), "again");
  const auto entries =
      nlohmann::json::parse(get(base_ + "dogs/versions/1/entries?path=folder").body)["entries"];
  EXPECT_EQ(entries[0]["mtime_ns"], 1'700'000'000'000'000'000);
}

TEST_F(UploadsTest, AreForgottenWhenNobodyUsesThem) {
  const std::string old = open("dogs", admin_), young = open("dogs", admin_);
  const auto folder = node_.settings().state_folder / "uploads" / old.substr(old.rfind('/') + 1);
  std::filesystem::last_write_time(
      folder / "used", std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  open("birds", admin_);
  EXPECT_EQ(post(old, "", admin_, "GET").status, 404);
  EXPECT_EQ(post(young, "", admin_, "GET").status, 200);
}

}  // namespace
}  // namespace grid::server
