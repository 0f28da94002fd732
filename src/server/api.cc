#include "server/api.h"

#include <algorithm>
#include <array>
#include <new>

#include "base/text.h"
#include "base/utc.h"
#include "server/body_file.h"
#include "server/near_disk.h"
#include "server/served_file.h"

namespace grid::server {

Api::Api(const service::Settings& settings, std::shared_ptr<dataset::OpenStore> store,
         AccessOptions access, ApiOptions options)
    : settings_(settings),
      options_(std::move(options)),
      store_(std::move(store)),
      access_(settings, std::move(access)),
      uploads_(settings),
      partial_objects_(settings.state_folder / "uploads-partial"),
      traffic_(options_.access_log) {}

std::shared_ptr<dataset::OpenStore> Api::store() const {
  std::lock_guard lock(mutex_);
  if (store_ == nullptr) store_ = service::open_store(settings_, service::StoreUse::attach);
  return store_;
}

std::shared_ptr<dataset::OpenStore> Api::find_store() const {
  try {
    return store();
  } catch (const Error& error) {  // before the first create there is none, which is no failure
    if (error.kind() != ErrorKind::not_found) throw;
    return nullptr;
  }
}

void Api::note(const Request& request, std::string_view route, std::string token,
               std::chrono::steady_clock::time_point began, Response& response) const {
  AnsweredRequest answered{
      .method = request.method,
      .path = std::string(request.path()),
      .route = route,
      .peer = request.peer.address,
      .token = std::move(token),
      .received = request.body_file ? request.body_file->size() : request.body.size(),
      .elapsed = std::chrono::steady_clock::now() - began};
  if (options_.access_log) answered.time = format_rfc3339(std::chrono::system_clock::now());
  traffic_.note(std::move(answered), response);
}

service::OpenVersion Api::open_version(const std::string& name, const std::string& version) const {
  return known_versions_.open(*store(), dataset::Reference::parse(name, version));
}

bool Api::is_near() const {
  std::call_once(looked_, [this] {
    const std::filesystem::path folder = store()->local_folder;
    is_near_ =
        !folder.empty() && is_on_near_disk(folder) && is_on_near_disk(settings_.token_folder);
  });
  return is_near_;
}

const std::vector<Route>& api_routes() {
  static const std::vector<Route> all = [] {
    std::vector<Route> routes;
    for (auto part : {datastore_routes(), file_routes(), copy_routes(), upload_routes(),
                      object_routes(), job_routes(), event_routes(), store_routes(), run_routes(),
                      system_routes(), session_routes(), page_routes(), python_routes()})
      routes.insert(routes.end(), part.begin(), part.end());
    return routes;
  }();
  return all;
}

// The patterns of api_routes(), in their order.
static const std::vector<Pattern>& route_patterns() {
  static const std::vector<Pattern> all = [] {
    std::vector<Pattern> patterns;
    for (const Route& route : api_routes()) patterns.emplace_back(route.pattern);
    return patterns;
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

std::variant<Api::Found, Response> Api::admitted(const Request& request, Found found,
                                                 std::optional<Caller>& caller) const {
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

std::variant<Api::Found, Response> Api::find(const Request& request,
                                             std::optional<Caller>& caller) const {
  if (std::optional<Response> refusal = access_.refuse(request)) return std::move(*refusal);
  std::vector<std::string> components = path_components(request.path());
  const std::string_view method = request.method == "HEAD" ? "GET" : request.method;
  const std::vector<Pattern>& patterns = route_patterns();
  std::vector<const Route*> others;  // at this path, for other methods
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (!patterns[i].matches(components)) continue;
    const Route& route = api_routes()[i];
    if (route.method == method)
      return admitted(request, {&route, patterns[i].parts(std::move(components))}, caller);
    others.push_back(&route);
  }
  if (others.empty())
    return error_response(ErrorKind::not_found,
                          "there is nothing at this path: see /api/openapi.json");
  std::string allowed;
  for (const Route* route : others) {
    const std::string_view methods = route->method == "GET" ? "GET, HEAD" : route->method;
    if (allowed.find(methods) == allowed.npos)
      allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", methods);
  }
  Response response =
      error_response(405, ErrorKind::unsupported, fmt::format("this path takes {} only", allowed));
  response.headers.add("Allow", allowed);
  return response;
}

Admission Api::admit(const Request& head) {
  try {
    std::optional<Caller> caller;
    auto found = find(head, caller);
    if (auto* refusal = std::get_if<Response>(&found)) return {.refusal = std::move(*refusal)};
    const auto& [route, parts] = std::get<Found>(found);
    Admission admission{.body_size_max = route->body_size_max};
    if (route->open_body != nullptr)
      admission.body_file = route->open_body(*this, {head, caller.value_or(Caller{}), parts});
    return admission;
  } catch (const Error& error) {
    return {.refusal = error_response(error.kind(), error.what())};
  }
}

// A body that ends as soon as its token is revoked or has expired.
class GuardedSource : public BodySource {
 public:
  GuardedSource(const Access& access, const Request& request, const Caller& caller,
                std::unique_ptr<BodySource> source)
      : access_(access),
        request_{.method = request.method,
                 .target = request.target,
                 .headers = request.headers,
                 .peer = request.peer},
        caller_(caller),
        source_(std::move(source)) {}

  std::chrono::milliseconds pause() override {
    check();
    return source_->pause();
  }
  BytesView next(std::size_t size_max) override {
    check();
    return source_->next(size_max);
  }
  bool is_quick() override {
    return std::chrono::steady_clock::now() < next_check_ && source_->is_quick();
  }

 private:
  void check() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_check_) return;
    next_check_ = now + std::chrono::seconds(1);
    const std::optional<Caller> caller = access_.find_caller(request_);
    if (!caller || caller->role < caller_.role || caller->datastores != caller_.datastores)
      fail(ErrorKind::permission_denied, "the token was revoked");
  }

  const Access& access_;
  const Request request_;
  const Caller caller_;
  const std::unique_ptr<BodySource> source_;
  std::chrono::steady_clock::time_point next_check_ =
      std::chrono::steady_clock::now() + std::chrono::seconds(1);
};

Response Api::answer_found(const Request& request, const Found& found, const Caller& caller) const {
  Response response = found.route->answer(*this, {request, caller, found.parts});
  if (response.source != nullptr && found.route->needs != Needs::nobody)
    response.source =
        std::make_unique<GuardedSource>(access_, request, caller, std::move(response.source));
  return response;
}

Response Api::answer(const Request& request) {
  const auto began = std::chrono::steady_clock::now();
  std::string_view route;
  std::string token;
  Response response;
  try {
    std::optional<Caller> caller;
    auto found = find(request, caller);
    if (caller) token = caller->token_id;
    if (auto* refusal = std::get_if<Response>(&found)) {
      response = std::move(*refusal);
    } else {
      route = std::get<Found>(found).route->pattern;
      response = answer_found(request, std::get<Found>(found), caller.value_or(Caller{}));
    }
  } catch (const Error& error) {
    response = error_response(error.kind(), error.what());
  } catch (const std::bad_alloc&) {
    response = error_response(ErrorKind::unavailable, "the server is out of memory");
  } catch (const std::exception& error) {
    response = error_response(ErrorKind::unavailable, error.what());
  }
  response.headers.set("X-Content-Type-Options", "nosniff");
  if (!response.headers.contains("Content-Security-Policy"))
    response.headers.add("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  note(request, route, std::move(token), began, response);
  return response;
}

// What would make the answer another one than the whole file.
static bool has_condition(const HttpHeaders& headers) {
  static constexpr std::array<std::string_view, 4> conditions = {"Range", "If-Range", "If-Match",
                                                                 "If-None-Match"};
  return std::any_of(conditions.begin(), conditions.end(),
                     [&](std::string_view name) { return headers.contains(name); });
}

std::optional<Response> Api::find_kept_file(const Request& request, const Caller& caller,
                                            const KeptFiles::File& file) const {
  if (store()->datastores->find_tombstone(file.datastore, file.number)) return std::nullopt;
  Response response;
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.shared_head = file.head;
  std::shared_ptr<const Bytes> first = kept_files_.find_piece(file.content, 0);
  if (first && first->size() == file.size) {
    response.shared_body = std::move(first);
    return response;
  }
  ServedFile served = kept_files_.serve(store(), file.content, file.size);
  if (first == nullptr) {
    if (!served.is_in_memory(0)) return std::nullopt;
    Bytes unused;
    first = served.read(0, file_piece_size, unused).kept;
    if (first->size() == file.size) {
      response.shared_body = std::move(first);
      return response;
    }
  }
  response.size = file.size;
  served.path = request.path();
  response.source = std::make_unique<GuardedSource>(
      access_, request, caller,
      std::make_unique<FileSource>(std::move(served), FilePiece(*first, first), Bytes()));
  return response;
}

std::optional<Response> Api::find_quick_answer(const Request& request) {
  if (!is_near_ || request.method != "GET") return std::nullopt;
  const auto began = std::chrono::steady_clock::now();
  const std::shared_ptr<const KeptFiles::File> file = kept_files_.find(request.target);
  if (file == nullptr || has_condition(request.headers)) return std::nullopt;
  try {
    if (access_.refuse(request)) return std::nullopt;
    const std::optional<Caller> caller = access_.find_caller(request);
    if (!caller || !caller->may_see(file->datastore)) return std::nullopt;
    std::optional<Response> response = find_kept_file(request, *caller, *file);
    if (response) note(request, file_pattern, caller->token_id, began, *response);
    return response;
  } catch (const std::exception&) {  // answer() says what is wrong
    return std::nullopt;
  }
}

}  // namespace grid::server
