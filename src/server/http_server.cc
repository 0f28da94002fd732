// The only file that knows Boost.
#include "server/http_server.h"

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <mutex>
#include <thread>

#include "base/start_thread.h"

namespace grid::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

asio::const_buffer buffer_of(BytesView bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

// All connections, and the threads that serve them.
class HttpServer::State {
 public:
  State(Handler& handler, HttpServerOptions options)
      : handler_(handler), options_(std::move(options)), acceptor_(context_) {
    listen();
  }

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
  unsigned connections() const { return connections_; }

  void run(bool until_signal);
  void stop() {
    asio::post(context_, [this] { begin_to_stop(); });
  }

 private:
  // One connection. Its operations run one at a time.
  struct Connection {
    explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}
    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    std::atomic<bool> busy = false;  // with a request that has begun
    std::string address;
  };
  using Parser = http::request_parser<http::string_body>;

  void listen();
  void begin_to_stop();
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(std::shared_ptr<Connection> connection);
  asio::awaitable<bool> serve_request(Connection& connection);
  asio::awaitable<bool> read_body(Connection& connection, Parser& parser);
  asio::awaitable<bool> write(Connection& connection, const Parser& parser, Response response);
  asio::awaitable<bool> write_source(Connection& connection,
                                     http::response<http::buffer_body>& head, Response& response);
  Request request_of(const Connection& connection, const Parser& parser) const;

  Handler& handler_;
  const HttpServerOptions options_;
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::atomic<unsigned> connections_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::list<std::weak_ptr<Connection>> open_;  // guarded by mutex_
};

void HttpServer::State::listen() {
  beast::error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error)
    fail(ErrorKind::invalid_argument, "\"{}\" is no IP address to listen at", options_.address);
  const tcp::endpoint endpoint(address, options_.port);
  const auto check = [&](const char* doing) {
    if (error == asio::error::address_in_use)
      fail(ErrorKind::already_exists,
           "port {} is in use at {}, perhaps by another grid serve: choose another with --listen",
           options_.port, options_.address);
    if (error)
      throw system_error(error.value(), fmt::format("cannot {} {}", doing, options_.address));
  };
  acceptor_.open(endpoint.protocol(), error);
  check("open a socket for");
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor_.bind(endpoint, error);
  check("listen at");
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  check("listen at");
}

void HttpServer::State::run(bool until_signal) {
  asio::signal_set signals(context_);
  if (until_signal) {
    signals.add(SIGINT);
    signals.add(SIGTERM);
    signals.async_wait([this](const beast::error_code& error, int) {
      if (!error) begin_to_stop();
    });
  }
  asio::co_spawn(context_, accept(), asio::detached);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < options_.threads; ++i)
    threads.push_back(start_thread([this] { context_.run(); }));
  context_.run();
  for (std::thread& thread : threads) thread.join();
}

void HttpServer::State::begin_to_stop() {
  if (stopping_.exchange(true)) return;
  beast::error_code ignored;
  acceptor_.close(ignored);
  {
    std::lock_guard lock(mutex_);
    for (const std::weak_ptr<Connection>& weak : open_)
      if (const std::shared_ptr<Connection> connection = weak.lock())
        asio::post(connection->stream.get_executor(), [connection] {
          if (!connection->busy) connection->stream.close();
        });
  }
  auto timer = std::make_shared<asio::steady_timer>(context_, options_.limits.farewell_timeout);
  timer->async_wait([this, timer](const beast::error_code&) { context_.stop(); });
  if (connections_ == 0) context_.stop();
}

asio::awaitable<void> HttpServer::State::accept() {
  while (!stopping_) {
    asio::steady_timer pause(context_, std::chrono::milliseconds(50));
    if (connections_ >= options_.limits.connections_max) {
      co_await pause.async_wait(as_result);
      continue;
    }
    auto [error, socket] = co_await acceptor_.async_accept(asio::make_strand(context_), as_result);
    if (stopping_) break;
    if (error) {  // no file descriptor is free, or the client has gone
      co_await pause.async_wait(as_result);
      continue;
    }
    auto connection = std::make_shared<Connection>(std::move(socket));
    ++connections_;
    {
      std::lock_guard lock(mutex_);
      open_.push_back(connection);
    }
    const auto executor = connection->stream.get_executor();
    asio::co_spawn(executor, serve(std::move(connection)), asio::detached);
  }
}

asio::awaitable<void> HttpServer::State::serve(std::shared_ptr<Connection> connection) {
  beast::error_code ignored;
  tcp::socket& socket = connection->stream.socket();
  socket.set_option(tcp::no_delay(true), ignored);
  if (const tcp::endpoint peer = socket.remote_endpoint(ignored); !ignored)
    connection->address = peer.address().to_string();
  try {
    while (!stopping_ && co_await serve_request(*connection)) connection->busy = false;
  } catch (const std::exception&) {  // memory is short: this connection ends, the server does not
  }
  socket.shutdown(tcp::socket::shutdown_send, ignored);
  std::lock_guard lock(mutex_);
  connection.reset();
  std::erase_if(open_, [](const std::weak_ptr<Connection>& weak) { return weak.expired(); });
  if (--connections_ == 0 && stopping_) context_.stop();
}

Request HttpServer::State::request_of(const Connection& connection, const Parser& parser) const {
  const auto& message = parser.get();
  Request request{.method = std::string(message.method_string()),
                  .target = std::string(message.target()),
                  .peer = {.address = connection.address}};
  for (const auto& field : message)
    request.headers.add(std::string_view(field.name_string()), std::string_view(field.value()));
  return request;
}

