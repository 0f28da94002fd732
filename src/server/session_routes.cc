// Browsers that are let in, and what they may do.
#include "server/api.h"

namespace grid::server {

namespace {

Response show_caller(const Api&, const Call& call) {
  return json_response([&](service::JsonWriter& json) {
    json.begin_object()
        .member("role", service::name_of(call.caller.role))
        .member("token", call.caller.token_id)
        .key("datastores")
        .begin_array();
    for (const std::string& pattern : call.caller.datastores) json.value(pattern);
    json.end_array().end_object();
  });
}

Response begin_browser_session(const Api& api, const Call& call) {
  const std::optional<std::string> cookie = api.access().exchange_token(call.request);
  if (!cookie)
    return error_response(ErrorKind::permission_denied,
                          "this is no token of this server, or it has expired or was revoked: "
                          "make one with grid token create");
  Response response;
  response.status = 204;
  response.headers.add("Set-Cookie", *cookie);
  return response;
}

Response end_browser_session(const Api& api, const Call& call) {
  Response response;
  response.status = 204;
  response.headers.add("Set-Cookie", api.access().sign_out(call.request));
  return response;
}

}  // namespace

std::vector<Route> session_routes() {
  return {
      {"GET", "/api/v1/session", Needs::reader, "Say what the caller may do", {}, show_caller},
      {"POST",
       "/api/v1/session",
       Needs::nobody,
       "Let a browser in: the body is a token",
       {},
       begin_browser_session},
      {"DELETE",
       "/api/v1/session",
       Needs::reader,
       "Let the browser in no longer",
       {},
       end_browser_session},
  };
}

}  // namespace grid::server
