#include "backend/s3.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "backend/open.h"
#include "base/error.h"
#include "tests/support/loopback_server.h"

namespace grid::backend {
namespace {

using testing::LoopbackServer;

// A server that keeps objects and treats conditional requests as it was told.
class PlainServer {
 public:
  enum class Conditions { honoured, ignored, refused };
  explicit PlainServer(Conditions conditions) : conditions_(conditions) {}

  std::unique_ptr<Backend> backend() {
    return std::make_unique<S3Backend>(
        net::S3Access::open({}, {.endpoint_url = server_.origin(), .anonymous = true}), "bucket",
        "store/");
  }
  std::size_t count() {
    std::lock_guard lock(mutex_);
    return objects_.size();
  }

 private:
  void answer(const LoopbackServer::Request& request, LoopbackServer::Connection& connection) {
    std::lock_guard lock(mutex_);
    if (request.method == "DELETE") return objects_.erase(request.target), connection.answer(204);
    if (request.method == "HEAD")
      return connection.answer(objects_.contains(request.target) ? 200 : 404, "",
                               {"ETag: e", "x-amz-meta-grid-writer: the first"});
    const bool conditional = !request.header("if-none-match").empty();
    if (conditional && conditions_ == Conditions::refused)
      return connection.answer(501, "<Error><Code>NotImplemented</Code></Error>");
    if (conditional && conditions_ == Conditions::honoured && objects_.contains(request.target))
      return connection.answer(412);
    objects_[request.target] = request.body;
    connection.answer(200, "", {"ETag: e"});
  }

  const Conditions conditions_;
  std::mutex mutex_;
  std::map<std::string, std::string> objects_;  // guarded by mutex_
  LoopbackServer server_{
      [this](const auto& request, auto& connection) { answer(request, connection); }};
};

TEST(S3BackendTest, AServerThatHonoursConditionsMayHoldAStore) {
  PlainServer server(PlainServer::Conditions::honoured);
  server.backend()->prove_creates();
  EXPECT_EQ(server.count(), 0u);
}

TEST(S3BackendTest, AServerThatOverwritesIsRefused) {
  for (auto conditions : {PlainServer::Conditions::ignored, PlainServer::Conditions::refused}) {
    PlainServer server(conditions);
    try {
      server.backend()->prove_creates();
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unsupported);
      EXPECT_NE(std::string(error.what()).find("s3://bucket/store cannot hold a store"),
                std::string::npos)
          << error.what();
    }
    EXPECT_EQ(server.count(), 0u);
  }
}

TEST(S3BackendTest, IsNamedByItsUrl) {
  EXPECT_EQ(open("s3://bucket/a/b/")->name(), "s3://bucket/a/b");
  EXPECT_EQ(open("s3://bucket")->name(), "s3://bucket");
  EXPECT_THROW(open("s3://bucket/a//b"), Error);
}

}  // namespace
}  // namespace grid::backend
