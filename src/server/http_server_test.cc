// What a server with small limits does to clients that are slow, or too many.
#include "server/http_server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "tests/support/raw_client.h"

namespace grid::server {
namespace {

using std::chrono::milliseconds;
using testing::RawClient;

constexpr std::string_view host = "Host: localhost\r\n";

// Answers /wait when it is told to, /large with bytes without an end, anything else at once.
class SlowHandler : public Handler {
 public:
  Admission admit(const Request&) override { return {}; }
  Response answer(const Request& request) override {
    Response response;
    response.body = "done";
    if (request.path() == "/large") {
      response.source = std::make_unique<Endless>(*this);
      response.size = std::uint64_t{1} << 40;
    } else if (request.path() == "/wait") {
      std::unique_lock lock(mutex_);
      ++waiting_;
      changed_.notify_all();
      changed_.wait(lock, [&] { return is_released_; });
      --waiting_;
      changed_.notify_all();
    }
    return response;
  }

  void await_waiting(unsigned count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return waiting_ == count; }));
  }
  void release() {
    std::lock_guard lock(mutex_);
    is_released_ = true;
    changed_.notify_all();
  }
  // Bytes of the pieces that sources have given last, together.
  std::size_t held() {
    std::lock_guard lock(mutex_);
    return held_;
  }

 private:
  class Endless : public BodySource {
   public:
    explicit Endless(SlowHandler& handler) : handler_(handler) {}
    ~Endless() override { hold(0); }
    BytesView next(std::size_t size_max) override {
      piece_.resize(size_max);
      hold(size_max);
      return piece_;
    }

   private:
    void hold(std::size_t size) {
      std::lock_guard lock(handler_.mutex_);
      handler_.held_ += size - held_;
      held_ = size;
    }

    SlowHandler& handler_;
    Bytes piece_;
    std::size_t held_ = 0;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned waiting_ = 0;
  bool is_released_ = false;
  std::size_t held_ = 0;
};

class HttpServerTest : public ::testing::Test {
 protected:
  ~HttpServerTest() override {
    handler_.release();
    server_->stop();
    thread_.join();
  }
  void start(HttpLimits limits) {
    server_.emplace(handler_, HttpServerOptions{.workers = 4, .limits = limits});
    thread_ = std::thread([this] { server_->run(false); });
  }
  RawClient& client(int receive_buffer = 0) {
    return clients_.emplace_back(server_->port(), receive_buffer);
  }
  static std::string get(std::string_view path) {
    return fmt::format("GET {} HTTP/1.1\r\n{}\r\n", path, host);
  }
  void await_connections(unsigned count) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (server_->connections() != count && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(milliseconds(5));
    EXPECT_EQ(server_->connections(), count);
  }

  SlowHandler handler_;
  std::optional<HttpServer> server_;
  std::thread thread_;
  std::deque<RawClient> clients_;
};

TEST_F(HttpServerTest, TellsAnAddressWithTooManyRequestsToComeAgain) {
  start({.requests_per_client_max = 3});
  for (int i = 0; i < 3; ++i) client().send(get("/wait"));
  handler_.await_waiting(3);
  RawClient& fourth = client();
  fourth.send(get("/"));
  const std::string refused = fourth.receive();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 429 ")) << refused;
  EXPECT_NE(refused.find("Retry-After: 1\r\n"), refused.npos) << refused;
  // With a body that nobody reads, the connection ends.
  RawClient& fifth = client();
  fifth.send(fmt::format("PUT / HTTP/1.1\r\n{}Content-Length: 100\r\n\r\nbegin", host));
  EXPECT_TRUE(fifth.receive().starts_with("HTTP/1.1 429 "));
  EXPECT_TRUE(fifth.is_closed());
  handler_.release();
  handler_.await_waiting(0);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(clients_[i].receive().starts_with("HTTP/1.1 200 "));
  std::string again;  // a place is free a moment after its answer
  for (int i = 0; i < 1000 && !again.starts_with("HTTP/1.1 200 "); ++i) {
    RawClient& later = client();
    later.send(get("/"));
    again = later.receive();
  }
  EXPECT_TRUE(again.starts_with("HTTP/1.1 200 ")) << again;
}

TEST_F(HttpServerTest, LetsConnectionsWaitWhenItHasEnough) {
  start({.connections_max = 2});
  RawClient& first = client();
  RawClient& second = client();
  await_connections(2);
  RawClient& third = client();
  third.send(get("/"));
  EXPECT_EQ(third.receive("done", milliseconds(300)), "");
  first.send(fmt::format("GET / HTTP/1.1\r\n{}Connection: close\r\n\r\n", host));
  EXPECT_TRUE(first.is_closed());
  EXPECT_TRUE(third.receive("done").starts_with("HTTP/1.1 200 "));
  second.send(get("/"));
  EXPECT_TRUE(second.receive("done").starts_with("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, EndsConnectionsThatAreSilent) {
  start({.head_timeout = milliseconds(300),
         .idle_timeout = milliseconds(400),
         .body_timeout = milliseconds(300),
         .write_timeout = milliseconds(300),
         .farewell_timeout = milliseconds(300)});
  RawClient& silent = client();
  RawClient& in_the_head = client();
  in_the_head.send("GET / HTTP/1.1\r\nHost: lo");
  RawClient& in_the_body = client();
  in_the_body.send(fmt::format("PUT / HTTP/1.1\r\n{}Content-Length: 100\r\n\r\nbegin", host));
  RawClient& does_not_read = client(4096);
  does_not_read.send(get("/large"));
  RawClient& between_requests = client();
  between_requests.send(get("/"));
  EXPECT_TRUE(between_requests.receive("done").ends_with("done"));
  await_connections(0);
  for (RawClient* each : {&silent, &in_the_head, &in_the_body, &does_not_read, &between_requests})
    EXPECT_TRUE(each->is_closed());
  EXPECT_EQ(handler_.held(), 0u);
}

TEST_F(HttpServerTest, ServesOthersWhileManyReadSlowlyAndHoldsLittleForThem) {
  constexpr std::size_t memory = 4 << 20;
  start({.memory = memory, .farewell_timeout = milliseconds(300)});
  constexpr unsigned count = 200;
  for (unsigned i = 0; i < count; ++i) client(4096).send(get("/large"));
  for (unsigned i = 0; i < count; ++i)
    EXPECT_TRUE(clients_[i].receive().starts_with("HTTP/1.1 200"));
  await_connections(count);
  RawClient& other = client();
  other.send(get("/"));
  EXPECT_TRUE(other.receive("done").ends_with("done"));
  EXPECT_GT(handler_.held(), 0u);
  EXPECT_LE(handler_.held(), memory + count * (std::size_t{16} << 10));
}

}  // namespace
}  // namespace grid::server
