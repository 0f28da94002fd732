#include "server/access.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/random.h"
#include "base/text.h"

namespace grid::server {

static constexpr std::size_t sessions_max = 1000;

bool Caller::may_see(std::string_view datastore) const {
  return service::Token{.datastores = datastores}.may_see(datastore);
}

Access::Access(const service::Settings& settings, AccessOptions options)
    : options_(std::move(options)), tokens_(settings) {}

std::string Access::make_code() {
  const std::string code = random_hex(48);
  std::lock_guard lock(mutex_);
  codes_.push_back(digest_of(as_bytes(code)));
  return code;
}

std::optional<std::string> Access::exchange(std::string_view code, const Peer& peer) {
  {
    std::lock_guard lock(mutex_);
    const auto found = std::find(codes_.begin(), codes_.end(), digest_of(as_bytes(code)));
    if (found == codes_.end()) return std::nullopt;
    codes_.erase(found);
  }
  return begin_session({}, peer);
}

std::string Access::begin_session(std::string token, const Peer& peer) {
  const std::string session = random_hex(48);
  {
    std::lock_guard lock(mutex_);
    if (sessions_.size() == sessions_max) sessions_.erase(sessions_.begin());
    sessions_.push_back({digest_of(as_bytes(session)), std::move(token)});
  }
  return fmt::format("{}{}={}; Path=/; HttpOnly; SameSite=Strict{}", peer.secure ? "__Host-" : "",
                     options_.cookie_name, session, peer.secure ? "; Secure" : "");
}

static std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']') + 1, host.size()));
  return host.substr(0, host.find(':'));
}

static bool is_ip_address(std::string_view host) {
  in_addr four;
  in6_addr six;
  if (host.starts_with('[') && host.ends_with(']')) {
    const std::string inside(host.substr(1, host.size() - 2));
    return ::inet_pton(AF_INET6, inside.c_str(), &six) == 1;
  }
  return ::inet_pton(AF_INET, std::string(host).c_str(), &four) == 1;
}

bool Access::knows_host(std::string_view host) const {
  const std::string_view name = without_port(host);
  const auto is = [&](std::string_view known) {
    return name.size() == known.size() &&
           std::equal(name.begin(), name.end(), known.begin(), [](char a, char b) {
             return (a >= 'A' && a <= 'Z' ? a + 32 : a) == (b >= 'A' && b <= 'Z' ? b + 32 : b);
           });
  };
  return is("localhost") || is_ip_address(name) ||
         std::any_of(options_.host_names.begin(), options_.host_names.end(), is);
}

std::optional<Response> Access::refuse(const Request& request) const {
  const auto count = [&](std::string_view name) {
    HttpHeaders one{{std::string(name), ""}};
    return std::count_if(request.headers.begin(), request.headers.end(),
                         [&](const net::HttpHeader& header) { return one.contains(header.name); });
  };
  if (!lets_past_proxy(request.peer))
    return error_response(
        ErrorKind::permission_denied,
        fmt::format("this server answers its proxy only, which {} is not", request.peer.address));
  if (count("Host") != 1 || !knows_host(request.headers.get("Host")))
    return error_response(
        421, ErrorKind::invalid_argument,
        fmt::format("this server does not know itself as \"{}\": start it with --host NAME",
                    to_utf8(request.headers.get("Host"))));
  if (count("Authorization") > 1)
    return error_response(400, ErrorKind::invalid_argument,
                          "the request has more than one Authorization header");
  return std::nullopt;
}

std::optional<std::string> Access::find_cookie(const Request& request) const {
  const std::string name = (request.peer.secure ? "__Host-" : "") + options_.cookie_name;
  for (const net::HttpHeader& header : request.headers) {
    if (!HttpHeaders{{header.name, ""}}.contains("Cookie")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      std::string_view value = trimmed(take_until(rest, ';'));
      if (take_until(value, '=') == name) return std::string(value);
    }
  }
  return std::nullopt;
}

// Whether a page of this server sent the request, and not one of another site. What only reads may
// also come from the address bar: the cookie itself stays at home (SameSite).
static bool is_from_own_page(const Request& request) {
  const std::string_view site = request.headers.get("Sec-Fetch-Site");
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!site.empty()) return site == "same-origin" || (reads && site == "none");
  const std::string_view origin = request.headers.get("Origin");
  if (origin.empty()) return reads;
  return origin == fmt::format("{}://{}", request.peer.secure ? "https" : "http",
                               request.headers.get("Host"));
}

std::optional<Caller> Access::caller_with(std::string_view token_text) const {
  const std::shared_ptr<const service::Token> token = tokens_.find(token_text);
  if (!token) return std::nullopt;
  return Caller{.role = token->role, .datastores = token->datastores, .token_id = token->id};
}

std::optional<std::string> Access::exchange_token(const Request& request) {
  const std::string token(trimmed(request.body));
  if (!is_from_own_page(request) || !caller_with(token)) return std::nullopt;
  return begin_session(token, request.peer);
}

std::string Access::sign_out(const Request& request) {
  if (const std::optional<std::string> cookie = find_cookie(request)) {
    const Digest digest = digest_of(as_bytes(*cookie));
    std::lock_guard lock(mutex_);
    std::erase_if(sessions_, [&](const Session& session) { return session.digest == digest; });
  }
  return fmt::format("{}{}=; Path=/; Max-Age=0{}", request.peer.secure ? "__Host-" : "",
                     options_.cookie_name, request.peer.secure ? "; Secure" : "");
}

std::optional<Caller> Access::find_caller(const Request& request) const {
  static constexpr std::string_view scheme = "Bearer ";
  if (const std::string_view value = request.headers.get("Authorization"); !value.empty()) {
    if (!value.starts_with(scheme)) return std::nullopt;
    return caller_with(trimmed(value.substr(scheme.size())));
  }
  if (request.peer.is_own_user) return Caller{.role = service::Role::admin};
  const std::optional<std::string> cookie = find_cookie(request);
  if (!cookie || !is_from_own_page(request)) return std::nullopt;
  std::string token;
  {
    const Digest digest = digest_of(as_bytes(*cookie));
    std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(sessions_.begin(), sessions_.end(),
                     [&](const Session& session) { return session.digest == digest; });
    if (found == sessions_.end()) return std::nullopt;
    token = found->token;
  }
  // A token that was revoked or has expired takes its sessions along.
  std::optional<Caller> caller =
      token.empty() ? Caller{.role = service::Role::admin} : caller_with(token);
  if (caller) caller->by_cookie = true;
  return caller;
}

}  // namespace grid::server
