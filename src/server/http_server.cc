// With http_connection and http_head, the only files that know Boost.
#include "server/http_server.h"

#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <mutex>
#include <thread>

#include "base/start_thread.h"
#include "server/body_file.h"
#include "server/forwarded.h"
#include "server/http_connection.h"
#include "server/http_head.h"
#include "server/slots.h"

namespace grid::server {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Parser = HeadParser;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
// Bytes: what an idle connection keeps room for, and one that sends a body.
constexpr std::size_t head_receive_size = 4 << 10, body_receive_size = 128 << 10;
// What one request or answer may hold, in bytes.
constexpr std::size_t share_min = 16 << 10, share_max = 1 << 20;

}  // namespace

// All connections, and the threads that serve them.
class HttpServer::State {
 public:
  State(Handler& handler, HttpServerOptions options)
      : handler_(handler), options_(std::move(options)), acceptor_(context_) {
    for (unsigned i = 1; i < options_.threads; ++i)
      other_contexts_.push_back(std::make_unique<asio::io_context>(1));
    if (!options_.address.empty()) listen();
  }

  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
  unsigned connections() const { return connections_; }

  void run(bool until_signal);
  void stop() {
    asio::post(context_, [this] { begin_to_stop(); });
  }
  void take(FileDescriptor socket);

 private:
  // A connection with what it needs between two requests.
  struct Client {
    Client(HttpConnection::Protocol::socket socket, std::unique_ptr<TlsSession> tls)
        : connection(std::move(socket), std::move(tls)) {}
    HttpConnection connection;
    beast::flat_buffer received;        // and not yet parsed
    std::atomic<bool> is_busy = false;  // with a request that has begun
    bool has_unread_body = false;
    std::optional<SharedMemory::Holder> memory;  // of a request that is under way
  };

  void listen();
  void begin_to_stop();
  void stop_contexts();
  asio::io_context& next_context();  // for the next connection
  // Runs `work` on a thread that may wait, and goes on here when it is done.
  asio::awaitable<void> on_worker(std::function<void()> work);

  asio::awaitable<void> accept();
  // On a thread of the contexts. A client for which there is no memory has to come again.
  void begin(HttpConnection::Protocol::socket socket, std::unique_ptr<TlsSession> tls);
  asio::awaitable<void> serve(std::shared_ptr<Client> client);
  asio::awaitable<bool> serve_request(Client& client);
  asio::awaitable<bool> receive(Client& client, std::size_t size);
  asio::awaitable<bool> read_head(Client& client, Parser& parser);
  asio::awaitable<std::optional<Response>> read_body(Client& client, Parser& parser,
                                                     Request& request);
  asio::awaitable<bool> write(Client& client, const Parser& parser, Response response);
  asio::awaitable<bool> write_source(Client& client, std::string head, bool is_chunked,
                                     BodySource& source);

  Handler& handler_;
  const HttpServerOptions options_;
  SharedMemory memory_{options_.limits.memory, share_min, share_max};
  Slots slots_{options_.limits.requests_per_client_max};
  // A connection stays in one of these, each of which has a thread: so its operations run one at a
  // time, and no thread wakes another. `context_` accepts, and is destroyed before the rest.
  std::vector<std::unique_ptr<asio::io_context>> other_contexts_;
  asio::io_context context_{1};
  asio::io_context workers_;
  tcp::acceptor acceptor_;
  std::size_t accepted_ = 0;  // connections, in all; of the thread that accepts
  std::atomic<unsigned> connections_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::list<std::weak_ptr<Client>> open_;  // guarded by mutex_
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
    signals.async_wait([this, &signals](const beast::error_code& error, int) {
      if (error) return;
      signals.clear();  // a second one ends the process at once
      begin_to_stop();
    });
  }
  const auto until_stopped = asio::make_work_guard(context_);
  if (acceptor_.is_open()) asio::co_spawn(context_, accept(), asio::detached);
  auto work = asio::make_work_guard(workers_);
  std::vector<std::thread> threads;
  for (const auto& context : other_contexts_)
    threads.push_back(start_thread([&context] {
      const auto guard = asio::make_work_guard(*context);
      context->run();
    }));
  for (unsigned i = 0; i < options_.workers; ++i)
    threads.push_back(start_thread([this] { workers_.run(); }));
  context_.run();
  stop_contexts();
  work.reset();
  workers_.stop();
  for (std::thread& thread : threads) thread.join();
}

