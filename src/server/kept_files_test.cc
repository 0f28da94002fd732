#include "server/kept_files.h"

#include "server/api_fixture.h"

namespace grid::server {
namespace {

class KeptFilesTest : public ApiTest {
 protected:
  KeptFilesTest() {
    for (std::uint32_t i = 0; big_.size() < (2 << 20); ++i)
      big_ += digest_of(as_bytes(std::to_string(i))).hex();
    testing::write_file(node_ / "more/big.jpg", big_);
    testing::write_file(node_ / "more/small.txt", "0123456789");
    node_.create(*store_, "dogs", "more");
  }

  std::optional<Response> find(const std::string& target, const std::string& bearer,
                               HttpHeaders more = {}, const std::string& method = "GET") {
    Request request = request_of(method, target, bearer);
    for (const net::HttpHeader& header : more) request.headers.set(header.name, header.value);
    return api_->find_quick_answer(request);
  }

  const std::string files_ = "/api/v1/datastores/dogs/versions/1/files";
  std::string big_;
};

TEST_F(KeptFilesTest, AnswersFromMemoryAsFromTheStore) {
  for (const std::string& file : {files_ + "/small.txt", files_ + "/big.jpg"}) {
    EXPECT_FALSE(find(file, admin_));
    Response first = get(file);
    std::optional<Response> second = find(file, admin_);
    ASSERT_TRUE(second) << file;
    EXPECT_EQ(second->status, 200);
    ASSERT_TRUE(second->shared_head);
    for (const net::HttpHeader& header : first.headers) {
      const std::string line = header_lines({header});
      EXPECT_NE((header_lines(second->headers) + *second->shared_head).find(line), line.npos)
          << line;
    }
    const std::string content = body_of(std::move(first));
    EXPECT_EQ(content, file.ends_with("small.txt") ? "0123456789" : big_);
    EXPECT_EQ(body_of(*std::move(second)), content);
  }
}

TEST_F(KeptFilesTest, GivesAllPiecesFromMemoryOnceTheyWereRead) {
  body_of(get(files_ + "/big.jpg"));
  std::optional<Response> kept = find(files_ + "/big.jpg", admin_);
  ASSERT_TRUE(kept && kept->source);
  std::string body;
  while (body.size() < big_.size()) {
    ASSERT_TRUE(kept->source->is_quick());
    body += as_text(kept->source->next(1));
  }
  EXPECT_EQ(body, big_);
  EXPECT_TRUE(kept->source->next(1).empty());
}

TEST_F(KeptFilesTest, ReadsHereWhatTheKernelHasInMemory) {
  get(files_ + "/big.jpg");  // its first piece alone is read, and the chunks' pack is open
  std::optional<Response> known = find(files_ + "/big.jpg", admin_);
  ASSERT_TRUE(known && known->source);
  std::string body;
  while (body.size() < big_.size()) {
    ASSERT_TRUE(known->source->is_quick());
    body += as_text(known->source->next(file_piece_size));
  }
  EXPECT_EQ(body, big_);
}

TEST_F(KeptFilesTest, LeavesRequestsForLessThanAllToOthers) {
  const std::string file = files_ + "/small.txt";
  const std::string etag(get(file).headers.get("ETag"));
  EXPECT_TRUE(find(file, admin_));
  EXPECT_FALSE(find(file, admin_, {{"Range", "bytes=0-1"}}));
  EXPECT_FALSE(find(file, admin_, {{"If-None-Match", etag}}));
  EXPECT_FALSE(find(file, admin_, {{"If-Match", etag}}));
  EXPECT_FALSE(find(file, admin_, {}, "HEAD"));
  EXPECT_FALSE(find(file + "?download", admin_));
  EXPECT_EQ(body_of(get(file, {{"Range", "bytes=2-4"}})), "234");
  EXPECT_EQ(get(file, {{"If-None-Match", etag}}).status, 304);
}

TEST_F(KeptFilesTest, AsksEachTimeWhoMayRead) {
  const std::string file = files_ + "/small.txt";
  const service::CreatedToken created = service::create_token(node_.settings(), {});
  EXPECT_EQ(status("GET", file, created.text), 200);
  EXPECT_TRUE(find(file, created.text));
  EXPECT_FALSE(find(file, ""));
  EXPECT_FALSE(find(file, token(service::Role::admin, {"cats"})));
  EXPECT_FALSE(find(file, created.text, {{"Host", "evil.example.com"}}));
  service::revoke_token(node_.settings(), created.token.id);
  EXPECT_FALSE(find(file, created.text));
}

TEST_F(KeptFilesTest, ForgetsADeletedVersionAtOnce) {
  const std::string file = files_ + "/small.txt";
  EXPECT_EQ(get(file).status, 200);
  EXPECT_TRUE(find(file, admin_));
  store_->datastores->remove("dogs", 1);
  EXPECT_FALSE(find(file, admin_));
  EXPECT_EQ(get(file).status, 404);
}

TEST_F(KeptFilesTest, AnswersWithTheLatestVersionOnlyFromTheStore) {
  const std::string file = "/api/v1/datastores/dogs/versions/latest/files/small.txt";
  EXPECT_EQ(body_of(get(file)), "0123456789");
  EXPECT_FALSE(find(file, admin_));
  testing::write_file(node_ / "more/small.txt", "new");
  node_.create(*store_, "dogs", "more");
  EXPECT_EQ(body_of(get(file)), "new");
  EXPECT_EQ(body_of(get(files_ + "/small.txt")), "0123456789");
}

TEST_F(KeptFilesTest, TakesOnlySomePiecesOnceItIsFull) {
  KeptFiles kept;
  unsigned wanted = 0;
  const auto piece = std::make_shared<const Bytes>(256 << 10);
  for (std::uint64_t i = 0; i < 800; ++i) {
    if (!kept.wants_piece()) continue;
    ++wanted;
    kept.add_piece({digest_of(as_bytes(std::to_string(i)))}, 0, piece);
  }
  EXPECT_GT(wanted, 80u << 20 >> 18);
  EXPECT_LT(wanted, 500u);
  EXPECT_TRUE(kept.find_piece({digest_of(as_bytes("100"))}, 0));
  EXPECT_FALSE(kept.find_piece({digest_of(as_bytes("100"))}, 1));
}

}  // namespace
}  // namespace grid::server
