#include "server/api.h"
#include "service/node_cache.h"

namespace grid::server {

namespace {

Response text_response(std::string text, std::string_view type = "text/plain; charset=utf-8") {
  Response response;
  response.body = std::move(text);
  response.headers.add("Content-Type", type);
  response.headers.add("Cache-Control", "no-store");
  return response;
}

Response is_alive(const Api&, const Call&) { return text_response("ok\n"); }

// Whether the store answers.
Response is_ready(const Api& api, const Call&) {
  try {
    api.store()->backend->list_names("datastores/");
    return text_response("ok\n");
  } catch (const Error& error) {  // who may ask this learns nothing of the store
    Response response = text_response("the store does not answer\n");
    response.status = 503;
    return response;
  }
}

Response metrics(const Api& api, const Call&) {
  std::string text;
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} counter\n{0} {2}\n", name, help, value);
  };
  const Traffic& traffic = api.traffic();
  counter("grid_http_requests_total", "Requests answered.", traffic.requests);
  counter("grid_http_refused_total", "Requests answered with a status of 400 to 499.",
          traffic.refused);
  counter("grid_http_failed_total", "Requests answered with a status of 500 or more.",
          traffic.failed);
  return text_response(std::move(text), "text/plain; version=0.0.4; charset=utf-8");
}

Response openapi(const Api&, const Call&) {
  return text_response(openapi_document(), "application/json");
}

Response show_node_cache(const Api& api, const Call&) {
  return json_response([&](service::JsonWriter& json) {
    service::write_document(json, service::show_cache(api.settings()));
  });
}

// The link that the server printed: lets its opener's browser in, once.
Response sign_in(const Api& api, const Call& call) {
  const auto cookie =
      api.access().exchange(call.request.query("code").value_or(""), call.request.peer);
  if (!cookie)
    return error_response(
        ErrorKind::permission_denied,
        "this link was used before, or is of a server that has ended: start grid serve again");
  Response response = text_response("you are signed in\n");
  response.status = 303;
  response.headers.add("Location", "/");
  response.headers.add("Set-Cookie", *cookie);
  response.headers.add("Referrer-Policy", "no-referrer");
  return response;
}

Response welcome(const Api&, const Call&) {
  return text_response(
      "This is a grid server. Its HTTP API is described at /api/openapi.json; begin with "
      "/api/v1/datastores.\n");
}

}  // namespace

std::vector<Route> system_routes() {
  return {
      {"GET", "/", Needs::nobody, "Say what this is", {}, welcome},
      {"GET",
       "/login",
       Needs::nobody,
       "Let a browser in by the link that the server printed",
       {{"code", "string", "of the link", true}},
       sign_in},
      {"GET", "/healthz", Needs::nobody, "Say whether the server answers", {}, is_alive},
      {"GET", "/readyz", Needs::nobody, "Say whether the store answers too", {}, is_ready},
      {"GET", "/metrics", Needs::reader, "Counters for Prometheus", {}, metrics},
      {"GET", "/api/openapi.json", Needs::nobody, "This document", {}, openapi},
      {"GET", "/api/v1/cache", Needs::reader, "Show the node's cache", {}, show_node_cache},
  };
}

}  // namespace grid::server
