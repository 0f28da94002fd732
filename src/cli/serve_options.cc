#include "cli/serve_options.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/text.h"
#include "service/tokens.h"

namespace grid::cli {

static bool is_ip_address(const std::string& text) {
  in6_addr address;  // large enough for both kinds
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

ListenAddress parse_listen(const std::string& option, const std::string& value) {
  constexpr std::uint16_t port_default = 8080;
  std::string host = value, port;
  const std::size_t colon = value.rfind(':');
  const bool is_bare_six = colon != value.npos && value.find(':') != colon && value.front() != '[';
  if (colon != value.npos && value.back() != ']' && !is_bare_six) {
    host = value.substr(0, colon);
    port = value.substr(colon + 1);
  } else if (parse_number<std::uint16_t>(value)) {
    host = "127.0.0.1";
    port = value;
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  const auto number = port.empty() ? port_default : parse_number<std::uint16_t>(port);
  if (!number || !is_ip_address(host))
    fail(ErrorKind::invalid_argument, "{} {}: it takes an IP address and a port, as 127.0.0.1:8080",
         option, value);
  return {host, *number};
}

static void check_exposure(const Settings& settings, const Arguments& arguments,
                           const ListenAddress& listen) {
  if (arguments.has("--tls-cert") != arguments.has("--tls-key"))
    fail(ErrorKind::invalid_argument, "--tls-cert and --tls-key go together");
  for (const std::string& proxy : arguments.all("--behind-proxy"))
    if (!is_ip_address(proxy))
      fail(ErrorKind::invalid_argument,
           "--behind-proxy {}: it takes the IP address from which the proxy's requests come",
           proxy);
  if (listen.is_loopback()) return;
  if (!arguments.has("--tls-cert") && !arguments.has("--behind-proxy"))
    fail(ErrorKind::invalid_argument,
         "cannot listen at {}: other machines could reach this, and the network could read what "
         "they send: give it a certificate (--tls-cert FILE --tls-key FILE), or the address of a "
         "proxy that has one (--behind-proxy ADDRESS)",
         listen.host);
  if (service::list_tokens(settings).tokens.empty())
    fail(ErrorKind::invalid_argument,
         "cannot listen at {}: other machines could reach this, but nobody has a token yet: make "
         "one with grid token create",
         listen.host);
}

server::HttpServerOptions server_options(const Settings& settings, const Arguments& arguments,
                                         const ListenAddress& listen) {
  check_exposure(settings, arguments, listen);
  server::HttpServerOptions options{.address = listen.host,
                                    .port = listen.port,
                                    .proxies = arguments.all("--behind-proxy"),
                                    .body_folder = settings.state_folder / "uploads"};
  if (arguments.has("--tls-cert"))
    options.tls = std::make_shared<server::TlsIdentity>(arguments.get("--tls-cert"),
                                                        arguments.get("--tls-key"));
  return options;
}

server::AccessOptions access_options(const Arguments& arguments, const ListenAddress& listen) {
  return {.host_names = arguments.all("--host"),
          .cookie_name = fmt::format("grid-{}", listen.port),
          .only_from_proxy = arguments.has("--behind-proxy") && !listen.is_loopback()};
}

server::FetchPolicy fetch_policy(const Arguments& arguments, const ListenAddress& listen) {
  const bool is_for_others =
      arguments.has("--host") || arguments.has("--behind-proxy") || !listen.is_loopback();
  if (!is_for_others) return server::FetchPolicy::anywhere;
  return arguments.has("--allow-fetch") ? server::FetchPolicy::internet : server::FetchPolicy::off;
}

server::AccessLog access_log(const std::optional<std::string>& path) {
  if (!path) return {};
  int fd = STDERR_FILENO;
  if (*path != "-") {
    fd = ::open(path->c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) throw system_error(errno, fmt::format("cannot open the access log {}", *path));
  }
  const std::shared_ptr<FileDescriptor> file =
      fd == STDERR_FILENO ? nullptr : std::make_shared<FileDescriptor>(fd);
  return [file, fd](std::string_view line) {
    [[maybe_unused]] const ssize_t written = ::write(fd, line.data(), line.size());
  };
}

}  // namespace grid::cli
