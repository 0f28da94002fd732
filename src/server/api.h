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
#include "server/kept_files.h"
#include "server/known_versions.h"
#include "server/partial_objects.h"
#include "server/router.h"
#include "server/slots.h"
#include "server/traffic.h"
#include "service/comparison_page.h"
#include "service/entries.h"
#include "service/event_watch.h"
#include "service/folder_page.h"
#include "service/jobs.h"
#include "service/settings.h"
#include "service/uploads.h"

namespace grid::server {

// Whether the server reads URLs and buckets for those who may write.
enum class FetchPolicy {
  off,
  internet,  // URLs that lead to the internet at large, and buckets
  anywhere,
};

struct ApiOptions {
  std::string program = "grid";  // for the records of versions
  FetchPolicy fetch = FetchPolicy::off;
  AccessLog access_log{};  // empty: none
};

// Thread-safe.
class Api : public Handler {
 public:
  // `settings` outlives it. `store` may be null as long as the default store does not exist.
  Api(const service::Settings& settings, std::shared_ptr<dataset::OpenStore> store,
      AccessOptions access, ApiOptions options = {});

  Admission admit(const Request& head) override;
  Response answer(const Request& request) override;
  std::optional<Response> find_quick_answer(const Request& request) override;

  const service::Settings& settings() const { return settings_; }
  const ApiOptions& options() const { return options_; }
  // Throws `not_found` if there is none yet.
  std::shared_ptr<dataset::OpenStore> store() const;
  std::shared_ptr<dataset::OpenStore> find_store() const;  // null if there is none yet
  // `version` as in a path: a number, "latest" or "@TAG".
  service::OpenVersion open_version(const std::string& name, const std::string& version) const;
  KeptFiles& kept_files() const { return kept_files_; }
  // Whether the store and the tokens are on disks of this machine, so that to look whether a file
  // is there takes no time worth speaking of. May look at these disks at first.
  bool is_near() const;
  service::Comparisons& comparisons() const { return comparisons_; }
  service::FolderPages& folder_pages() const { return folder_pages_; }
  service::Uploads& uploads() const { return uploads_; }
  const PartialObjects& partial_objects() const { return partial_objects_; }
  service::Jobs& jobs() const { return jobs_; }
  const service::EventLog& events() const { return events_; }
  service::EventWatch& event_watch() const { return event_watch_; }
  Slots& archive_slots() const { return archive_slots_; }
  Slots& batch_slots() const { return batch_slots_; }
  const Traffic& traffic() const { return traffic_; }
  // Counts and logs an answer to a request that came at `began`, before it is sent. `token` is the
  // caller's, or empty.
  void note(const Request& request, std::string_view route, std::string token,
            std::chrono::steady_clock::time_point began, Response& response) const;
  Access& access() const { return access_; }

 private:
  struct Found {
    const Route* route = nullptr;
    std::map<std::string, std::string, std::less<>> parts{};
  };
  // The route, or why there is none for this caller.
  std::variant<Found, Response> find(const Request& request, std::optional<Caller>& caller) const;
  std::variant<Found, Response> admitted(const Request& request, Found found,
                                         std::optional<Caller>& caller) const;
  Response answer_found(const Request& request, const Found& found, const Caller& caller) const;
  std::optional<Response> find_kept_file(const Request& request, const Caller& caller,
                                         const KeptFiles::File& file) const;

  const service::Settings& settings_;
  const ApiOptions options_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<dataset::OpenStore> store_;  // guarded by mutex_
  mutable std::once_flag looked_;
  mutable std::atomic<bool> is_near_ = false;
  mutable Access access_;
  mutable KnownVersions known_versions_;
  mutable KeptFiles kept_files_;
  mutable service::FolderPages folder_pages_;
  mutable service::Comparisons comparisons_;
  mutable service::Uploads uploads_;
  const PartialObjects partial_objects_;
  mutable Traffic traffic_;
  // Each archive holds 2 MiB, each batch up to 9.
  mutable Slots archive_slots_{16}, batch_slots_{6};
  mutable service::EventLog events_;
  // Last: their threads use the rest.
  mutable service::Jobs jobs_;
  mutable service::EventWatch event_watch_{settings_, [this] { return store(); }, jobs_, events_};
};

// All routes, in the order of the documents.
const std::vector<Route>& api_routes();

// The OpenAPI 3.1 document of the routes.
std::string openapi_document();

// The routes by what they are about.
std::vector<Route> datastore_routes();
std::vector<Route> file_routes();
inline constexpr std::string_view file_pattern =
    "/api/v1/datastores/{name}/versions/{version}/files/{path...}";
std::vector<Route> copy_routes();
std::vector<Route> upload_routes();
std::vector<Route> object_routes();
std::vector<Route> job_routes();
std::vector<Route> event_routes();
std::vector<Route> store_routes();
std::vector<Route> run_routes();
std::vector<Route> system_routes();
std::vector<Route> session_routes();
std::vector<Route> page_routes();
std::vector<Route> python_routes();

}  // namespace grid::server
