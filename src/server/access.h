// Who may do what on a server: the one person at its machine, who came by the link that it printed,
// and holders of tokens.
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

  // Why the request is refused before it is known who sent it: the name in `Host`, or two ways to
  // say who one is; empty if it is not.
  std::optional<Response> refuse(const Request& request) const;
  // Empty: nobody that is known, or a cookie that another site's page made the browser send.
  std::optional<Caller> find_caller(const Request& request) const;

 private:
  bool is_known_host(std::string_view host) const;
  std::optional<std::string> find_cookie(const Request& request) const;

  const service::Settings& settings_;
  const AccessOptions options_;
  mutable std::mutex mutex_;
  std::vector<Digest> codes_;     // not yet used; guarded by mutex_
  std::vector<Digest> sessions_;  // of cookies, oldest first; guarded by mutex_
};

}  // namespace grid::server
