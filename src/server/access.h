// Who may do what on a server: the one person at its machine, who came by the link that it printed
// or over a Unix socket, and holders of tokens.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/message.h"
#include "service/tokens.h"

namespace grid::server {

// The one who sent a request.
struct Caller {
  service::Role role = service::Role::reader;
  std::vector<std::string> datastores;  // as Token::datastores
  std::string token_id;                 // empty: came by the link
  bool by_cookie = false;               // a browser sent it by itself

  bool may(service::Role wanted) const { return role >= wanted; }
  bool may_see(std::string_view datastore) const;
};

struct AccessOptions {
  // Names in `Host` besides IP addresses and localhost. Another name may be one that somebody else
  // lets point here, to make a browser read this server for a page of theirs.
  std::vector<std::string> host_names{};
  std::string cookie_name = "grid";
  // Only requests that a proxy passed on are answered: who else reaches the port would go past what
  // the proxy guards.
  bool only_from_proxy = false;
};

// Thread-safe.
class Access {
 public:
  // `settings` outlives it.
  Access(const service::Settings& settings, AccessOptions options);

  // For the link that lets its opener in once.
  std::string make_code();
  // The value of a Set-Cookie header that lets a browser in as the one at this machine; empty if
  // the code is wrong or was used.
  std::optional<std::string> exchange(std::string_view code, const Peer& peer);

  // The same for a browser whose person has given a token: it may do what the token may, for as
  // long as the token lives. Empty if there is no such token, or another site's page sent the
  // request.
  std::optional<std::string> exchange_token(const Request& request);
  // Ends what the request's cookie lets in; returns a header that removes the cookie.
  std::string sign_out(const Request& request);

  // Whether a `Host` header has an IP address or one of the server's names.
  bool knows_host(std::string_view host) const;
  // False for who is not the proxy of a server that answers only that.
  bool lets_past_proxy(const Peer& peer) const {
    return !options_.only_from_proxy || !peer.proxy.empty() || peer.is_own_user;
  }
  // Why the request is refused before it is known who sent it: the name in `Host`, or two ways to
  // say who one is; empty if it is not.
  std::optional<Response> refuse(const Request& request) const;
  // Empty: nobody that is known, or a cookie that another site's page made the browser send.
  std::optional<Caller> find_caller(const Request& request) const;

 private:
  // Of a browser that was let in.
  struct Session {
    Digest digest;      // of its cookie
    std::string token;  // which it was let in with; empty: by the link
  };

  std::string begin_session(std::string token, const Peer& peer);
  std::optional<Caller> caller_with(std::string_view token_text) const;
  std::optional<std::string> find_cookie(const Request& request) const;

  const AccessOptions options_;
  mutable service::KnownTokens tokens_;
  mutable std::mutex mutex_;
  std::vector<Digest> codes_;      // not yet used; guarded by mutex_
  std::vector<Session> sessions_;  // oldest first; guarded by mutex_
};

}  // namespace grid::server