// Reads one request and answers it. False if the connection is to be closed.
asio::awaitable<bool> HttpServer::State::serve_request(Connection& connection) {
  const HttpLimits& limits = options_.limits;
  Parser parser;
  parser.header_limit(limits.head_size_max);
  parser.body_limit(limits.body_size_max);
  if (connection.buffer.size() == 0) {
    connection.stream.expires_after(limits.idle_timeout);
    const auto [error, got] =
        co_await connection.stream.async_read_some(connection.buffer.prepare(4096), as_result);
    if (error) co_return false;
    connection.buffer.commit(got);
  }
  connection.busy = true;
  connection.stream.expires_after(limits.head_timeout);
  const auto [error, size] =
      co_await http::async_read_header(connection.stream, connection.buffer, parser, as_result);
  if (error == http::error::header_limit) {
    parser.get().keep_alive(false);
    co_await write(connection, parser,
                   error_response(431, ErrorKind::invalid_argument,
                                  "the request's line and headers are too long"));
    co_return false;
  }
  if (error) {
    if (error.category() == http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message) {
      parser.get().keep_alive(false);
      co_await write(connection, parser,
                     error_response(400, ErrorKind::invalid_argument, "this is no HTTP request"));
    }
    co_return false;
  }
  Request request = request_of(connection, parser);
  if (!parser.is_done()) {
    if (std::optional<Response> refusal = handler_.refuse(request)) {
      parser.get().keep_alive(false);  // rather than read what nobody wants
      co_await write(connection, parser, std::move(*refusal));
      co_return false;
    }
    if (!co_await read_body(connection, parser)) co_return false;
    request.body = std::move(parser.get().body());
  }
  co_return co_await write(connection, parser, handler_.answer(request));
}

asio::awaitable<bool> HttpServer::State::read_body(Connection& connection, Parser& parser) {
  connection.stream.expires_after(options_.limits.body_timeout);
  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto [error, size] = co_await asio::async_write(
        connection.stream, asio::buffer(go_on.data(), go_on.size()), as_result);
    if (error) co_return false;
  }
  const auto [error, size] =
      co_await http::async_read(connection.stream, connection.buffer, parser, as_result);
  if (error == http::error::body_limit) {
    parser.get().keep_alive(false);
    co_await write(connection, parser,
                   error_response(413, ErrorKind::invalid_argument,
                                  fmt::format("the request's body is longer than {} bytes",
                                              options_.limits.body_size_max)));
  }
  co_return !error;
}

// False if the connection is to be closed.
asio::awaitable<bool> HttpServer::State::write(Connection& connection, const Parser& parser,
                                               Response response) {
  const auto& message = parser.get();
  const bool head_only = message.method() == http::verb::head;
  const bool keeps = message.keep_alive() && !stopping_;
  http::response<http::buffer_body> head(static_cast<http::status>(response.status),
                                         message.version() == 10 ? 10 : 11);
  for (const net::HttpHeader& header : response.headers) head.insert(header.name, header.value);
  head.set(http::field::server, "grid");
  head.keep_alive(keeps);
  const bool has_body = response.status != 204 && response.status != 304;
  if (response.source != nullptr && !head_only && has_body) {
    const bool done = co_await write_source(connection, head, response);
    co_return done&& keeps && (response.size || message.version() == 11);
  }
  const std::uint64_t size = response.size.value_or(response.body.size());
  if (has_body) head.content_length(size);
  // One buffer for the head and one for the body, written together.
  http::response_serializer<http::buffer_body> serializer(head);
  head.body().more = false;
  connection.stream.expires_after(options_.limits.write_timeout);
  const std::string_view body =
      head_only || !has_body ? std::string_view() : std::string_view(response.body);
  head.body().data = const_cast<char*>(body.data());
  head.body().size = body.size();
  if (head_only || !has_body) serializer.split(true);
  const auto [error, written] =
      head_only || !has_body
          ? co_await http::async_write_header(connection.stream, serializer, as_result)
          : co_await http::async_write(connection.stream, serializer, as_result);
  co_return !error && keeps;
}

// Writes the body piece by piece. False if it ended early: the connection must be closed.
asio::awaitable<bool> HttpServer::State::write_source(Connection& connection,
                                                      http::response<http::buffer_body>& head,
                                                      Response& response) {
  if (response.size)
    head.content_length(*response.size);
  else
    head.chunked(head.version() == 11);
  head.body().data = nullptr;
  head.body().more = true;
  http::response_serializer<http::buffer_body> serializer(head);
  for (bool more = true; more;) {
    BytesView piece;
    try {
      piece = response.source->next();
    } catch (const Error&) {  // the handler's source has reported it
      connection.stream.close();
      co_return false;
    }
    more = !piece.empty();
    do {
      const std::size_t size = std::min(piece.size(), options_.limits.write_size);
      const asio::const_buffer buffer = buffer_of(piece.first(size));
      head.body().data = const_cast<void*>(buffer.data());
      head.body().size = size;
      head.body().more = more;
      connection.stream.expires_after(options_.limits.write_timeout);
      const auto [error, written] =
          co_await http::async_write(connection.stream, serializer, as_result);
      if (error && error != http::error::need_buffer) co_return false;
      piece = piece.subspan(size);
    } while (!piece.empty());
  }
  co_return true;
}

HttpServer::HttpServer(Handler& handler, HttpServerOptions options)
    : state_(std::make_unique<State>(handler, std::move(options))) {}
HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const { return state_->endpoint().port(); }

std::string HttpServer::address() const {
  const tcp::endpoint endpoint = state_->endpoint();
  const std::string host = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", host, endpoint.port())
                                    : fmt::format("{}:{}", host, endpoint.port());
}

void HttpServer::run(bool until_signal) { state_->run(until_signal); }
void HttpServer::stop() { state_->stop(); }
unsigned HttpServer::connections() const { return state_->connections(); }

}  // namespace grid::server
