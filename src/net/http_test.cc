#include "net/http.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "tests/support/loopback_server.h"
#include "tests/support/random_bytes.h"

namespace grid::net {
namespace {

using testing::LoopbackServer;
using Request = LoopbackServer::Request;
using Connection = LoopbackServer::Connection;
using std::chrono::milliseconds;

const RetryPolicy at_once{.tries_max = 4, .delay_first = milliseconds(1)};

HttpRequest get(const std::string& url) { return {.url = url}; }

TEST(HttpTest, GivesStatusHeadersAndBody) {
  LoopbackServer server([](const Request& request, Connection& connection) {
    connection.answer(200, request.method + " " + request.target + " " + request.header("x-a"),
                      {"ETag:  \"1\" ", "X-Empty:"});
  });
  HttpClient client;
  HttpResult result = client.attempt({.url = server.url("/a%20b?c=d"), .headers = {{"X-A", "1"}}});
  EXPECT_EQ(result.failure, HttpFailure::none);
  EXPECT_EQ(result.response.status(), 200);
  EXPECT_EQ(as_text(result.response.body), "GET /a%20b?c=d 1");
  EXPECT_EQ(result.response.header("etag"), "\"1\"");
  EXPECT_TRUE(result.response.head.headers.contains("X-EMPTY"));
  EXPECT_EQ(result.response.head.url, server.url("/a%20b?c=d"));
}

TEST(HttpTest, LeavesThePathAsItIs) {
  LoopbackServer server([](const Request& request, Connection& connection) {
    connection.answer(200, request.target);
  });
  HttpClient client;
  for (const char* target : {"/a//b", "/a/../b", "/./x", "/%2e%2e/c"})
    EXPECT_EQ(as_text(client.attempt(get(server.url(target))).response.body), target);
}

TEST(HttpTest, SendsBodies) {
  LoopbackServer server([](const Request& request, Connection& connection) {
    connection.answer(200, request.method + " " + request.header("content-length"),
                      {"X-Same: " + std::to_string(request.body ==
                                                   testing::random_bytes(request.body.size(), 7))});
  });
  HttpClient client;
  for (std::size_t size : {0u, 1u, 100'000u, 3'000'000u}) {
    std::string body = testing::random_bytes(size, 7);
    for (const char* method : {"PUT", "POST"}) {
      HttpResponse response =
          client.send({.method = method, .url = server.url("/"), .body = as_bytes(body)});
      EXPECT_EQ(as_text(response.body), std::string(method) + " " + std::to_string(size));
      EXPECT_EQ(response.header("x-same"), "1");
    }
  }
  EXPECT_EQ(as_text(client.send({.method = "DELETE", .url = server.url("/")}).body), "DELETE ");
}

TEST(HttpTest, AnAnswerToHeadHasNoBody) {
  LoopbackServer server([](const Request&, Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  });
  HttpClient client;
  HttpResponse response = client.send({.method = "HEAD", .url = server.url("/")});
  EXPECT_EQ(response.header("Content-Length"), "1000");
  EXPECT_TRUE(response.body.empty());
}

TEST(HttpTest, FillsTheCallersBufferButNotBeyond) {
  LoopbackServer server([](const Request& request, Connection& connection) {
    connection.answer(request.target == "/absent" ? 404 : 200, "0123456789");
  });
  HttpClient client;
  Bytes room(12), small(9);
  HttpRequest request{.url = server.url("/"), .into = room};
  HttpResult result = client.attempt(request);
  EXPECT_EQ(result.response.into_size, 10u);
  EXPECT_EQ(as_text(room).substr(0, 10), "0123456789");
  EXPECT_TRUE(result.response.body.empty());

  request.into = small;
  EXPECT_EQ(client.attempt(request).failure, HttpFailure::too_large);
  request.url = server.url("/absent");
  request.into = room;
  EXPECT_EQ(as_text(client.attempt(request).response.body), "0123456789");
}

TEST(HttpTest, GivesABodyToItsTakerUpToTheLimit) {
  const std::string body = testing::random_bytes(3'000'000, 1);
  LoopbackServer server([&](const Request& request, Connection& connection) {
    connection.answer(request.target == "/absent" ? 404 : 200, body);
  });
  HttpClient client;
  std::string taken;
  HttpRequest request{.url = server.url("/")};
  request.taker = {.size_max = body.size(), .take = [&](std::uint64_t offset, BytesView piece) {
                     EXPECT_EQ(offset, taken.size());
                     taken += as_text(piece);
                   }};
  EXPECT_EQ(client.attempt(request).response.into_size, body.size());
  EXPECT_TRUE(taken == body);

  taken.clear();
  request.taker->size_max = body.size() - 1;
  EXPECT_EQ(client.attempt(request).failure, HttpFailure::too_large);
  taken.clear();
  request.url = server.url("/absent");
  EXPECT_EQ(client.attempt(request).response.body.size(), body.size());
  EXPECT_TRUE(taken.empty());
}

TEST(HttpTest, RefusesABodyThatIsTooLarge) {
  LoopbackServer server([](const Request&, Connection& connection) {
    connection.answer(200, std::string(1001, 'x'));
  });
  HttpClient client({.body_size_max = 1000});
  EXPECT_EQ(client.attempt(get(server.url("/"))).failure, HttpFailure::too_large);
}

TEST(HttpTest, KeepsConnections) {
  LoopbackServer server(
      [](const Request&, Connection& connection) { connection.answer(200, "x"); });
  HttpClient client;
  for (int i = 0; i < 20; ++i) client.send(get(server.url("/")));
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpTest, HasManyRequestsInFlight) {
  // The server answers only after all requests have come.
  std::mutex mutex;
  std::condition_variable changed;
  int waiting = 0;
  LoopbackServer server([&](const Request&, Connection& connection) {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    changed.wait(lock, [&] { return waiting == 32; });
    lock.unlock();
    connection.answer(200, "x");
  });
  HttpClient client;
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 32; ++i)
    answers.push_back(
        std::async(std::launch::async, [&] { return client.send(get(server.url("/"))).status(); }));
  for (auto& answer : answers) EXPECT_EQ(answer.get(), 200);
}

TEST(HttpTest, NoticesATruncatedBody) {
  LoopbackServer server([](const Request&, Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
    connection.close();
  });
  HttpClient client;
  HttpResult result = client.attempt(get(server.url("/")));
  EXPECT_EQ(result.failure, HttpFailure::cut);
  EXPECT_TRUE(result.is_worth_a_retry());
}

TEST(HttpTest, NoticesATruncatedChunkedBody) {
  LoopbackServer server([](const Request&, Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n");
    connection.close();
  });
  HttpClient client;
  EXPECT_EQ(client.attempt(get(server.url("/"))).failure, HttpFailure::cut);
}

TEST(HttpTest, GivesUpOnAServerThatSaysNothing) {
  LoopbackServer server([](const Request&, Connection& connection) { connection.stall(); });
  HttpClient client({.stall_timeout = std::chrono::seconds(1)});
  HttpResult result = client.attempt(get(server.url("/")));
  EXPECT_EQ(result.failure, HttpFailure::timed_out);
  EXPECT_TRUE(result.is_worth_a_retry());
}

TEST(HttpTest, AStopEndsWhatIsUnderWay) {
  LoopbackServer server([](const Request&, Connection& connection) { connection.stall(); });
  const auto stop = std::make_shared<WaitStop>();
  HttpClient client({.stop = stop});
  auto answer = std::async(std::launch::async, [&] { client.send(get(server.url("/"))); });
  EXPECT_EQ(answer.wait_for(milliseconds(50)), std::future_status::timeout);
  stop->stop();
  EXPECT_THROW(answer.get(), Error);
}

TEST(HttpTest, ABodyThatTricklesCountsAsStalled) {
  LoopbackServer server([](const Request&, Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    for (int i = 0; i < 100 && !connection.closed(); ++i) {
      connection.send("1234");
      std::this_thread::sleep_for(milliseconds(100));
    }
    connection.close();
  });
  HttpClient client({.stall_timeout = std::chrono::seconds(1)});
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(client.attempt(get(server.url("/"))).failure, HttpFailure::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(8));
}

TEST(HttpTest, SaysThatAServerDoesNotSpeakTls) {
  std::atomic<int> calls = 0;
  LoopbackServer server([&](const Request&, Connection& connection) {
    ++calls;
    connection.answer(403);
  });
  HttpClient client;
  const std::string url = "https" + server.url("/x").substr(4);
  const auto begun = std::chrono::steady_clock::now();
  try {
    client.send(get(url));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_NE(std::string(error.what()).find("use http://"), std::string::npos) << error.what();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2));
  EXPECT_LE(calls, 1);
}

TEST(HttpTest, AdviceForACertificateDependsOnWhatIsWrong) {
  const auto said = [](const char* detail) {
    return std::string(
        failure_error("cannot read x", get("https://x"), HttpFailure::untrusted, detail).what());
  };
  EXPECT_NE(said("certificate has expired").find("must renew"), std::string::npos);
  EXPECT_NE(said("no alternative certificate subject name matches").find("another name"),
            std::string::npos);
  EXPECT_NE(said("unable to get local issuer").find("SSL_CERT_FILE"), std::string::npos);
}

TEST(HttpTest, TriesAgainAndThenGivesTheLastAnswer) {
  std::atomic<int> calls = 0;
  LoopbackServer server([&](const Request& request, Connection& connection) {
    const int call = ++calls;
    if (request.target == "/soon" && call == 4) return connection.answer(200, "at last");
    if (call == 1) return connection.answer(503);
    if (call == 2) {  // libcurl itself would retry if nothing at all had come
      connection.send("HTTP/1.1 200 OK\r\nContent-Le");
      return connection.close();
    }
    connection.answer(429, "", {"Retry-After: 0"});
  });
  HttpClient client;
  EXPECT_EQ(as_text(client.send(get(server.url("/soon")), at_once).body), "at last");
  calls = 0;
  EXPECT_EQ(client.send(get(server.url("/never")), at_once).status(), 429);
  EXPECT_EQ(calls, 4);
}

TEST(HttpTest, DoesNotRetryPermanentFailures) {
  std::atomic<int> calls = 0;
  LoopbackServer server([&](const Request&, Connection& connection) {
    ++calls;
    connection.answer(404, "no");
  });
  HttpClient client;
  EXPECT_EQ(client.send(get(server.url("/")), at_once).status(), 404);
  EXPECT_EQ(calls, 1);
}

TEST(HttpTest, ReportsFailuresWithoutSecrets) {
  HttpClient client;
  try {
    client.send(get("http://ann:secret@127.0.0.1:1/x?token=secret"), at_once);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_NE(std::string(error.what()).find("http://127.0.0.1:1/x"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
  }
  try {
    client.send(get("gopher://127.0.0.1/"), at_once);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
  }
}

TEST(HttpTest, FollowsRedirectsOnlyWhenAsked) {
  LoopbackServer server([&](const Request& request, Connection& connection) {
    if (request.target == "/loop") return connection.answer(302, "", {"Location: /loop"});
    if (request.target == "/old")
      return connection.answer(301, "moved", {"Location: /new", "X-Of: redirect"});
    connection.answer(200, "here");
  });
  HttpClient client;
  EXPECT_EQ(client.attempt(get(server.url("/old"))).response.status(), 301);
  HttpResult result = client.attempt({.url = server.url("/old"), .follow_redirects = true});
  EXPECT_EQ(as_text(result.response.body), "here");
  EXPECT_EQ(result.response.head.url, server.url("/new"));
  EXPECT_FALSE(result.response.head.headers.contains("X-Of"));
  EXPECT_EQ(client.attempt({.url = server.url("/loop"), .follow_redirects = true}).failure,
            HttpFailure::redirects);
}

TEST(HttpTest, ReadsRetryAfterAsSecondsOrAsADate) {
  HttpResult result;
  EXPECT_FALSE(result.retry_after());
  result.response.head.headers.set("Retry-After", "7");
  EXPECT_EQ(result.retry_after(), milliseconds(7'000));
  result.response.head.headers.set("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT");
  EXPECT_EQ(result.retry_after(), milliseconds(0));
  result.response.head.headers.set("Retry-After", "soon");
  EXPECT_FALSE(result.retry_after());
}

TEST(HttpTest, AnExchangeHoldsTheServerBackAndGivesEveryByte) {
  const std::string body = testing::random_bytes(24 << 20, 3);
  std::atomic<bool> sent_all = false;
  LoopbackServer server([&](const Request&, Connection& connection) {
    connection.answer(200, body);
    sent_all = true;
  });
  HttpClient client({.exchange_buffer_size = 64 << 10});
  std::unique_ptr<HttpExchange> exchange = client.start(get(server.url("/")));
  EXPECT_EQ(exchange->head().status, 200);
  std::string got;
  Bytes piece(100'000);
  // Kernel buffers take some MB at most: without a reader, the server cannot have finished.
  EXPECT_FALSE(sent_all);
  while (std::size_t size = exchange->read(piece)) got += as_text(BytesView(piece).first(size));
  EXPECT_EQ(exchange->failure(), HttpFailure::none);
  EXPECT_EQ(got, body);
}

TEST(HttpTest, AnExchangeReportsThatItWasCut) {
  LoopbackServer server([](const Request&, Connection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
    connection.close();
  });
  HttpClient client;
  std::unique_ptr<HttpExchange> exchange = client.start(get(server.url("/")));
  Bytes piece(100);
  std::size_t size = 0;
  while (std::size_t got = exchange->read(MutableBytesView(piece).subspan(size))) size += got;
  EXPECT_EQ(as_text(piece).substr(0, size), "01234");
  EXPECT_EQ(exchange->failure(), HttpFailure::cut);
}

TEST(HttpTest, AnExchangeCanBeDroppedAtAnyTime) {
  LoopbackServer server([](const Request& request, Connection& connection) {
    if (request.target == "/stall") return connection.stall();
    connection.answer(200, std::string(10 << 20, 'x'));
  });
  HttpClient client;
  for (int i = 0; i < 5; ++i) {
    std::unique_ptr<HttpExchange> never = client.start(get(server.url("/stall")));
    std::unique_ptr<HttpExchange> large = client.start(get(server.url("/")));
    Bytes piece(10);
    large->read(piece);
  }
  EXPECT_EQ(client.send(get(server.url("/"))).status(), 200);
}

TEST(HttpTest, UsesTheProxyOfItsOptions) {
  LoopbackServer proxy([](const Request& request, Connection& connection) {
    connection.answer(200, "by proxy: " + request.target);
  });
  HttpClient client({.http_proxy = proxy.origin(), .no_proxy = "127.0.0.1"});
  EXPECT_EQ(as_text(client.send(get("http://nowhere.invalid/x")).body),
            "by proxy: http://nowhere.invalid/x");
  EXPECT_EQ(as_text(client.send(get(proxy.url("/direct"))).body), "by proxy: /direct");
}

TEST(HttpTest, ReadsTheThreeFormsOfDates) {
  const auto then = std::chrono::system_clock::time_point(std::chrono::seconds(784'111'777));
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"})
    EXPECT_EQ(parse_http_date(text), then) << text;
  for (const char* text :
       {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "1994-11-06T08:49:37Z"})
    EXPECT_FALSE(parse_http_date(text)) << text;
  EXPECT_EQ(parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT"),
            std::chrono::system_clock::time_point::max());
}

TEST(HttpTest, NamesARedirectInACircle) {
  LoopbackServer server([](const Request& request, Connection& connection) {
    connection.answer(302, "", {"Location: " + request.target, "Set-Cookie: come=back"});
  });
  HttpClient client;
  try {
    client.send({.url = server.url("/x"), .follow_redirects = true});
    FAIL() << "it ended";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unsupported);
    EXPECT_NE(std::string(error.what()).find("redirect in circles"), std::string::npos)
        << error.what();
  }
}

TEST(HttpTest, AMissingFileOfSeveralWithAuthoritiesIsNamed) {
  try {
    HttpClient client({.ca_files = {"/nowhere/a.pem", "/nowhere/b.pem"}});
    FAIL() << "it was made";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("/nowhere/a.pem"), std::string::npos);
  }
}

TEST(HttpTest, MapsStatusesToErrorKinds) {
  EXPECT_EQ(kind_of_status(403), ErrorKind::permission_denied);
  EXPECT_EQ(kind_of_status(404), ErrorKind::not_found);
  EXPECT_EQ(kind_of_status(503), ErrorKind::unavailable);
  EXPECT_EQ(kind_of_status(400), ErrorKind::unsupported);
  EXPECT_STREQ(status_error("cannot read https://host/x", 404).what(),
               "cannot read https://host/x: the server answers 404 (not found)");
}

}  // namespace
}  // namespace grid::net
