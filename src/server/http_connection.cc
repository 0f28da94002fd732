#include "server/http_connection.h"

#include <array>
#include <cstring>

namespace grid::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

static constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
static constexpr std::size_t receive_size = 8 << 10;  // bytes
static constexpr unsigned at_once_max = 8;            // writes in a row
static constexpr auto farewell_time = std::chrono::seconds(2);
static constexpr std::size_t farewell_size = 256 << 20;  // bytes that are taken and thrown away

HttpConnection::HttpConnection(Protocol::socket socket, std::unique_ptr<TlsSession> tls)
    : stream_(std::move(socket)), tls_(std::move(tls)) {
  ErrorCode ignored;
  stream_.socket().non_blocking(true, ignored);
  const Protocol::endpoint peer = stream_.socket().remote_endpoint(ignored);
  if (ignored) return;
  if (peer.protocol().family() == AF_UNIX) {
    address_ = "local";
    is_own_user_ = true;
    return;
  }
  stream_.socket().set_option(tcp::no_delay(true), ignored);
  tcp::endpoint internet;
  internet.resize(peer.size());
  std::memcpy(internet.data(), peer.data(), peer.size());
  asio::ip::address address = internet.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  address_ = address.to_string();
}

asio::awaitable<bool> HttpConnection::receive() {
  std::array<std::byte, receive_size> buffer;
  const auto [error, got] =
      co_await stream_.async_read_some(asio::buffer(buffer.data(), buffer.size()), as_result);
  if (error) co_return false;
  tls_->receive(BytesView(buffer).first(got));
  co_return true;
}

asio::awaitable<bool> HttpConnection::flush() {
  out_.clear();
  tls_->take(out_);
  if (out_.empty()) co_return true;
  const auto [error, written] =
      co_await asio::async_write(stream_, asio::buffer(out_.data(), out_.size()), as_result);
  if (out_.capacity() > (1 << 20)) out_ = Bytes();
  co_return !error;
}

asio::awaitable<bool> HttpConnection::shake_hands() {
  if (tls_ == nullptr) co_return true;
  for (;;) {
    const TlsSession::State state = tls_->shake_hands();
    const bool sent = co_await flush();
    if (state == TlsSession::State::done) co_return sent;
    if (state == TlsSession::State::ended || !sent) co_return false;
    if (!co_await receive()) co_return false;
  }
}

asio::awaitable<std::size_t> HttpConnection::read_some(MutableBytesView out) {
  if (tls_ == nullptr) {
    at_once_ = 0;
    const auto [error, got] =
        co_await stream_.async_read_some(asio::buffer(out.data(), out.size()), as_result);
    co_return error ? 0 : got;
  }
  for (;;) {
    const TlsSession::Read read = tls_->read(out);
    if (read.state == TlsSession::State::done) co_return read.size;
    const bool sent = co_await flush();  // an alert, or a new key
    if (read.state == TlsSession::State::ended || !sent) co_return 0;
    if (!co_await receive()) co_return 0;
  }
}

// An answer mostly fits into the socket: then no operation is begun, and no timer.
bool HttpConnection::write_at_once(std::array<asio::const_buffer, 2>& buffers) {
  if (++at_once_ > at_once_max) {
    at_once_ = 0;
    return false;
  }
  ErrorCode error;
  std::size_t written = stream_.socket().write_some(buffers, error);
  if (error) return false;  // also if there is no room: waiting tells which
  for (asio::const_buffer& buffer : buffers) {
    const std::size_t size = std::min(written, buffer.size());
    buffer += size;
    written -= size;
  }
  return buffers[0].size() + buffers[1].size() == 0;
}

asio::awaitable<bool> HttpConnection::write(BytesView first, BytesView second) {
  if (tls_ != nullptr) {
    if (!tls_->write(first) || !tls_->write(second)) co_return false;
    co_return co_await flush();
  }
  std::array<asio::const_buffer, 2> buffers{asio::const_buffer(first.data(), first.size()),
                                            asio::const_buffer(second.data(), second.size())};
  if (write_at_once(buffers)) co_return true;
  const auto [error, written] = co_await asio::async_write(stream_, buffers, as_result);
  co_return !error;
}

asio::awaitable<void> HttpConnection::say_farewell(bool takes_rest) {
  expires_after(farewell_time);
  if (tls_ != nullptr) {
    tls_->say_end();
    co_await flush();
  }
  ErrorCode ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  if (!takes_rest) co_return;
  std::array<std::byte, receive_size> buffer;
  for (std::size_t taken = 0; taken < farewell_size;) {
    const auto [error, got] =
        co_await stream_.async_read_some(asio::buffer(buffer.data(), buffer.size()), as_result);
    if (error) co_return;
    taken += got;
  }
}

}  // namespace grid::server
