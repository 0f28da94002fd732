// A client's connection, over TCP or a socket of this machine, with TLS or without: bytes in and
// out, each with a limit of time. For http_server.cc only: it knows Boost.
#pragma once

#include <array>
#include <boost/asio.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "server/tls.h"

namespace grid::server {

// Its operations run one at a time, on its executor.
class HttpConnection {
 public:
  using Protocol = boost::asio::generic::stream_protocol;

  // `tls` is null without TLS.
  HttpConnection(Protocol::socket socket, std::unique_ptr<TlsSession> tls);

  const std::string& address() const { return address_; }  // "local" over a Unix socket
  // Over a Unix socket: whoever hands one over has seen that it is this user's.
  bool is_own_user() const { return is_own_user_; }
  bool secure() const { return tls_ != nullptr; }
  auto get_executor() { return stream_.get_executor(); }

  // For all that follows, until it is called again.
  void expires_after(std::chrono::milliseconds time) { stream_.expires_after(time); }

  // False if the client speaks no TLS, or left.
  boost::asio::awaitable<bool> shake_hands();
  // The next bytes, at least one; 0 if there will be none, or not in time.
  boost::asio::awaitable<std::size_t> read_some(MutableBytesView out);
  // Both, one after the other. False if the client has gone, or does not take them in time.
  boost::asio::awaitable<bool> write(BytesView first, BytesView second = {});

  // After the last answer: tells the client so, and takes for a while what it still sends, or it
  // could lose the answer to a reset.
  boost::asio::awaitable<void> say_farewell(bool takes_rest);
  void close() { stream_.close(); }

 private:
  boost::asio::awaitable<bool> receive();  // encrypted bytes
  boost::asio::awaitable<bool> flush();    // the same, to the client
  // Writes what the socket takes at once, and leaves the rest in `buffers`. False: to be awaited.
  bool write_at_once(std::array<boost::asio::const_buffer, 2>& buffers);

  boost::beast::basic_stream<Protocol> stream_;
  const std::unique_ptr<TlsSession> tls_;
  std::string address_;
  bool is_own_user_ = false;
  Bytes out_;             // encrypted, to be sent
  unsigned at_once_ = 0;  // writes since others of the thread had their turn
};

}  // namespace grid::server
