// The HTTP API: what docs/http-api.md promises. One function of service/ answers each route.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "dataset/open_store.h"
#include "server/access.h"
#include "server/router.h"
#include "service/entries.h"
#include "service/folder_page.h"
#include "service/settings.h"

namespace grid::server {

// Counts since the start.
struct Traffic {
  std::atomic<std::uint64_t> requests = 0, refused = 0, failed = 0;  // answers: all, 4xx, 5xx
};

// Thread-safe.
class Api : public Handler {
 public:
  // `settings` outlives it. `store` may be null as long as the default store does not exist.
  Api(const service::Settings& settings, std::shared_ptr<dataset::OpenStore> store,
      AccessOptions access);

  std::optional<Response> refuse(const Request& head) override;
  Response answer(const Request& request) override;

  const service::Settings& settings() const { return settings_; }
  // Throws `not_found` if there is none yet.
  std::shared_ptr<dataset::OpenStore> store() const;
  // `version` as in a path: a number or "latest".
  service::OpenVersion open_version(const std::string& name, const std::string& version) const;
  service::FolderPages& folder_pages() const { return folder_pages_; }
  const Traffic& traffic() const { return traffic_; }
  Access& access() const { return access_; }

 private:
  struct Found {
    const Route* route = nullptr;
    std::map<std::string, std::string, std::less<>> parts{};
  };
  // The route, or why there is none for this caller.
  std::variant<Found, Response> find(const Request& request, std::optional<Caller>& caller) const;
  Response answer_found(const Request& request, const Found& found, const Caller& caller) const;

  const service::Settings& settings_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<dataset::OpenStore> store_;  // guarded by mutex_
  mutable Access access_;
  mutable service::FolderPages folder_pages_;
  mutable Traffic traffic_;
};

// All routes, in the order of the documents.
const std::vector<Route>& api_routes();

// The OpenAPI 3.1 document of the routes.
std::string openapi_document();

// The routes by what they are about.
std::vector<Route> datastore_routes();
std::vector<Route> file_routes();
std::vector<Route> run_routes();
std::vector<Route> system_routes();

}  // namespace grid::server