void HttpServer::State::begin_to_stop() {
  if (stopping_.exchange(true)) return;
  beast::error_code ignored;
  acceptor_.close(ignored);
  {
    std::lock_guard lock(mutex_);
    for (const std::weak_ptr<Client>& weak : open_)
      if (const std::shared_ptr<Client> client = weak.lock())
        asio::post(client->connection.get_executor(), [client] {
          if (!client->is_busy) client->connection.close();
        });
  }
  auto timer = std::make_shared<asio::steady_timer>(context_, options_.limits.farewell_timeout);
  timer->async_wait([this, timer](const beast::error_code&) { stop_contexts(); });
  if (connections_ == 0) stop_contexts();
}

void HttpServer::State::stop_contexts() {
  context_.stop();
  for (const auto& context : other_contexts_) context->stop();
}

asio::io_context& HttpServer::State::next_context() {
  const std::size_t at = accepted_++ % (other_contexts_.size() + 1);
  return at == 0 ? context_ : *other_contexts_[at - 1];
}

asio::awaitable<void> HttpServer::State::on_worker(std::function<void()> work) {
  auto start = [&](auto done) {
    asio::post(workers_, [&work, done = std::move(done)]() mutable {
      work();
      auto executor = asio::get_associated_executor(done);
      asio::post(executor, std::move(done));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(start, asio::use_awaitable);
}

asio::awaitable<void> HttpServer::State::accept() {
  while (!stopping_) {
    asio::steady_timer pause(context_, std::chrono::milliseconds(50));
    if (connections_ >= options_.limits.connections_max) {
      co_await pause.async_wait(as_result);
      continue;
    }
    auto [error, socket] = co_await acceptor_.async_accept(next_context(), as_result);
    if (stopping_) break;
    if (error) {  // no file descriptor is free, or the client has gone
      co_await pause.async_wait(as_result);
      continue;
    }
    try {
      begin(std::move(socket), options_.tls ? options_.tls->accept() : nullptr);
    } catch (const std::exception&) {  // memory is short
    }
  }
}

void HttpServer::State::begin(HttpConnection::Protocol::socket socket,
                              std::unique_ptr<TlsSession> tls) {
  auto client = std::make_shared<Client>(std::move(socket), std::move(tls));
  {
    std::lock_guard lock(mutex_);
    open_.push_back(client);
  }
  ++connections_;
  const auto executor = client->connection.get_executor();
  asio::co_spawn(executor, serve(std::move(client)), asio::detached);
}

void HttpServer::State::take(FileDescriptor socket) {
  auto taken = std::make_shared<FileDescriptor>(std::move(socket));
  asio::post(context_, [this, taken] {
    if (stopping_) return;
    try {
      HttpConnection::Protocol::socket local(next_context());
      beast::error_code error;
      local.assign(HttpConnection::Protocol(AF_UNIX, 0), taken->get(), error);
      if (error) return;
      taken->release();
      begin(std::move(local), nullptr);
    } catch (const std::exception&) {  // memory is short
    }
  });
}

asio::awaitable<void> HttpServer::State::serve(std::shared_ptr<Client> client) {
  try {
    client->connection.expires_after(options_.limits.head_timeout);
    if (co_await client->connection.shake_hands()) {
      while (!stopping_ && co_await serve_request(*client)) client->is_busy = false;
      client->memory.reset();
      co_await client->connection.say_farewell(client->has_unread_body);
    }
  } catch (const std::exception&) {  // memory is short: this connection ends, the server does not
  }
  client->connection.close();
  std::lock_guard lock(mutex_);
  client.reset();
  std::erase_if(open_, [](const std::weak_ptr<Client>& weak) { return weak.expired(); });
  if (--connections_ == 0 && stopping_) stop_contexts();
}

asio::awaitable<bool> HttpServer::State::receive(Client& client, std::size_t size) {
  const asio::mutable_buffer room = client.received.prepare(size);
  const std::size_t got =
      co_await client.connection.read_some({static_cast<std::byte*>(room.data()), room.size()});
  client.received.commit(got);
  co_return got > 0;
}

// False if the connection is to be closed; what is no request was answered.
asio::awaitable<bool> HttpServer::State::read_head(Client& client, Parser& parser) {
  if (client.received.size() == 0) {
    client.connection.expires_after(options_.limits.idle_timeout);
    client.received.shrink_to_fit();
    if (!co_await receive(client, head_receive_size)) co_return false;
  }
  client.is_busy = true;
  client.connection.expires_after(options_.limits.head_timeout);
  beast::error_code error;
  for (;;) {
    const std::size_t used = parser.put(client.received.data(), error);
    client.received.consume(used);
    if (!error && parser.is_header_done()) co_return true;
    if (error && error != http::error::need_more) break;
    if (!co_await receive(client, head_receive_size)) co_return false;
  }
  parser.get().keep_alive(false);
  client.has_unread_body = true;
  const bool is_long = error == http::error::header_limit;
  co_await write(client, parser,
                 error_response(is_long ? 431 : 400, ErrorKind::invalid_argument,
                                is_long ? "the request's line and headers are too long"
                                        : "this is no HTTP request"));
  co_return false;
}

// Reads one request and answers it. False if the connection is to be closed.
asio::awaitable<bool> HttpServer::State::serve_request(Client& client) {
  Parser parser;
  parser.header_limit(options_.limits.head_size_max);
  parser.body_limit(boost::none);  // read_body() has an eye on it
  if (!co_await read_head(client, parser)) co_return false;
  Request request = request_of(client.connection, parser);
  apply_forwarded(request, options_.proxies);
  client.memory.emplace(memory_);
  const std::optional<Slots::Slot> slot = slots_.take(request.peer.address);
  std::optional<Response> response;
  if (!slot) {
    response = too_many(options_.limits.requests_per_client_max);
    client.has_unread_body = !parser.is_done();
    if (client.has_unread_body) parser.get().keep_alive(false);
  } else if (!parser.is_done()) {
    client.has_unread_body = true;
    response = co_await read_body(client, parser, request);
    if (response) {
      parser.get().keep_alive(false);  // rather than read what nobody wants
    } else if (!parser.is_done()) {
      co_return false;
    } else {
      client.has_unread_body = false;
    }
  }
  if (!response) response = handler_.find_quick_answer(request);
  if (!response) co_await on_worker([&] { response = handler_.answer(request); });
  const bool goes_on = co_await write(client, parser, std::move(*response));
  client.memory.reset();
  co_return goes_on;
}

// A response if the body is refused. Without, the body is there if the parser is done; else the
// client has gone.
asio::awaitable<std::optional<Response>> HttpServer::State::read_body(Client& client,
                                                                      Parser& parser,
                                                                      Request& request) {
  Admission admission;
  co_await on_worker([&] { admission = handler_.admit(request); });
  if (admission.refusal) co_return std::move(admission.refusal);
  const std::uint64_t size_max = admission.body_size_max;
  request.body_file = std::move(admission.body_file);
  std::optional<Response> refusal;
  if (parser.content_length().value_or(0) > size_max) co_return too_large(size_max);
  client.connection.expires_after(options_.limits.body_timeout);
  if (beast::iequals(parser.get()[http::field::expect], "100-continue") &&
      !co_await client.connection.write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n")))
    co_return std::nullopt;

  Bytes piece(std::min(options_.limits.piece_size, client.memory->share()));
  // Routes that take no more than this want their body in memory.
  const auto memory_max = [&] {
    return size_max <= body_memory_max
               ? body_memory_max
               : std::min<std::uint64_t>(body_memory_max, client.memory->share());
  };
  const auto keep = [&](BytesView bytes) {
    const std::uint64_t size =
        (request.body_file ? request.body_file->size() : request.body.size()) + bytes.size();
    if (size > size_max) return void(refusal = too_large(size_max));
    if (!request.body_file && size <= memory_max()) return void(request.body += as_text(bytes));
    try {
      if (!request.body_file) {
        request.body_file = std::make_shared<BodyFile>(options_.body_folder);
        request.body_file->append(as_bytes(request.body));
        request.body = {};
      }
      request.body_file->append(bytes);
    } catch (const Error& error) {
      refusal = error_response(error.kind(), error.what());
    }
  };
  parser.eager(true);
  auto& body = parser.get().body();
  body.data = piece.data();
  body.size = piece.size();
  while (!parser.is_done()) {
    if (client.received.size() == 0 &&
        !co_await receive(client, std::min(body_receive_size, client.memory->share())))
      co_return std::nullopt;
    beast::error_code error;
    client.received.consume(parser.put(client.received.data(), error));
    if (error && error != http::error::need_more && error != http::error::need_buffer)
      co_return error_response(400, ErrorKind::invalid_argument, "this is no body of a request");
    const bool needs_more = error == http::error::need_more;
    if (body.size == 0 || parser.is_done()) {
      const BytesView full = BytesView(piece).first(piece.size() - body.size);
      if (request.body.size() + full.size() <= memory_max() && !request.body_file)
        keep(full);
      else
        co_await on_worker([&] { keep(full); });
      if (refusal) co_return std::move(refusal);
      body.data = piece.data();
      body.size = piece.size();
      client.connection.expires_after(options_.limits.body_timeout);
    }
    if (needs_more && !parser.is_done() &&
        !co_await receive(client, std::min(body_receive_size, client.memory->share())))
      co_return std::nullopt;
  }
  co_return std::nullopt;
}

// False if the connection is to be closed.
asio::awaitable<bool> HttpServer::State::write(Client& client, const Parser& parser,
                                               Response response) {
  const auto& message = parser.get();
  const bool is_new = message.version() != 10;  // and not HTTP/1.0
  const bool has_body = response.status != 204 && response.status != 304 && response.status >= 200;
  const bool sends_body = has_body && message.method() != http::verb::head;
  const bool is_chunked = response.source != nullptr && !response.size && is_new;
  const bool keeps_open = message.keep_alive() && !stopping_ &&
                          (is_chunked || response.source == nullptr || response.size);
  const BytesView body = response.body_bytes();
  std::string framing;
  if (is_chunked)
    framing = "Transfer-Encoding: chunked\r\n";
  else if (has_body && (response.source == nullptr || response.size))
    framing = fmt::format("Content-Length: {}\r\n", response.size.value_or(body.size()));
  if (keeps_open && !is_new) framing += "Connection: keep-alive\r\n";
  std::string head = head_text(response, keeps_open, framing);
  if (sends_body && response.source != nullptr)
    co_return co_await write_source(client, std::move(head), is_chunked, *response.source) &&
        keeps_open;
  client.connection.expires_after(options_.limits.write_timeout);
  const BytesView sent = sends_body ? body : BytesView();
  co_return co_await client.connection.write(as_bytes(head), sent) && keeps_open;
}

// Writes the body piece by piece. False if it ended early: the connection must be closed.
asio::awaitable<bool> HttpServer::State::write_source(Client& client, std::string head,
                                                      bool is_chunked, BodySource& source) {
  std::string before = std::move(head);  // what goes out before the next piece
  for (;;) {
    // Without a thread: a client may wait for hours.
    for (auto pause = source.pause(); pause.count() > 0; pause = source.pause()) {
      asio::steady_timer timer(client.connection.get_executor(), pause);
      co_await timer.async_wait(as_result);
      if (stopping_) co_return false;
    }
    BytesView rest;
    bool failed = false;
    const auto get_next = [&] {
      try {
        rest = source.next(client.memory->share());
      } catch (const std::exception&) {  // the handler's source has reported it
        failed = true;
      }
    };
    if (source.is_quick())
      get_next();
    else
      co_await on_worker(get_next);
    if (failed) {
      client.connection.close();
      co_return false;
    }
    if (rest.empty()) break;
    if (is_chunked) before += fmt::format("{:x}\r\n", rest.size());
    while (!rest.empty()) {
      const BytesView piece =
          rest.first(std::min({rest.size(), options_.limits.piece_size, client.memory->share()}));
      rest = rest.subspan(piece.size());
      client.connection.expires_after(options_.limits.write_timeout);
      if (!co_await client.connection.write(as_bytes(before), piece)) co_return false;
      before.clear();
    }
    if (is_chunked) before = "\r\n";
  }
  if (is_chunked) before += "0\r\n\r\n";
  client.connection.expires_after(options_.limits.write_timeout);
  co_return before.empty() || co_await client.connection.write(as_bytes(before));
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
void HttpServer::take(FileDescriptor socket) { state_->take(std::move(socket)); }
unsigned HttpServer::connections() const { return state_->connections(); }

}  // namespace grid::server
