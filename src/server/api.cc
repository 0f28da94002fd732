#include "server/api.h"

#include <new>

#include "base/text.h"

namespace grid::server {

Api::Api(const service::Settings& settings, std::shared_ptr<dataset::OpenStore> store,
         AccessOptions access)
    : settings_(settings), store_(std::move(store)), access_(settings, std::move(access)) {}

std::shared_ptr<dataset::OpenStore> Api::store() const {
  std::lock_guard lock(mutex_);
  if (store_ == nullptr) store_ = service::open_store(settings_, service::StoreUse::attach);
  return store_;
}

service::OpenVersion Api::open_version(const std::string& name, const std::string& version) const {
  return service::open_version(*store(),
                               dataset::Reference::parse(fmt::format("{}:{}", name, version)));
}

const std::vector<Route>& api_routes() {
  static const std::vector<Route> all = [] {
    std::vector<Route> routes;
    for (auto part : {datastore_routes(), file_routes(), run_routes(), system_routes()})
      routes.insert(routes.end(), part.begin(), part.end());
    return routes;
  }();
  return all;
}

static service::Role role_for(Needs needs) {
  switch (needs) {
    case Needs::admin:
      return service::Role::admin;
    case Needs::writer:
      return service::Role::writer;
    default:
      return service::Role::reader;
  }
}

static Response refusal_of(const Route& route, const std::optional<Caller>& caller) {
  if (!caller) {
    Response response = error_response(
        401, ErrorKind::permission_denied,
        "who are you? Send a token of this server as Authorization: Bearer TOKEN, or open the link "
        "that grid serve printed");
    response.headers.add("WWW-Authenticate", "Bearer");
    return response;
  }
  return error_response(
      ErrorKind::permission_denied,
      fmt::format("this needs the role {}, and the token has the role {}",
                  service::name_of(role_for(route.needs)), service::name_of(caller->role)));
}

std::variant<Api::Found, Response> Api::find(const Request& request,
                                             std::optional<Caller>& caller) const {
  if (std::optional<Response> refusal = access_.refuse(request)) return std::move(*refusal);
  const std::vector<std::string> components = path_components(request.path());
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  Found found;
  std::string allowed;
  for (const Route& route : api_routes()) {
    auto parts = match(route.pattern, components);
    if (!parts) continue;
    if (!allowed.empty()) allowed += ", ";
    allowed += route.method == "GET" ? "GET, HEAD" : route.method;
    if (route.method == method && found.route == nullptr) found = {&route, std::move(*parts)};
  }
  if (found.route == nullptr && allowed.empty())
    return error_response(ErrorKind::not_found,
                          "there is nothing at this path: see /api/openapi.json");
  if (found.route == nullptr) {
    Response response = error_response(405, ErrorKind::unsupported,
                                       fmt::format("this path takes {} only", allowed));
    response.headers.add("Allow", allowed);
    return response;
  }
  if (found.route->needs == Needs::nobody) return found;
  caller = access_.find_caller(request);
  if (!caller || !caller->may(role_for(found.route->needs)))
    return refusal_of(*found.route, caller);
  const auto name = found.parts.find("name");
  if (name != found.parts.end() && !caller->may_see(name->second))
    return error_response(ErrorKind::not_found,
                          fmt::format("there is no datastore {}", to_utf8(name->second)));
  return found;
}

std::optional<Response> Api::refuse(const Request& head) {
  try {
    std::optional<Caller> caller;
    auto found = find(head, caller);
    if (auto* refusal = std::get_if<Response>(&found)) return std::move(*refusal);
    return std::nullopt;
  } catch (const Error& error) {
    return error_response(error.kind(), error.what());
  }
}

Response Api::answer_found(const Request& request, const Found& found, const Caller& caller) const {
  return found.route->answer(*this, {request, caller, found.parts});
}

Response Api::answer(const Request& request) {
  Response response;
  try {
    std::optional<Caller> caller;
    auto found = find(request, caller);
    if (auto* refusal = std::get_if<Response>(&found))
      response = std::move(*refusal);
    else
      response = answer_found(request, std::get<Found>(found), caller.value_or(Caller{}));
  } catch (const Error& error) {
    response = error_response(error.kind(), error.what());
  } catch (const std::bad_alloc&) {
    response = error_response(ErrorKind::unavailable, "the server is out of memory");
  } catch (const std::exception& error) {
    response = error_response(ErrorKind::unavailable, error.what());
  }
  ++traffic_.requests;
  if (response.status >= 400) ++(response.status < 500 ? traffic_.refused : traffic_.failed);
  response.headers.set("X-Content-Type-Options", "nosniff");
  if (!response.headers.contains("Content-Security-Policy"))
    response.headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  return response;
}

}  // namespace grid::server
