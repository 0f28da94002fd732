#include "server/tls.h"

#include <fcntl.h>

#include <algorithm>
#include <climits>

#include "base/error.h"
#include "base/file.h"
#include "server/libssl.h"

namespace grid::server {

static constexpr auto renewal_interval = std::chrono::seconds(10);

TlsSession::TlsSession(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {
  const Libssl& tls = libssl();
  session_ = tls.session_new(context_.get());
  BIO* in = tls.bio_new(tls.memory_bio());
  BIO* out = tls.bio_new(tls.memory_bio());
  if (session_ == nullptr || in == nullptr || out == nullptr)
    fail(ErrorKind::unavailable, "there is no memory for a connection");
  tls.set_bio(session_, in, out);
  tls.set_accept_state(session_);
}

TlsSession::~TlsSession() { libssl().session_free(session_); }

static int int_size(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

void TlsSession::receive(BytesView bytes) {
  libssl().bio_write(libssl().input_of(session_), bytes.data(), int_size(bytes.size()));
}

void TlsSession::take(Bytes& out) {
  const Libssl& tls = libssl();
  BIO* from = tls.output_of(session_);
  const auto size = static_cast<std::size_t>(tls.bio_control(from, BIO_CTRL_PENDING, 0, nullptr));
  if (size == 0) return;
  const std::size_t before = out.size();
  out.resize(before + size);
  const int got = tls.bio_read(from, out.data() + before, int_size(size));
  out.resize(before + static_cast<std::size_t>(std::max(got, 0)));
}

TlsSession::State TlsSession::state_after(int result) {
  if (result > 0) return State::done;
  return libssl().get_error(session_, result) == SSL_ERROR_WANT_READ ? State::wants_bytes
                                                                     : State::ended;
}

TlsSession::State TlsSession::shake_hands() {
  libssl().clear_errors();
  return state_after(libssl().do_handshake(session_));
}

TlsSession::Read TlsSession::read(MutableBytesView out) {
  libssl().clear_errors();
  const int got = libssl().read(session_, out.data(), int_size(out.size()));
  return {state_after(got), static_cast<std::size_t>(std::max(got, 0))};
}

bool TlsSession::write(BytesView plain) {
  libssl().clear_errors();
  while (!plain.empty()) {
    const int written = libssl().write(session_, plain.data(), int_size(plain.size()));
    if (written <= 0) return false;
    plain = plain.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

void TlsSession::say_end() {
  libssl().clear_errors();
  libssl().shutdown(session_);
}

TlsIdentity::TlsIdentity(std::filesystem::path certificate, std::filesystem::path key)
    : certificate_(std::move(certificate)), key_(std::move(key)) {
  for (const std::filesystem::path& path : {certificate_, key_}) grid::open_file(path, O_RDONLY);
  stamp_ = stamp();
  context_ = load();
}

TlsIdentity::Stamp TlsIdentity::stamp() const {
  std::error_code ignored;
  return {std::filesystem::last_write_time(certificate_, ignored),
          std::filesystem::last_write_time(key_, ignored)};
}

std::shared_ptr<ssl_ctx_st> TlsIdentity::load() const {
  const Libssl& tls = libssl();
  std::shared_ptr<ssl_ctx_st> context(tls.context_new(tls.server_method()), tls.context_free);
  const auto refuse = [&](std::string_view sentence) {
    char reason[256] = "";
    tls.error_text(tls.take_error(), reason, sizeof reason);
    fail(ErrorKind::invalid_argument, "{} ({})", sentence, reason);
  };
  tls.clear_errors();
  if (context == nullptr) refuse("OpenSSL cannot serve TLS");
  tls.context_control(context.get(), SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
  tls.context_control(context.get(), SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, nullptr);
  tls.context_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                             SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (tls.use_certificate_chain_file(context.get(), certificate_.c_str()) != 1)
    refuse(fmt::format("{} has no certificate in PEM form", certificate_.string()));
  if (tls.use_key_file(context.get(), key_.c_str(), SSL_FILETYPE_PEM) != 1)
    refuse(
        fmt::format("{} has no private key in PEM form without a password, or it is not that of "
                    "the certificate in {}",
                    key_.string(), certificate_.string()));
  return context;
}

std::shared_ptr<ssl_ctx_st> TlsIdentity::current() {
  std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_at_ < renewal_interval) return context_;
  looked_at_ = now;
  if (const Stamp seen = stamp(); seen != stamp_) {
    try {
      context_ = load();
      stamp_ = seen;
    } catch (const Error&) {  // one of the two is not there yet: the old ones still serve
    }
  }
  return context_;
}

std::unique_ptr<TlsSession> TlsIdentity::accept() {
  return std::make_unique<TlsSession>(current());
}

}  // namespace grid::server
