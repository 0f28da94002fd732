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

// Of the server, its jobs and the node's cache.
Response metrics(const Api& api, const Call&) {
  std::string text = api.traffic().metrics();
  const auto one = [&](std::string_view name, std::string_view type, std::string_view help,
                       std::uint64_t value) {
    text += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n{0} {3}\n", name, type, help, value);
  };
  const service::Jobs::Counts jobs = api.jobs().counts();
  one("grid_jobs_queued", "gauge", "Jobs that wait to begin.", jobs.queued);
  one("grid_jobs_running", "gauge", "Jobs under way.", jobs.running);
  one("grid_jobs_done_total", "counter", "Jobs that did their work.", jobs.done);
  one("grid_jobs_failed_total", "counter", "Jobs that failed.", jobs.failed);
  one("grid_jobs_stopped_total", "counter", "Jobs that were stopped.", jobs.stopped);
  const cache::Statistics cache = service::show_cache(api.settings()).statistics;
  one("grid_cache_bytes", "gauge", "Size of the node's cache.", cache.size);
  one("grid_cache_limit_bytes", "gauge", "The most it may hold.", cache.size_max);
  one("grid_cache_hit_bytes_total", "counter", "Bytes that it had.", cache.bytes_hit);
  one("grid_cache_missed_bytes_total", "counter", "Bytes that it had not.", cache.bytes_missed);
  one("grid_cache_fetched_bytes_total", "counter", "Bytes fetched from stores.",
      cache.bytes_fetched);
  one("grid_cache_evicted_bytes_total", "counter", "Bytes removed to make room.",
      cache.bytes_evicted);
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
  // A browser that comes again may be signed in already; the page says how to, if it is not.
  const bool is_browser = call.request.headers.get("Accept").find("text/html") != std::string::npos;
  if (!cookie && !is_browser)
    return error_response(
        ErrorKind::permission_denied,
        "this link was used before, or is of a server that has ended: start grid serve again");
  Response response = text_response("you are signed in\n");
  response.status = 303;
  response.headers.add("Location", "/");
  if (cookie) response.headers.add("Set-Cookie", *cookie);
  response.headers.add("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace

std::vector<Route> system_routes() {
  return {
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
